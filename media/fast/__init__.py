"""What the distribution `softswitch-fast` does in C, a whole batch in one call (`media/native`).

    sockets  receives from connected sockets, and sends by them
    srtp     the fast core of SRTP

It is optional: where it is not installed, `media.rtp` and `media.srtp.libsrtp` do the same.
"""
