"""Presence and lamps: phones subscribe to what other extensions do (RFC 6665).

    lamps               all subscriptions: SUBSCRIBE and PUBLISH come in, changes go out
    watched             one resource of one package, with its watchers and its document
    rights              who may watch whom
    package             what an event package is: it knows a document for each resource
    xml_text            text that may stand in a document

The packages, a file each:

    dialogs             `dialog` (RFC 4235): the dialogs of an extension, as its phones see them
    dialog_info         the document of that

Whoever has state that a lamp shows calls `Lamps.changed(package, resource)`, at any time and as
often as it likes: without a watcher that is one look into a table. The package is asked for the
document once per change, whatever the number of watchers.
"""
