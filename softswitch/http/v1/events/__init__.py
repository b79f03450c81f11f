"""`/v1/events`: what happens, as it happens.

events_api    the one path: as SSE, over a WebSocket, or a page of JSON
events_json   the fields of its query, and what it answers
streams       readers that are there now: how many there may be
"""
