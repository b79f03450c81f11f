"""What makes events out of the changes in the switch, one subject a file.

    on_disk        what is on disk with its event, in one transaction: messages, registrations, …
    calls          calls and their phones
    lines          trunks, queues, conferences
    guarding       bans
    applications   web applications that were asked
    errors         lines of the log at level error

Each hears of changes as others do, by a list of listeners; none changes anything.
"""
