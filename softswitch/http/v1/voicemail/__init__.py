"""`/v1/voicemail`: mailboxes, their messages, greetings and PINs.

voicemail_api   shows and changes them
removed_api     those of extensions that are gone
removed_json    its classes
voicemail_json  the classes that it answers and takes
"""
