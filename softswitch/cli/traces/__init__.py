"""`softswitch trace`: what happened to a call, and what happens now.

trace     the command
ladder    draws the lines of a trace
"""
