"""The only sockets that carry SIP (RFC 3261 section 18)."""
