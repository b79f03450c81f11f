"""`/v1/history`: the calls that were and are, each with its chain, as JSON and as CSV.

history_api     the paths
history_json    the classes that they answer
sentences       the steps of a call in words
csv_rows        the records as rows of a table
"""
