"""Call control: legs, calls, routing, the directory of extensions, the call history.

A call in the order in which it happens:

    dispatch      the front desk: authenticates new requests, and hands each to its part
    incoming      an INVITE becomes a call, or takes one over
    calling_back  when a busy extension gets free, who waits for it and it are connected
    call_task     the task of the call: runs it, and clears everything up whatever has ended it
    setup/        THE SEQUENCE: number -> extension -> phones -> first answer -> conversation
    codes/        what an extension does by dialling a code: *65 and the like
    queues/       callers wait with music until an agent is free
    call_codes/   what phones do by keys while they talk: *1 and the like
    kinds/        the kinds of extensions, a file each: phone, group, echo, conference, ...
    paging/       one speaks to many phones, which answer by themselves
    parking/      calls wait in lots until somebody dials their number
    voicemail/    messages of those whom nobody answers
    supervision/  a third listens, whispers, barges in
    transfer/     a party leaves, the other is connected to somebody else

What it stands on:

    call/         the call: two parties, its state, its inbox; hold, conferences, recording, history
    lamps/        presence and lamps: SUBSCRIBE comes in, changes of calls go out as NOTIFY
    numbers/      a number -> whom to ring: directory, routes, registrations, trunks
    leg/          THE SEAM between events of the SIP core below and `async def` above
    features/     what extensions want with their calls: forwarding, do not disturb
    ports/        the only way into the media wing
    endings/      states, endings, and what a final response means

And beside them `agents` (who is logged in to which queue), `call_control` (builds all parts),
`pager` (MESSAGE between phones), `calling_back`, `options`, `call_ids`.

No part knows all the others: each is built with the one to four parts that it works with, and is
complete then. To act on a running call: `Calls.get(call_id)`, then `Call.hang_up`, `Call.forward`,
`hold.hold`, `hold.resume`; `Call.listen` tells every change of state, in order.

Everything that happens to a call goes through its inbox (`Call.put`) to its one task. So races are
orders of events, and no lock is needed but the one around changes of media (`Call.changing`).
"""
