"""Requests outside dialogs: their refusal, and the challenges to them (RFC 3261 sections 8, 22).

    screening   reasons to refuse a new request that do not depend on its sender
    nonce       nonces that carry their own state, and the count of their uses
    digest      challenges, credentials and their arithmetic, for both sides
    outside     a request of ours outside dialogs; `MakeCredentials` answers any challenge

Authentication itself is decided in `softswitch/guard`.
"""
