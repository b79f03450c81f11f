"""A party leaves a call, and the other is connected to somebody else.

transfer   blind and attended transfers, by command or for a phone
referral   a phone asks for one: REFER (RFC 3515)
replacing  a phone takes the place of another: INVITE with Replaces (RFC 3891)
"""
