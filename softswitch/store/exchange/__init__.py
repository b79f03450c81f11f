"""What people change while the switch runs, and what they use up, on disk.

choices           features of extensions, calendars opened and closed by hand
budget_uses       what is used of budgets of calls out
agents            who is logged in to which queue, and who is paused
settings_entries  extensions, trunks, routes and so on, beside those of the settings file
voicemails        messages that callers have left, greetings, PINs
"""
