"""The parts of the switch: each file makes one of them from the settings, in this order.

    foundation      database, certificates, randomness, security events, loop lag
    dial_plan       extensions, routes, trunks
    web_sockets     the servers of SIP over WebSocket, or their place beside the web API
    signalling      registrations, trunks, gate, the driver of the SIP core
    media           the media workers
    calls           call control; its front desk comes last
    lamps           presence and lamps: the subscriptions of phones
    connections     the connections of messages, one for each entry of the settings
    web_access      web applications, files and sounds, as scripts and commands reach them
    messaging       the messages and what carries them
    scripting       scripts and the commands in them
    web_api         commands, messages, calls and recordings over HTTP

A part is a frozen dataclass, or one object, and complete when its function returns: nothing is put
into it later. What has to be ended is given to the `cleanup` that all of them share.
"""
