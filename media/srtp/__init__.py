"""SRTP: the packets of legs that are protected, a batch at a time (RFC 3711, RFC 6188, RFC 7714).

    suites      the lengths of keys and tags
    core        what a core does: turns packets into protected ones and back, in place
    libsrtp     the core that every worker has; `media.fast` has another
    rollover    how far a far end has counted that began before us
    protection  the keys of each row, and the packets of those rows that have some

A row's contexts stand in two columns of the table of legs, `srtp_in` and `srtp_out`. Both are 0 for
a leg in the clear, so a batch of such legs costs one look at a column each way.
"""
