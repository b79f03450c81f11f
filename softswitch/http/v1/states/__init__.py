"""`/v1/states/…` and `…/state`: how extensions, trunks, groups and conferences are at this moment.

trunks_api        shows trunks
trunks_json       the classes that it answers
extensions_api    shows what extensions do
extensions_json   the classes that it answers
doing             what an extension does, for extensions and for groups
groups_api        shows groups and what their members do
groups_json       the classes that it answers
conferences_api   shows conferences; mutes and removes members, locks rooms
conferences_json  the classes that it answers and takes
"""
