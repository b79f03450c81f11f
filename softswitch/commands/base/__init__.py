"""What every command stands on: how it is declared, how it is read, and what it acts on.

In the order in which a command meets them:

`command`          the base class: contexts, needs, parts, `read`, `run`
`placement`        where a command may stand, and which call it needs
`parameters`       the fields of a command's dataclass as parameters
`values`           kinds of values: how each is read from text, and what is expected
`elements`         what stands inside an element: commands, or parts of the command's own
`reading`          the one reading of parameters; it collects every mistake
`codes`            the codes of the API with their sentences, and the error that carries one
`context`          what a running command acts on: its script, its call, the parties of the call
`switch_context`   the rest of the switch, as commands see it, and what they hand over to it
`order`            what a party or a call is asked to do; each order has a file in `../orders/`
`rights`           what a user needs to give a command
`replies`          what a command answers
`script_flow`      what a command raises to end its script, or to send it elsewhere

Everything here is declaration: `../running/` is the real switch behind the protocols, and
`ozml/terminal/simulation.py` the one of `softswitch script`.
"""
