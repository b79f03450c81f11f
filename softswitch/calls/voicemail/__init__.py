"""Voicemail: callers leave messages, owners hear them.

    service    a call to the voicemail: leaves a message, or opens a mailbox
    leaving    greeting, beep, recording
    access     whose mailbox it is, and the PIN
    menu       what the keys of an owner do
    options    greeting and PIN, chosen by keys
    prompts    what is said
    line       what a caller hears and presses
    mailboxes  all mailboxes: a message counts when its file and its row are on disk
    folder     their files
    removed    mailboxes of extensions that are gone
    pin        PINs as they are kept

A call reaches the voicemail when an extension does not take it (`setup/wishes.py`) or forwards it;
the last number that it has come by says whose mailbox it is. A phone that dials the voicemail hears
its own mailbox.
"""
