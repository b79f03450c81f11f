"""How the parts take changed settings in place: each prepares in a thread, then takes in one step.

    calls       what holds for every call: sounds, times, limits, announcements, codes in a call
    dial_plan   extensions, rules, budgets and trunks
    access      the passwords of phones and HTTP users
    departures  extensions that are gone: all who keep something by their numbers are told
    gone        the same at a start: what went while the switch did not run
    lamps       who may watch whom
    scripting   address books, and the applications that scripts may always reach
    exchange    codes, and calendars that are gone
    differences which entries are there no more, and which are new

A taker is a function of the settings before and after; what it returns is called in the loop.
"""
