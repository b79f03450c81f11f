"""One party towards its phone: a dialog, and the sound that was agreed on.

leg                 THE SEAM: events of the SIP core below, `async def` above
audio               offers and answers of a party, and the media port that follows them
lines               which extensions have legs now, and since when each is free
media_terms         SRTP or not, and where its keys come from: what the settings want of a leg
security            keys, handshake and ICE of a leg: what is said, and what the port is told
keys                keys that a party presses, also those that come by INFO
header_passthrough  which headers go from one leg to the other
"""
