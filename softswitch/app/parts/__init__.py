"""The parts of the switch: each file makes one of them from the settings, in this order.

    foundation      database, randomness, security events, loop lag
    dial_plan       extensions, routes, trunks
    signalling      registrations, trunks, gate, the driver of the SIP core
    media           the media workers
    calls           call control
    connections     the connections of messages, one for each entry of the settings
    messaging       the messages and what carries them
    web_api         commands over HTTP, scripts, notifications, recordings

A part is a frozen dataclass, or one object, and complete when its function returns: nothing is put
into it later. What has to be ended is given to the `cleanup` that all of them share.
"""
