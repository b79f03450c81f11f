"""`/v1/messages`: the text messages of all folders, listed, sent and deleted.

kept_messages_api    the paths
messages_json        the classes that they take and answer
"""
