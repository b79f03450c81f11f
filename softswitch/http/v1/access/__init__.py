"""`/v1/session`, `/v1/tokens`, `/v1/audit`: who may come in, and what was changed by whom.

audit_api     shows the audit log
audit_json    the classes that it answers
session_api   begins and ends sessions
session_json  the classes that it takes and answers
tokens_api    makes tokens, lists and revokes them
tokens_json   the classes that it takes and answers
"""
