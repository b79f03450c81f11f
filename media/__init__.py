"""The media wing: worker processes in which a leg is a row of a table and a stage is one numpy expression."""
