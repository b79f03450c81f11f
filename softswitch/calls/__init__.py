"""Call control: legs, calls, routing, the directory of extensions, the call history.

A call in the order in which it happens, one file a step:

    switch        the front desk: who asks, and for what; an INVITE becomes a call with one task
    life          that task: it runs the call and clears everything up, whatever has ended it
    setup         THE SEQUENCE: number -> extension -> phones -> first answer -> conversation
    targets       number -> whom to ring, round after round: phones, groups, ways out
    forks         the targets of one round ring at once
    conversation  what both phones may still do, until one hangs up
    hold          changes of media: hold, resume, other codecs
    conference    the callee as a room: admission (a place, the PIN), rooms (who is in, what plays)
    transfer      a party leaves, who stays gets another; moving (to another worker) if it must be
    referral      a phone wants that (REFER); replacing: a phone comes for it (INVITE with Replaces)

What they stand on:

    call          the call: two parties, its state, its inbox; what commands hold in their hands
    leg           THE SEAM between events of the SIP core below and `async def` above
    audio         a party's offers and answers, and its media port
    media_port    the only door into the media wing
    trunks        outside lines: who they are, how numbers go out by them, who comes in
    trunk_watch   registers with them and asks whether they still answer
    house         the parts of the switch that every call works with; the list of calls
    history       one record a call

And tables and small rules: states, outcomes (what a response means), endings, passing (which
headers cross the switch), directory, routing, forwarding, registrations, call_ids, options, pager.

To add a kind of extension, see the docstring of `kinds/`. To act on a running call:
`Calls.get(call_id)`, then `Call.hang_up`, `Call.forward`, `hold.hold`, `hold.resume`; `Call.listen`
tells every change of state, in order.

Everything that happens to a call goes through its inbox (`Call.put`) to its one task. So races are
orders of events, and no lock is needed but the one around changes of media (`Call.changing`).
"""
