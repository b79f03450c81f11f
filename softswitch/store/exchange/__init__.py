"""What people choose by phone or web API while the switch runs.

choices  features of extensions, calendars opened and closed by hand
"""
