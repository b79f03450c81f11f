"""Pages of what is kept, as people look through it: newest first, filtered, counted.

- `pages.py`: which part of a list is wanted, and the query for it.
- `messages.py`, `alarms.py`: one noun a file, with its filter and its page.
"""
