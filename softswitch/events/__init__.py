"""What happens in the switch, numbered, on disk, and told to whoever asks.

    event           an event and its types
    filters         which events somebody wants, and may have
    event_journal   numbers events, writes them, and hands them out once they are on disk
    following       the events behind a number, page after page, for one reader
    webhooks/       web servers that are told of events, until they take them
    publishers/     what makes events out of the changes of calls, phones, messages …

An event that belongs to a change on disk (a message, a registration, a setting) is written in the
transaction of that change (`publishers/on_disk.py`): whoever was told that the change is made will
find its event, also after `kill -9`. The others are written on their own, right after they happen.

A reader is nothing but a number: it is sent what comes behind, from memory or from the database. So
a slow one costs no memory, and one that comes back is sent what it has missed.

Read first: `event_journal.py`, `following.py`, `publishers/on_disk.py`.
"""
