"""`/v1/calls`: the calls that are up, and what is done to them.

calls_api     shows calls: their state, where their script is, how they sound
calls_json    the classes that it answers
actions_api   starts calls, and acts on those that are up
actions_json  the classes that it takes and answers
audio_api     lets users hear a call while it lasts
audio_json    its query, and what it answers
giving        gives the commands of `/api` in a user's name, and what their refusals mean here
"""
