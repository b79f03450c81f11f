"""How commands ask the running switch by its HTTP API, from the machine on which it runs.

ask       questions and their answers
entrance  where the switch is asked, and what proves who asks
refusals  why there is no answer, in our words, and what to do
"""
