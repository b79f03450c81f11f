"""Numbers of signals that both those who play and those who listen need; nothing here has a state.

levels       dBm0 and the power of 16-bit samples
dtmf_keys    the sixteen keys: frequencies and event numbers
dtmf_limits  what counts as a key (ITU-T Q.24)
tone_table   call-progress tones by country, special tones
"""
