"""Sources: what legs are played, from a file or a table to a frame in every tick.

audio_file              decodes one file of any format
file_reader             the threads that read files: short ones are kept, long ones streamed
clip_pool               the one array of samples that the tick plays from
sources                 a playlist for every row, and one expression for all rows that play
player                  files, speech and prepared sounds, queued on rows
keys_item               keys that have their turn in a playlist
tones                   renders tones, and plays those that are not queued
telephone_event_source  keys as events of RTP (RFC 4733), sent
"""
