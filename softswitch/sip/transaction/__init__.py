"""Transactions: a request and its responses, repeated until they arrive (RFC 3261 section 17).

    layer          the transactions that are alive, and which one a message belongs to
    machine        what runs a figure: states, events, rows, and the actions that figures share
    invite_server  Figure 7, an INVITE that we accepted: read this one first
    server         Figure 8, any other request that we accepted
    invite_client  Figure 5, an INVITE that we sent
    client         Figure 6, any other request that we sent
    timers         the letters of the timers and their seconds
    answering      where responses go, and the To tag of those that leave nothing behind
    diagram        draws the figures for `docs/states.md`

The figures are those of RFC 6026, which corrects RFC 3261 for INVITE. A user (`ClientUser`,
`ServerUser`) is what a transaction reports to: a request of ours, or the usage of a dialog.
"""
