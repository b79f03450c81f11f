"""Listeners: stages of the tick that hear the samples of many legs, and what they tell.

Rows are claimed and freed one by one; `feed_samples` takes 20 ms of all claimed rows at once and
returns what there is to tell. No listener knows another one.

    heard              what listeners tell, as types
    windows            overlapping windows seen through kernels: what `dtmf`, `tone_listener` and
                       `progress` are built on
    dtmf               keys in sound (ITU-T Q.23, Q.24)
    telephone_event    keys as events of RTP (RFC 4733); it hears packets, not samples
    key_dedup          one press that is told of in several ways becomes one
    silence            silence and sound
    tone_listener      single steady tones
    tone_patterns      what single tones mean: fax, special information, a beep
    progress           dial, ringback, busy and congestion tones by their cadence
    answering_machine  whether a human or a machine has answered
    recorder           recordings of one or two legs, from the rows of the tick into rings
    recording_writer   the thread that writes the rings into files
    recording_file     the files that these become
"""
