"""`/v1/extensions`, `/v1/trunks` and so on: the settings that change while the switch runs.

collections    the paths: each is a list of the settings, or its entries of one type
entries_api    lists, shows, adds, changes and removes entries
changes_api    `/v1/changes`: many changes at once, all or none; `/v1/reload`
sounds_api     `/v1/prompts/{name}/sound`: uploads and downloads
entries_json   the classes that all of them answer
entry_schemas  the JSON Schema of each kind of entry, for forms
description    their part of `/openapi.json`
"""
