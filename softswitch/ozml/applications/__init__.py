"""What web applications are told and asked about calls and messages that run no script of theirs.

- `call_changed.py`: every change of a call; the answer may hold commands for it.
- `routing_interception.py`: where a call is to go.
- `message_notices.py`: messages that arrive, and what becomes of those that were sent.
- `reports.py`: calls that have finished, and errors of scripts.
- `background.py`: owns the tasks that nobody waits for.

One notification and the reading of its answer are in `ozml/notifications.py`.
"""
