"""Presence and lamps: phones subscribe to what other extensions do (RFC 6665).

    lamps               all subscriptions: SUBSCRIBE and PUBLISH come in, changes go out
    watched             one resource of one package, with its watchers and its document
    rights              who may watch whom
    package             what an event package is: it knows a document for each resource
    xml_text            text that may stand in a document
    lists/              one subscription to many extensions (RFC 4662)

The packages:

    dialog_package      `dialog` (RFC 4235): what the phones of an extension do, call by call
    dialog_info         its document
    dialogs             the dialogs of calls; calls are followed while somebody watches
    presence            `presence` (RFC 3856) and PUBLISH: whether an extension can be called
    pidf                its document
    message_summary     `message-summary` (RFC 3842): the messages of a mailbox
    unsolicited         the same for phones that have not subscribed
    conference_info     `conference` (RFC 4575): who is in a room
    registration_info   `reg` (RFC 3680): the phones of an extension

Whoever has state that a lamp shows calls `Lamps.changed(package, resource)`, at any time and as
often as it likes: without a watcher that is one look into a table. The package is asked for the
document once per change, whatever the number of watchers.
"""
