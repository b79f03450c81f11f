"""Registrations: where the phones are, and where others find us (RFC 3261 section 10).

    registrar     what a REGISTER changes in the bindings of an address of record, and its answer
    registration  our own binding at another registrar, as a trunk needs it

Both are pure: bindings and requests go in, changes and responses come out. The bindings are kept by
`softswitch/calls/numbers/registrations.py`.
"""
