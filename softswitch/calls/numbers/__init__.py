"""Numbers: their destinations, the phones to ring, and the rights of callers.

extension      an extension, and what its kind says about all of them
directory      all extensions, found by number
openings       calendars opened and closed by hand
calendar       whether something is open now
routing        what a caller with certain rights reaches by a number
forwarding     calls that go on to another number
registrations  where the phones of an extension are
trunk          one trunk: its state, its calls, its credentials
trunks         all trunks, and which of them a request comes from
trunk_watch    registers with them and asks whether they still answer
turns          who rings for a group and when
targets        phones and servers of trunks as INVITEs to send, in rounds
dial_plan      all of it together: a number -> targets
"""
