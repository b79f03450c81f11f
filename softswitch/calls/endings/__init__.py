"""How calls end, and the states that lead there: tables and values, which know no call.

states       the states of a call, and what leads from one to the next
whereabouts  where one call is: its states with their times, and what its script does
outcomes     what a final response means: outcome, Q.850 cause, what the caller is told
endings      an ending as a value; the exceptions that end a call, or say that it cannot be done
"""
