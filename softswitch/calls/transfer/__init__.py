"""A party leaves a call, and the other is connected to somebody else; or a third joins them.

transfer     blind and attended transfers, by command or for a phone
referral     a phone asks for one: REFER (RFC 3515)
dialogs      finds the call and the party that a dialog belongs to, and who may have them
transfer_line  what the log says of a transfer and its result
replacing    a phone takes the place of another: INVITE with Replaces (RFC 3891)
joining      a phone joins two who talk: INVITE with Join (RFC 3911)
offers       an extension lets another take or join its call: MESSAGE that names the dialog
third_party  a third who talks to both, and stays when one of them leaves
"""
