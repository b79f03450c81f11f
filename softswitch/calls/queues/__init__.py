"""Queues: callers wait with music until an agent is free, and are connected in turn.

queues         START HERE: all queues; gives the next caller of each to agents that are free
waiting        the course of a caller's call, from the answer to whatever ends the waiting
agent_ringing  agents are rung for a caller, and one is connected
call_queue     one queue: its callers in order, and what its last calls took
queued_caller  one caller's place, what it hears, and the keys that it presses
agent_state    one agent: rung, talking, wrapping up; shared by all its queues
strategies     which of the agents that are free rings
callbacks      callers who are called back in their turn
phrases        what callers are told, by language

Who is logged in or paused is on disk and known to `calls/agents.py`. A waiting call costs what a
call on hold does: one task that waits for its inbox, one port that plays music, and one timer for
its announcements.
"""
