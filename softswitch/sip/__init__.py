"""The SIP core of RFC 3261 without sockets, clocks or randomness: values in, effects out.

    endpoint      the front: octets, timers and lost sends in, lists of effects out
    message/      reading and writing, one file a noun of the grammar
    transaction/  Figures 5 to 8 as tables, the machine that runs them, and the matching
    requests/     what a request outside dialogs is checked for, and how challenges are answered
    subscription/ what a peer is told of until it ends: SUBSCRIBE, NOTIFY, PUBLISH, REFER
    dialog/       what two parties remember between requests, and the life of an INVITE
    registrar/    what a REGISTER changes, and our own registrations elsewhere
    element       our name and abilities: all that is sent goes through it
    effects       what the driver has to do
    events        what the code above is told
    limits        the sizes above which a message is refused

Arrows point down, from `endpoint` through `registrar`, `subscription`, `dialog`, `requests`,
`element`, `events` and `transaction` to `message`; no two modules import each other.

Functions append to the list of effects `out` that was begun where the core was entered, so the
order of what happens on the wire is the order of the code. A message's journey: `endpoint.receive`
reads it and finds its transaction, else its dialog, else passes it up as `NewRequest`, with nothing
allocated.
"""
