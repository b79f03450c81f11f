"""The drain: packets between sockets and rows of the table of legs (RFC 3550).

In the order in which a packet travels:

    sockets      binds and connects the UDP sockets of a leg
    leg_sockets  which socket belongs to which row, and the epolls that watch them
    drain        reads what has arrived, a batch at a time, and sends it through the files below
    shared_port  hands over what comes by the port of RTP and is none: STUN, DTLS, RTCP
    latching     decides whether a leg believes the address that a packet came from
    unknown_sources  drops and tells of the packets whose address is not believed
    rtp          reads and writes the headers of a batch as arrays
    reception    follows every source: validity, loss, jitter (RFC 3550 appendix A)
    relay        rewrites what another leg hears unchanged
    timeline     sequence numbers and timestamps of one continuous stream out of a leg
    receive      reads a batch
    transmit     sends a batch
    reports      RTCP of every leg: when a report is due, and what it says
    rtcp         reads and writes RTCP packets

`relay` is the fast path. Packets of legs whose samples somebody needs go to the tick instead, whose
jitter buffers (`tick/jitter`) implement the `Arrivals` of `drain`.
"""
