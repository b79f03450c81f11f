"""The tables that say where numbers lead besides the extensions.

trunks        [[trunks]]: providers and other switches
routes        [[routes]]: where dialled numbers go that are no extension
calendars     [[calendars]]: hours and holidays
addressbooks  [[addressbooks]]: contacts that commands and scripts look up
"""
