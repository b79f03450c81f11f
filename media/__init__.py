"""The media wing: a worker process in which a leg is a row, and a stage one expression over rows.

A worker is one thread around epoll (`worker`); nothing in its loop waits for anything else. It is
asked by the signalling process through a local socket, and talks to phones by RTP and RTCP. What
it knows of a leg stands in the table of legs (`legs`): one row a leg, one numpy array a column.

The rooms; each imports only rooms that stand below it:

    worker      the loop: drain, tick, and what is due by the clock
    orders      requests of the signalling process become work of the rooms below
    tick        every 20 ms: jitter buffer, decoding, listeners, sources, mixer, encoding
    contact_id  alarm panels and receivers of alarms, as machines without input or output
    play        sources: files, tones, keys, and the playlists of legs
    rtp         the drain: sockets, RTP and RTCP, relay
    secure      ICE and DTLS-SRTP: how a leg finds its far end and agrees on keys with it
    fast        optional: sockets and SRTP of whole batches in C
    srtp        SRTP: the packets of legs that are protected
    listen      listeners: keys, tones, silence, answering machines, recordings
    speech      text to speech, by engines in processes of their own
    codecs      payloads to samples and back, concealment, sample rates
    signals     frequencies, levels, tables of tones
    control     the messages between the two processes, and both ends of their socket
    legs        the table

A packet's journey
    With traffic the loop wakes about once a millisecond, and `rtp/drain` reads every ready socket
    into a row of a matrix. `rtp/rtp` checks all headers at once, `rtp/reception` follows every
    source. What another leg hears unchanged, `rtp/relay` rewrites and `rtp/transmit` sends at once.
    `rtp/latching` decides whose packets a leg believes; as soon as that is known, a socket is
    connected to that address, and packets from unknown sources no longer reach the leg.

    Packets whose samples somebody needs wait in `tick/jitter`. Every 20 ms, against absolute
    deadlines, `tick/tick` takes a frame of each such leg through `tick/decoding`, the listeners,
    the mixer and the sources, and `tick/encoding` sends what the leg hears. `rtp/timeline` makes
    what leaves one continuous stream, whatever it is made of. All that is there twice, once for
    rows of 8 kHz and once for rows of 16 kHz: a `tick/band` is one of the two.

    Of legs that are protected, `rtp/shared_port` hands checks of ICE and handshakes over to
    `orders/security` first. What is RTP is decrypted before anything looks at it, and encrypted
    as the last thing before it leaves.

A request's journey
    `control/server` reads it, `orders/switchboard` answers it or hands it to another part of
    `orders`. A leg is on the fast path of the drain as long as nobody needs its samples, and in the
    tick from the moment somebody does; `tick/rooms` decides that.

`media` never imports `softswitch`; stages of the tick never import each other.
"""
