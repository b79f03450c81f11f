"""The media wing: a worker process in which a leg is a row, and a stage one expression over rows.

A worker has two doors. Through one come typed messages of the signalling process (`control`,
`server`; the other end is `client`); through the other come RTP and RTCP. Between them stands the
table of legs (`legs`): one row a leg, one numpy array a column. The worker's loop (`worker`) is one
thread around one epoll; nothing in it waits for anything else.

The drain
    Packets move between sockets and rows in batches. With traffic the loop wakes about once a
    millisecond: `receive` reads every ready socket into a row of a matrix, `rtp` checks all headers
    at once, `reception` follows every source (RFC 3550 appendix A), `relay` rewrites what another
    leg hears unchanged, and `transmit` sends it. `latching` decides whose packets a leg believes;
    as soon as that is known the socket is connected and strangers no longer reach it.

The tick
    Every 20 ms, against absolute deadlines: what needs samples (legs that are played to, mixed,
    recorded, transcoded) goes jitter, decode, listeners, sources, mixer, encode, transmit, and then
    what is due by the clock: RTCP (`rtcp`), timeouts, ports out of quarantine (`ports`).

A leg is on the fast path of the drain as long as nobody needs its samples, and in the tick from the
moment somebody does. `media` never imports `softswitch`; stages never import each other.
"""
