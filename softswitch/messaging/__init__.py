"""Connections that carry text messages, and what lies between accepting a message and its arrival.

A message is on disk before anybody hears that it was accepted; everything after that can be
interrupted at any point and goes on after a restart (`store/messages.py`: `next_at`).

- `messages.py`: the door: send, wait for, fetch, delete, mark; and what connections bring.
- `routes.py`: which connections carry a message.
- `lane.py`: the work of one connection: a bounded queue over the rows that are due.
- `delivery.py`: one attempt: sent, refused, later, elsewhere; `backoff.py`: when again.
- `settlement.py`: what a final state entails.
- `receipts.py`: what networks report afterwards; `notices.py`: what applications are told.
- `waiting.py`: scripts that wait for a message.
- `connection.py`: what a connection is. One file a kind: `sip.py`, `smpp.py`, `smpp_server.py`,
  `email.py` (with `email_listener.py`), `http.py`, `folder.py`, `admin.py`; and `gone.py` for those
  that the settings have no more.
- `disk.py`: the store as all of them use it; `message_json.py`: messages as JSON.
- SMPP below its two connections: `smpp_tables.py` (the figures), `smpp_pdu.py` (octets and values),
  `smpp_link.py` (the exchange), `smpp_intake.py` and `fragments.py` (what arrives, whole or in
  parts), `smpp_text.py` and `gsm7.py` (texts), `smpp_receipt.py`, `smpp_times.py`, `pace.py`.
"""
