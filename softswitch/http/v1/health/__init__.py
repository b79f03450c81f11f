"""`/v1/health` and `/v1/nodes`: how the switch itself is, and what to do where it is not well.

health_api   answers
health_json  the classes that it answers
facts        what the answers are made of
advice       what to do about lines of the log, and about what is wrong now
"""
