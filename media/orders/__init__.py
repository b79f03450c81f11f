"""Orders: what the signalling process asks for becomes work of the drain and of the tick.

    request_table    which part of the worker answers each type of request
    switchboard      opens, configures, joins and closes legs
    ports            the pairs of ports that are free, in use or in quarantine
    security         what protects a leg: keys of SRTP, given or agreed by DTLS; ICE
    rtcp_handshakes  DTLS of RTCP that has a port of its own
    negotiated       what offer and answer settled for a leg, as columns of the table
    playback         files, speech, tones and keys that legs are played
    keypad           keys that legs press, in whatever way they come
    recordings       what is recorded
    listeners        silence, tones of the network, fax, beeps, who has answered
    alarms           legs that receive or report alarms by Contact ID
    quality          the score and the diagnosis of a leg, from its counters
    emodel           the score: how good a leg sounds (ITU-T G.107)
    diagnosis        the sentence: what is wrong with a leg

A part claims the legs whose samples it needs (`tick/rooms`), adds listeners and sources to the tick
when it is built, and turns what these tell into messages.
"""
