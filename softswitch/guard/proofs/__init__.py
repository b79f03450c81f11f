"""Proofs that the switch itself has made something, by secrets and HMAC (RFC 2104).

- `tickets.py`: URLs that may be fetched without a password for a while.
- `signing.py`: what is sent to web servers, which check that it comes from us.
"""
