"""What lets a command start at once: it imports what it needs, when it needs it.

lazy          the commands that are imported when they are run
plain_values  reads values of the command line without the models of pydantic
"""
