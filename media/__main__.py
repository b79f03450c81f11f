"""`python -m media`: one worker process, which `media.client` starts with a socket to itself."""

from __future__ import annotations

import argparse
import gc
import signal
import socket
import sys

SWITCH_INTERVAL = 0.001
"Seconds for which another thread of the worker may keep the tick waiting."


def main() -> None:
    """Serve the signalling process at the other end of the socket until it is gone."""
    arguments = _parser().parse_args()
    gc.disable()  # what is imported stays; the worker collects from its loop on
    from media.orders.switchboard import Hosts
    from media.worker import Worker, WorkerOptions

    hosts = {
        ":" in announced: Hosts(announced, bound)
        for announced, _, bound in (text.partition("=") for text in arguments.host)
    }
    low, _, high = arguments.ports.partition("-")
    settings = WorkerOptions(
        hosts=hosts,
        ports=(int(low), int(high)),
        share=arguments.share,
        shares=arguments.shares,
        quarantine=arguments.quarantine,
    )
    # the threads that read files and write recordings give way to the tick so soon
    sys.setswitchinterval(SWITCH_INTERVAL)
    worker = Worker(socket.socket(fileno=arguments.control), settings)
    # Both reach the whole group of processes; the signalling process decides when its calls end,
    # and this one ends with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    worker.run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m media", description=__doc__)
    parser.add_argument("--control", type=int, required=True, help="descriptor of the socket")
    parser.add_argument(
        "--host", action="append", required=True, help="ANNOUNCED=BOUND, once a family"
    )
    parser.add_argument("--ports", required=True, help="LOW-HIGH, both included")
    parser.add_argument("--share", type=int, default=0)
    parser.add_argument("--shares", type=int, default=1)
    parser.add_argument("--quarantine", type=float, default=5.0, help="seconds")
    return parser


main()
