"""`softswitch demo`: the whole switch and two built-in phones on this machine, for ten seconds.

    show        the play: start, register, call, talk, hang up, judge
    phone       a small phone
    sound       its tone in RTP, and what it received, measured
    ladder      the drawing in the terminal

The phones stand on the same SIP core as the switch (`sip/`, `transport/`), each with sockets of its
own; what passes between them and the switch is real SIP and real RTP over loopback.
"""
