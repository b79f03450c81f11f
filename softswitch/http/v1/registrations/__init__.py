"""`/v1/registrations`: where phones are, whether they answer, and the end of a registration.

registrations_api   lists, asks and ends registrations
registrations_json  the classes that it answers
"""
