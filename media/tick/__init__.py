"""The tick: every 20 ms, the legs whose samples somebody needs, from jitter buffer to packet.

In the order in which a frame travels:

    rooms            decides who hears whom, and whether the relay or the tick serves a leg
    tick             the legs that are claimed, and the order of the stages
    band             one sample rate of the tick: its rows, listeners, sources and mixer
    slots            the packets that wait in the jitter buffer
    transit          how long packets take, and how long they should wait for late ones
    packets          what the jitter buffer takes and gives
    jitter_arrivals  the half of the jitter buffer that takes packets
    jitter           the other half: the frame that is due, and when to play it
    repacketise      a queue of samples for packets that are not 20 ms long
    decoding         jitter buffer, codec and concealment joined: a frame of every row
    private_keys     rows whose keys the other members of the room must not hear
    mixer            rooms in which everybody hears the sum of the others; music under speech
    encoding         frames and keys become packets, which are sent

Listeners (`listen`) hear what `decoding` has made; sources (`play`) add to what `encoding` sends.
"""
