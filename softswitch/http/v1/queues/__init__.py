"""`/v1/queues/{number}/…` and `/v1/agents/{agent}/…`: who waits, and what agents do.

queues_api   shows queues, logs agents in and out, pauses them
queues_json  the classes that it answers and takes
"""
