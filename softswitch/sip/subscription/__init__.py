"""Subscriptions: what a peer is told of until they end (RFC 6665).

    event         the nouns: Event and Subscription-State
    refer         REFER and Replaces, and the NOTIFYs that tell how a transfer went
    notify        NOTIFY as octets, of what was written before
    notifier      the subscription that a SUBSCRIBE makes, in a dialog of its own
    publication   PUBLISH: the soft state that a phone keeps with us (RFC 3903)

A subscription asks for its document when it sends it, so what a watcher gets is never older than
the sending. Whoever knows the state says only that it has changed.
"""
