"""`/v1/scripts`: scripts written while the switch runs, with their versions; and an editor's needs.

scripts_api     reads, writes and removes scripts, and shows their versions
writing_api     checks and rehearses what is not written yet, and describes the language
scripts_json    the classes that these take and answer
description     their part of `/openapi.json`
"""
