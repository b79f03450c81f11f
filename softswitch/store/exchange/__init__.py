"""What people choose by phone or web API while the switch runs, and what they use up.

choices      features of extensions, calendars opened and closed by hand
budget_uses  what is used of budgets of calls out
"""
