"""SIP over WebSocket (RFC 7118, RFC 6455): browsers reach the switch by nothing else.

    transport     all WebSockets of one address: a place for each, pings, and the way to its far end
    connection    one WebSocket: frames to messages and back

The opening handshake is HTTP, so the HTTP server does it (`softswitch/http/web_sockets.py`) and
hands the socket over.
"""
