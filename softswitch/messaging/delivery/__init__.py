"""How a message that waits gets to where it goes, and what becomes known of it afterwards.

- `lane.py`: the work of one connection, a bounded queue over the rows that are due.
- `delivery.py`: one attempt: sent, refused, later, elsewhere; `backoff.py`: when to try again.
- `settlement.py`: what a final state entails.
- `receipts.py`: what networks report afterwards; `notices.py`: what applications are told.
"""
