"""The only sockets that carry SIP (RFC 3261 section 18), and the driver of the SIP core.

    driver          gives the core what arrives and performs the effects that it returns
    transport       what every transport offers the driver
    datagrams       UDP, and the STUN that comes to its sockets
    tcp             a table of connections, found by their far end
    tls             the same, encrypted; trunks must prove who they are
    web_sockets     connections of the pages of browsers
    certificates    our certificates as TLS contexts, by name
    places          how many connections there may be, of all listeners together
    identities      whose certificate it is
    oversize        large requests try TCP before UDP
    timers          one heap for all timers of the core
    names           from a URI to the flows to try, by DNS
    keepalive       OPTIONS that keep the NAT bindings of phones open
    addresses       our own addresses, and how errors name one
    messages        what is counted and written to the log about a message
    metrics         what the driver and its transports count

A transport is one class with the interface of `Transport`.
New requests go to the front desk that `Driver.open` is given.
"""
