"""`/v1/calls/{call_id}/trace`: what happened to a call, line by line, and as a capture file.

trace_api    answers
trace_json   the operations and the classes of their queries
"""
