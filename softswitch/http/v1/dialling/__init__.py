"""`/v1/route`: where numbers lead, and why.

route_api   the path
route_json  the classes that it reads and answers
"""
