"""SMPP 3.4: our connection to an SMS centre, and an SMS centre of our own.

- `client.py`: a centre that we bind to; `server.py`: the centre that accounts bind to.
- `link.py`: the exchange over one TCP connection, the same for both.
- `pdu.py`: PDUs as octets and as values; `tables.py`: the numbers of the standard.
- `outbound.py`: messages and receipts as the fields of PDUs.
- `intake.py`: messages that arrive; `fragments.py`: those that arrive in parts.
- `text.py`: texts as octets, and their parts; `gsm7.py`: the GSM alphabet.
- `receipt.py`: delivery receipts; `times.py`: times.
- `rate_limit.py`: how fast a centre may be used; `metrics.py`: what `/metrics` shows.
"""
