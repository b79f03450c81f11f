"""The tables of what an exchange does for its extensions beside connecting their calls.

codes          [codes]: what phones dial to do something
lamps          [lamps], [[lamp_lists]]: what phones may watch of each other
provisioning   [provisioning]: the files by which phones configure themselves
voicemail      [voicemail]: what holds for all mailboxes
users          [[http.users]]: who may do what by the web API
announcements  [announcements]: what callers hear before a call is refused
call_codes     [call_codes]: what phones press while they talk
sentences      [sentences]: what the switch says by itself, in other words
prompts        [[prompts]]: sounds with names
"""
