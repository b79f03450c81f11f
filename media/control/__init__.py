"""The messages between the two processes: the signalling process asks, the media worker answers.

Messages are typed structs, sent as msgpack frames over one local stream socket, and versioned
(`session.VERSION`). A request with a ticket is answered once, with that ticket; any other request
is answered only when it is refused. Events are sent by the worker unasked. These files are all that
the signalling process may import of the media wing.

    message   the base of all messages
    security  what protects the media of a leg
    session   legs: opened, configured, joined, closed; their counters; all requests and replies
    sound     what legs are played, what is heard on them, what is recorded
    alarm     alarm lines
    frames    the frames that carry messages
    process   starts and ends the process of a worker
    client    the signalling process's end of the socket
    server    the worker's end of the socket
"""
