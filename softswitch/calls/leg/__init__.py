"""One party towards its phone: a dialog, and the sound that was agreed on.

leg                 THE SEAM: events of the SIP core below, `async def` above
audio               offers and answers of a party, and the media port that follows them
keys                keys that a party presses, also those that come by INFO
header_passthrough  which headers go from one leg to the other
"""
