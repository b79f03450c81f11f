"""`/v1/states/…` and `…/state`: how trunks, groups and conferences are at this moment.

trunks_api        shows trunks
trunks_json       the classes that it answers
groups_api        shows groups and what their members do
groups_json       the classes that it answers
conferences_api   shows conferences; mutes and removes members, locks rooms
conferences_json  the classes that it answers and takes
"""
