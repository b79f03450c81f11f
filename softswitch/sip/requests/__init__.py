"""Requests outside dialogs: what they say of their sender, and their refusal (RFC 3261 8, 22).

    screening   reasons to refuse a new request that do not depend on its sender
    nonce       nonces that carry their own state, and the count of their uses
    digest      challenges, credentials and their arithmetic, for both sides
    privacy     who calls, and whether that may be shown
    diversion   by which numbers a call has come
    brevity     what is asked for too short a time
    outside     a request of ours outside dialogs; `MakeCredentials` answers any challenge

Authentication itself is decided in `softswitch/guard`.
"""
