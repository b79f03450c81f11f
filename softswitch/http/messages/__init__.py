"""The message dialects of `/api`, chosen by `action` in place of `command`.

messages_api      gives a request to the dialect that knows its action
json_messages     the JSON dialect: `sendmsg`, `receivemsg`, …
xml_messages      the older XML dialect: `sendmessage`, `receivemessage`
message_requests  what both expect of a request
"""
