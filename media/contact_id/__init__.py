"""Contact ID, the protocol of alarm panels over tones (SIA DC-05-1999.09), without input or output.

    events    the event codes and what they mean
    message   sixteen digits, their checksum, and what they say
    call      one end of a call: a state with a deadline
    receiver  the end that plays handshake and kissoff, and collects messages
    panel     the end that sends messages until they are acknowledged
    lines     the receivers and panels of a worker, joined to keys and tones

`orders/alarms` joins the lines to legs.
"""
