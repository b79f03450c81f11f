"""Supervision: a third listens to a call, whispers to one of its parties, or talks to both.

rights      who may supervise whom, as the settings of the supervisor say
supervisor  the supervisor's place beside a call, which follows the call until either ends
third_port  whom the port of a third hears, and who hears it
overhearing a listener that is no phone: samples for a browser
beginning   finds the call of an extension, and rings a supervisor by command

The supervisor is the phone of a call of its own, in the chain of the call that is supervised. Its
port is on the media worker of that call and in no room: the parties are overheard, and what the
supervisor says is whispered. So nothing changes in the call itself, whatever becomes of it.
"""
