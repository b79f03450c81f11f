"""Requests outside dialogs: their refusal, and the challenges to them (RFC 3261 sections 8, 22).

    screening   what a new request must not be, before anybody is asked about it
    nonce       nonces that carry their own state, and the count of their uses
    digest      challenges, credentials and their arithmetic, for both sides
    outside     a request of ours outside dialogs; `Credentials` answer challenges to any request

Who may ask for what is decided in `softswitch/guard`.
"""
