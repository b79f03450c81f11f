"""Session descriptions (RFC 8866) and offer/answer (RFC 3264) as pure functions.

description       a description, read into bounded values and written
codecs            codecs as RTP payload formats: what a description offers, what to offer and answer
crypto            keys of SRTP in descriptions (SDES)
dtls              fingerprints and roles of a DTLS handshake
ice               the lite side of ICE
stream_transport  how a stream travels: profile, keys, ICE, RTCP on the RTP port, bundle
keying            where the keys of a stream come from, after an offer or an answer
negotiation       what a party's description asks for, and the codecs that both sides agree on
session           our side of one leg's offers and answers: same session, same numbers
"""
