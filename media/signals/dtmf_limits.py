"""The limits of a receiver of keys (ITU-T Q.24 Table A-1, AT&T's column)."""

from __future__ import annotations

from media.signals.levels import power_of

SCREEN = 0.3
"Share of the power that the strongest pair needs for a window to be looked at more closely."

LOWEST_LEVEL = power_of(-42.0)
"Each of the two tones must have this power: -25 dBm0 is to be accepted, -55 to be refused."

FREQUENCY_TOLERANCE = 0.021
"Beyond 1.5 % and 2 Hz (to be accepted) and far from 3.5 % (to be refused): speech keeps out."

LOW_STRONGER = 10.0 ** (10.0 / 10.0)
"Most power of the low tone over the high one: 8 dB are to be accepted."

HIGH_STRONGER = 10.0 ** (6.5 / 10.0)
"Most power of the high tone over the low one: 4 dB are to be accepted."

PURE = 0.86
"Share that the two sines need in a whole window; noise 12 dB below them leaves them 0.94."

REST = 0.4
"Most power of everything else over that of the weaker tone: an equal third tone is too much."

PURE_WINDOWS = 2.0
"So many pure windows make a key; a tone of 40 ms has two that lie wholly inside."

SHORTEST = 2.8
"Length that makes a key, in hops: 40 ms are to be accepted, 23 ms to be refused."

LONGEST_BREAK = 2.2
"Length of silence that ends a key, in hops: 10 ms are a break, 40 ms a pause."

PRESENT = 0.6
"Share of its amplitude at which the tone of a pressed key counts as being there."

ECHO = 0.4
"Share of its amplitude below which a tone is the echo of itself: 10 dB are to be tolerated."

FADING = 0.9
"Least share of its amplitude that a pressed key is expected to keep in the next window."

COHERENT = 0.95
"Least steadiness of the phase, 1 for a sine."

DIAL_TONES = (345.0, 455.0)
"The band in Hz whose steady sound is left out of the account."

DIAL_TONE_RISE = 0.08
"Share of a tick in the power that a dial tone is taken to have, when there is more of it."

DIAL_TONE_FALL = 0.5
"The same when there is less: a dial tone is steady, speech is not."

DIAL_TONE_SWING = 3.0
"Most power of a dial tone over that; 413 and 438 Hz beat."
