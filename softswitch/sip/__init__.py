"""The SIP core of RFC 3261 without sockets, clocks or randomness: values in, effects out."""
