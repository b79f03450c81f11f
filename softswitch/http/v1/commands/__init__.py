"""`/v1/commands`: the declarations of the commands of `/api`, for forms and editors.

commands_api     the paths
commands_json    the classes that they answer
"""
