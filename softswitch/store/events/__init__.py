"""What happened in the switch, numbered, and how far each webhook has been told of it.

- `event_rows.py`: one row an event, read by its number.
- `webhook_rows.py`: the number up to which each webhook was told, and what its server never took.
"""
