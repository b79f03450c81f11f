"""How a leg finds its far end and agrees on keys with it, without sockets: ICE, DTLS-SRTP.

    stun         messages of STUN
    ice          the lite agent of ICE: who may be sent to
    certificate  the certificate of the worker; fingerprints
    records      DTLS records in datagrams
    association  a DTLS association, done by OpenSSL
    handshake    the handshake of a leg: its association, its certificate, its time limits

Octets, addresses and the time go in; octets to send, keys and failures come out.
"""
