"""What an operator of an exchange looks at from the terminal, asked of the running switch.

history     records of calls, and what happened to one
"""
