"""The sizes above which a message is refused before it is parsed (RFC 3261 sections 18.3, 21.4.11).

Python does not overflow, but it can be made to burn time and memory; so every size has a bound.
"""

from __future__ import annotations

MESSAGE = 65_536
"Octets of a whole message, start line, headers and body together."
HEADERS = 128
"Header lines of a message."
HEADER = 8_192
"Octets of one header line, folded lines joined."
URI = 1_024
"Octets of one URI; the Request-URI above it is answered with 414."
BODY = 32_768
"Octets of a body; above it 413."
LIST = 256
"Elements of one list header, all its lines together."
PARAMETERS = 64
"Parameters of one header value or URI."
REMEMBERED = 1_024
"""Values that each reader of addresses, URIs and the like remembers, for the messages of a call
repeat theirs and what was read is immutable. At most 8 MiB a reader, if every value is hostile."""
