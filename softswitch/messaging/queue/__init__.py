"""What happens to a message between its acceptance and its arrival, in the order of its journey.

- `messages.py`: accepts messages, builds and runs everything below.
- `checks.py`: refuses what cannot be a message.
- `outgoing.py`: what commands hand over, and its row; `arrivals.py`: what connections bring.
- `routing.py`: which connections a message may take; `routes.py`: the rules of the settings.
- `disk.py`: the store as this room uses it.
- `lane.py`: the work of one connection, a bounded queue over the rows that are due.
- `delivery.py`: one attempt: sent, refused, later, elsewhere; `backoff.py`: when to try again.
- `settlement.py`: what a final state entails.
- `receipts.py`: what networks report afterwards; `notices.py`: what applications are told.
- `waiting.py`: scripts that wait for a message; `folders.py`: the folders of users.
- `bounds.py`: the bounds of the settings; `metrics.py`: what `/metrics` shows.
"""
