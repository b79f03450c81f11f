"""A call and its two parties, and what may be done with them while they talk.

terms             what the settings say of every call
rooms             conferences: the places in a room, and what is heard there
party             a party: its number, leg, sound, keys, and why it is muted
recording         recordings of a call, whose channels are its sides
call              the call: parties, state, inbox, listeners
progress          what happens while it rings
inbox_events      what the inbox takes beside the events of legs: timers, commands, work
calls             makes calls, and lists those that have not ended
history           the record of a call on disk
port_opening      a party gets its media port
hold              changes of media: hold, resume, other codecs
admission         how a party gets into a conference: a place, the PIN
worker_migration  the sound of a party moves to another media worker
"""
