"""The signalling process's end of a media worker: starts it, asks it, notices its death."""

from __future__ import annotations


class WorkerGone(Exception):
    """The worker died, or could not be started."""


class NoPortFree(Exception):
    """Every port pair of the range is in use or in quarantine."""


class Worker:
    """One worker process and the local socket to it."""
