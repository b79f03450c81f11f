"""`/v1`: the running switch as JSON, described by `/openapi.json`.

    calls_api       `/v1/calls`: the calls that are up
    calls_json      the classes that it answers
    bans_api        `/v1/bans`: the bans that last, and their end
    bans_json       the classes that it answers
    openapi         the description, made from these classes
    asking          who asks, and how all of `/v1` answers

To add a path: its classes, its routes, its part of the description.
"""
