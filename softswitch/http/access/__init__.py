"""Logins beside passwords: sessions of the console.

sessions   who is logged in by a cookie, until when
cookies    the cookie: its name and its attributes (RFC 6265)
"""
