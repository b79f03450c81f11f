"""One timeline of everything: what happened to a call, line by line.

    lines       what a line is: a SIP message as it was on the wire, or something else that happened
    timeline    the lines of one call, as far as they are in memory
    traces      all timelines; gives every SIP message to the one that its dialog belongs to
    masking     hides passwords, keys and PINs from whoever reads a trace
    shown       a trace as readers get it, in pages
    recent      the last lines of all traces, for who follows what happens
    reading     finds a trace, on disk and in memory
    pcap        the SIP messages as a capture file
    kept/       the traces on disk: written beside the calls, for `trace.keep_days`

Whoever has a call writes `call.timeline.note(…)`. The octets of SIP messages are kept as they came,
and are looked at, masked and formatted only when somebody reads them, or on their way to disk.
"""
