"""Applications as they are written for this API, and web servers that answer as theirs do.

web_server           answers in the manner of PHP, of C#, and of a server that names no type
menu                 an IVR whose pages are scripts
reminder             calls people, and asks whether they will come
message_client       sends and reads messages in the JSON dialect
test_applications    each of them against a real switch and real phones
"""
