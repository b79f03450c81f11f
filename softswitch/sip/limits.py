"""The sizes above which a message is refused (RFC 3261 sections 18.3, 21.4.11 and 21.5.7).

Python does not overflow, but it can be made to burn time and memory; so every size has a bound. A
request above one of them gets the status that stands beside it, and a phrase that names the size.
"""

from __future__ import annotations

MESSAGE = 65_536
"Octets of a whole message, start line, headers and body together: 513."
HEADERS = 128
"Header lines of a message: 513."
HEADER = 8_192
"Characters of one header line, folded lines joined: 513."
URI = 1_024
"Characters of one URI: 414 for the Request-URI, 400 for others."
BODY = 32_768
"Octets of a body: 413."
LIST = 256
"Elements of one list header, all its lines together: 400."
PARAMETERS = 64
"Parameters of one header value or URI: 400."
REMEMBERED = 1_024
"""Values that each reader of addresses, URIs and the like remembers, for the messages of a call
repeat theirs and what was read is immutable. At most 8 MiB a reader, if every value is hostile."""
