"""From the dialled number to the conversation; every way ends by raising `CallEnds` or `Forwarded`.

setup         START HERE: follows the number that a caller has dialled, and where it is forwarded
interception  an application chooses the way instead, hop by hop
serving       hands the call to what is behind the number
phone_call    phones ring, and the first that answers is connected to the caller
caller_leg    the caller's side of it: offer, port, 200, ACK
wishes        what the extension that is called wants: forwarded, not disturbed
ringing       THE LOOP: round after round, until a phone answers
forks         the targets of one round ring at once
pickup        another phone takes the call that rings
announcing    what a caller hears before a call is refused
urgent        emergency calls are told to the operator
dialler       sends their INVITEs
conversation  what both phones and commands may do, until one hangs up
answering     calls that the switch itself answers or begins, and the script on them
"""
