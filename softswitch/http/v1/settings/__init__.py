"""`/v1/settings`: every key as it is in effect, and whether the file would be taken.

settings_api     the paths
settings_json    the classes that they answer
"""
