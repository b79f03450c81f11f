"""The settings without their models, for commands of the terminal, which start at once.

keys    single keys of the file and the environment, unchecked
places  where files are that the switch keeps
"""
