"""The signalling wing: phones, calls, commands and scripts in one asyncio process.

Arrows point down; a package imports only what stands below it:

    demo                   two phones of our own that call each other, for the terminal
    app                    builds every part and joins them
    http      ozml         the doors of web applications: commands over HTTP, scripts in XML
    commands               one file a command; HTTP and OzML share its reader
    calls     messaging    call control (legs, calls, routing, history); text messages
    transport guard        the only sockets that carry SIP; who may do what, how often
    sip sdp store          the protocol without input or output; descriptions of media; the database

`softswitch` enters the media wing (`media/`) only through `calls/media_port.py`.

The words: a *leg* is one party (a dialog and a media port), a *call* is the legs that belong
together, a *room* is the legs that hear each other, a *port* is a leg's row in the media table,
an *effect* is what the sans-IO core asks its driver to do, a *flow* is the pair of addresses a
message travels between.

Read first, in the order in which an INVITE travels: `transport/driver.py`, `sip/endpoint.py`,
`sip/transaction/invite_server.py` (a table, RFC 6026 Figure 7), `calls/leg.py` (the seam between
events below and `async def` above), `calls/setup.py`.
"""
