"""Codecs and what belongs to them: payloads become 16-bit samples, and samples payloads.

Every file works on many legs at once; a matrix has one row a leg.

    codec          the table of codecs, and the one interface of all of them
    g711 l16       tables and single expressions: no state
    g722 opus      libraries that keep a state for every row
    resample       between rows of 8 kHz and of 16 kHz
    concealment    makes up frames for packets that were lost (ITU-T G.711 appendix I)
    comfort_noise  fills the pauses of a sender that is silent on purpose (RFC 3389)
"""
