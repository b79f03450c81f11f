"""What an operator of an exchange looks at from the terminal, asked of the running switch.

route       where a number leads, and why
history     records of calls, and what happened to one
"""
