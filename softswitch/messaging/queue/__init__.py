"""What waits: messages that were accepted, in the order of their journey.

- `messages.py`: accepts messages, builds and runs everything below.
- `checks.py`: refuses what cannot be a message.
- `outgoing.py`: what commands hand over, and its row; `arrivals.py`: what connections bring.
- `routing.py`: which connections a message may take; `routes.py`: the rules of the settings.
- `disk.py`: the store as this room and `delivery/` use it.
- `waiting.py`: scripts that wait for a message; `folders.py`: the folders of users.
- `voicemail_mails.py`: mails with the recordings of mailboxes.
- `bounds.py`: the bounds of the settings; `metrics.py`: what `/metrics` shows.
"""
