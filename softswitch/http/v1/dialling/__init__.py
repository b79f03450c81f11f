"""`/v1/route`: where numbers lead, and why; `/v1/budget-uses`: what is used of budgets.

budgets_api   what is used today, and budgets that begin again
budgets_json  the classes that it reads and answers
route_api   the path
route_json  the classes that it reads and answers
"""
