"""The media wing: a worker process in which a leg is a row, and a stage one expression over rows.

A worker has two doors. Through one come typed messages of the signalling process (`control`,
`server`; the other end is `client`, which starts the `process`); through the other come RTP and
RTCP. Between them stands the table of legs (`legs`): one row a leg, one numpy array a column. The
`worker` is one thread around epoll; nothing in its loop waits for anything else.

What is asked
    `switchboard` obeys the requests: opens legs on pairs of `ports` (`sockets`, `wires`), takes
    what offer and answer settled, and lets `hearers` decide who hears whom: by the relay, or, when
    somebody needs the samples, by the tick. What is asked about sound (`control_sound`,
    `control_alarm`) it hands to a part of the worker: `playback` (the `player` and its playlists),
    `keypad` (keys, whatever way they come), `recordings`, `ears` (silence, tones, who answers) and
    `alarms` (Contact ID). Each turns requests into work for stages, and what these tell into
    messages; and claims the legs that it needs. `quality` judges the figures of a leg.

The drain
    Packets move between sockets and rows in batches. With traffic the loop wakes about once a
    millisecond: `drain` reads every ready socket into a row of a matrix, `rtp` checks all headers
    at once, `reception` follows every source (RFC 3550 appendix A), `relay` rewrites what another
    leg hears unchanged (`g711` holds the tables between the two laws), and `transmit` sends it.
    A leg whose packets would only wait for the tick is patient: it is drained every 5 ms.
    `latching` decides whose packets a leg believes; as soon as that is known the socket is
    connected and strangers no longer reach it.

The tick
    Every 20 ms, against absolute deadlines, `tick` takes the legs that are claimed through
    `hearing` (jitter buffer, `codecs`, concealment), listeners (keys, recorder, ...), sources
    (tones, files, speech), the `mixer`, and `speaking`, which encodes and sends; `timeline` makes
    what leaves one stream whatever it is made of. All that is there twice, once for rows of 8 kHz
    and once for rows of 16 kHz: a `band` is one of the two, and `resample` joins them where
    narrow-band and wide-band legs meet. Files, speech and recordings have threads and
    processes of their own. Then follows what is due by the clock: `reports` (RTCP, whose packets
    `rtcp` writes and reads), timeouts, ports out of quarantine.

A leg is on the fast path of the drain as long as nobody needs its samples, and in the tick from the
moment somebody does. `media` never imports `softswitch`; stages never import each other.
"""
