"""`/v1/session`: logins of the console.

session_api   begins and ends sessions
session_json  the classes that it takes and answers
"""
