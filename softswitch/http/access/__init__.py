"""Logins beside passwords: sessions of the console, and tokens.

sessions   who is logged in by a cookie, until when
tokens     secrets with a scope and an end, for programs
audit      the audit log: requests that asked to change something
asked_changes  what a request asks to change
cookies    the cookie: its name and its attributes (RFC 6265)
"""
