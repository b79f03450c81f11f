"""The floor of a relay: a bare loop of `recv_into` and `send` over connected sockets, no headers.

Run by `relay.py`. Reads a line of JSON with the ports of the phones, two neighbours a call, writes
one with its own ports, and relays until its input is closed. Wake-ups are gathered for 1 ms.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time


def main() -> None:
    os.sched_setaffinity(0, {int(sys.argv[1])})
    epoll = select.epoll()
    sockets = []
    for port in json.loads(sys.stdin.readline()):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind(("127.0.0.1", 0))
        opened.connect(("127.0.0.1", port))
        opened.setblocking(False)
        epoll.register(opened.fileno(), select.EPOLLIN)
        sockets.append(opened)
    print(json.dumps([opened.getsockname()[1] for opened in sockets]), flush=True)
    epoll.register(sys.stdin.fileno(), select.EPOLLIN)
    pairs = {}
    for first, second in zip(sockets[::2], sockets[1::2], strict=True):
        pairs[first.fileno()] = first.recv_into, second.send
        pairs[second.fileno()] = second.recv_into, first.send
    view = memoryview(bytearray(2048))
    while True:
        for descriptor, _ in epoll.poll(-1, 1024):
            if descriptor == sys.stdin.fileno():
                return
            receive, send = pairs[descriptor]
            try:
                send(view[: receive(view)])
            except OSError:
                continue
        time.sleep(0.001)


if __name__ == "__main__":
    main()
