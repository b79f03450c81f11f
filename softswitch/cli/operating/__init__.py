"""What runs in the switch, seen and acted on from the terminal.

status         how the switch is, and what is wrong with it
calls          the calls that are up; `hangup`, `transfer`
registrations  the phones that are registered, and their end
trunks         how trunks are, beside their settings
recordings     the recordings of calls, saved and deleted
alarms         the alarms that came, and who has seen them
lists          how lists are printed: as tables, or as JSON
"""
