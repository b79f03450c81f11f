"""Web servers that are told of events: the journal is their outbox, a number on disk their place.

    webhook     one of them: sends what comes behind its number, and tries again
    webhooks    all of the settings; takes others while the switch runs

An event is sent until the server takes it, so at least once: after `kill -9` what was on its way is
sent again, with the same id. Events about one subject are sent one after the other; those about
others go on meanwhile, up to the end of a page.
"""
