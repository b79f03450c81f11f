"""The signalling wing: phones, calls, commands and scripts in one asyncio process.

Arrows point down; a room imports only what stands below it:

    cli                       the command line
    demo                      two phones of our own that call each other, for the terminal
    app                       the program: builds every part and runs it
    http                      the web API: commands, calls, messages, recordings, health, metrics
    events                    what happens, numbered, kept and told to whoever asks
    ozml                      scripts in XML that control calls
    commands                  the commands of the API, one file each, for `http` and `ozml` alike
    messaging                 text messages: kept, routed, carried by connections
    calls                     call control: legs, calls, numbers, transfers
    live                      the settings that change while the switch runs
    transport guard store     sockets that carry SIP; who may do what, how often; the database
    trace                     what happened to each call, message and alarm, line by line
    sip sdp                   the protocol without input or output; descriptions of media
    settings telemetry        the settings file as values; the log and the types of metrics
    console                   the page of operators in browsers, its sources and as it is built
    shipped                   files that come with the package: settings to begin with, music

`softswitch` enters the media wing (`media/`) only through `calls/ports/`.

The words: a *leg* is one party (a dialog and a media port), a *call* is the legs that belong
together, a *room* is the legs that hear each other, a *port* is a leg's row in the media table,
an *effect* is what the SIP core asks its driver to do, a *flow* is the pair of addresses between
which a message travels.

Read first, in the order in which an INVITE travels: `transport/driver.py`, `sip/endpoint.py`,
`sip/transaction/invite_server.py` (a table, RFC 6026 Figure 7), `calls/leg/leg.py` (the seam
between events below and `async def` above), `calls/setup/setup.py`.

As a library, these may be imported; everything else may change at any time:

    softswitch.settings.load          Settings, load, ConfigurationError
    softswitch.settings.passwords     Passwords, collect
    softswitch.app.application        Application: the whole switch in a running event loop
    softswitch.app.serve              serve: the same until SIGTERM
    softswitch.telemetry.log          configure
    softswitch.sip.endpoint           Endpoint: the SIP core, for phones and switches of one's own
    softswitch.transport.driver       Driver: sockets, timers and the core
"""
