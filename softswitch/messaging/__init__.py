"""Text messages: taken from commands, phones and networks, kept on disk, carried to where they go.

A message is on disk before its sender is told that it was accepted. Everything after that may be
interrupted at any point and goes on after a restart (`store/messages.py`: `next_at`).

- `connections/`: the ways that messages come and go, one file a type of connection.
- `queue/`: messages that were accepted and wait.
- `delivery/`: the attempts to deliver them, and what becomes known of them.
- `smpp/`: the two connections that speak SMPP, and that protocol.

Read first: `connections/connection.py` (the interface), then `queue/messages.py`, which joins
everything.
"""
