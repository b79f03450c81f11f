"""Registrations: where the phones are, and where others find us (RFC 3261 section 10).

    registrar     what a REGISTER changes in the bindings of an address of record, and its answer
    registration  our own binding at the registrar of somebody else

Both are pure: bindings and requests go in, changes and responses come out. Who keeps the bindings
is `softswitch/calls/numbers/registrations.py`.
"""
