"""The SIP core of RFC 3261 without sockets, clocks or randomness: values in, effects out.

    endpoint                   the front: octets, timers and lost sends in, lists of effects out
    transaction/               Figures 5 to 8 as tables, the machine that runs them, the matching
    dialog                     what two parties remember between requests, and which way those go
    invite                     the INVITE usage of a dialog: what both sides may do once it stands
    invite_incoming, _outgoing how it comes to be: 1xx, 2xx, CANCEL, forks
    in_dialog, outside         requests of ours inside and outside dialogs, and challenges to them
    accepted, body             a 2xx until its ACK; the session description in a body
    effects, events            what the driver has to do; what the code above is told
    message, headers, …        reading and writing, one file a noun of the grammar

Inside, functions append to the list of effects `out` of the door that was entered, so the order of
what happens on the wire is the order of the code. A message's journey: `endpoint.receive` reads it
and finds its transaction, else its dialog, else passes it up as `NewRequest`, nothing allocated.
"""
