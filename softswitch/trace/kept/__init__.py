"""Traces on disk: files that only grow, are never changed, and are removed whole.

    chunks      the lines of some timelines as octets, with secrets masked, and read back
    segment     one file: appended to, and searched
    disk        all files: written beside the calls, read, and removed when they are old

Lines wait in memory for a second or more, so that the lines of many calls are compressed together.
What a kill takes is what has waited: half a minute of a call that lasts.
"""
