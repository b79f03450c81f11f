"""Dialogs: what two parties remember of each other, and what they do with it (RFC 3261 12 to 15).

    dialog           a dialog: tags, CSeq, route set and target; the table of those that are known
    invite_state     where the INVITE usage of a dialog stands, and the steps that both sides cause
    invite_requests  what the peer may ask for in the dialog: BYE, re-INVITE, UPDATE, INFO, …
    invite           the INVITE usage: what its user may do once the dialog stands
    invite_incoming  how it comes to be when we are called: 1xx, 2xx, CANCEL
    invite_outgoing  how it comes to be when we call: forks, challenges, ACK
    accepted         a 2xx of ours, repeated until its ACK comes
    in_dialog        requests of ours in a dialog: any question, and the BYE
    reinvite         a re-INVITE of ours, glare included

A usage (the word is RFC 5057's) is what a dialog is for. It takes the peer's requests as the
`DialogUser` of its dialogs, tells the code above the events of `sip/events.py`, and is the
`Requester` of what is sent in its name. Another kind of usage needs these two seams and nothing of
INVITE.
"""
