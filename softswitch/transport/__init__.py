"""The only sockets that carry SIP (RFC 3261 section 18).

The driver performs what the core asks for and gives it what arrives; a transport is one small class
with the interface of `transport.py`, so that TLS and WebSocket are a file each.
"""
