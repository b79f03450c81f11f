"""`softswitch demo`: the whole switch and two built-in phones on this machine, for ten seconds.

The phones stand on the same core as the switch (`sip/`, `transport/`), each with its own sockets;
what passes between them and the switch is real SIP and real RTP over loopback.
"""
