"""`/v1/voicemail`: mailboxes, their messages, greetings and PINs.

voicemail_api   shows and changes them
voicemail_json  the classes that it answers and takes
"""
