"""What happened in the switch, numbered: `event_rows.py` has one row an event."""
