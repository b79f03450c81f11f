"""`/v1/session`, `/v1/tokens`: logins of the console, and tokens beside passwords.

session_api   begins and ends sessions
session_json  the classes that it takes and answers
tokens_api    makes tokens, lists and revokes them
tokens_json   the classes that it takes and answers
"""
