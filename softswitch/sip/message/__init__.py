"""Messages: octets to values and back (RFC 3261 sections 7, 19, 20 and 25).

In the order in which a message is read:

    framing     cuts a stream of octets into messages
    message     requests and responses; `parse_message`, `response_to`
    lines       the head of a message as a start line and header lines
    headers     the header fields, and the table of what is known of each
    via, address, uri, parameters
                what stands in header fields; each is read when it is first asked for
    subscriber  the number that a URI names
    grammar     tokens, numbers, quoted strings, lists; `MessageError`
    sanity      what a message must have before it is acted upon
    body        the session description in a body
    reasons     the phrases of status codes

Whatever a peer sends, reading it gives a value or raises `MessageError`, with the status that it
deserves, in time linear in its length.
"""
