"""SIP over UDP, and what else comes to its socket.

udp   the socket: a datagram is a message (RFC 3261 section 18)
stun  the answer to keep-alives of phones (RFC 5626 section 4.4.2)
"""
