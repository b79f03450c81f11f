"""`docs/states.md`, drawn from the tables: `python -m softswitch.calls.endings.diagram`.

The states of a call as the command API shows them, and below them those of SIP transactions.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from softswitch.calls.endings.states import TRANSITIONS, CallState
from softswitch.sip.transaction.diagram import Arrow, chapter, figures

INTRODUCTION = """\
# States

Drawn from the tables in the code by `python -m softswitch.calls.endings.diagram`. An event without
a row in a state is ignored there if a peer or a timer causes it, and is an error if we do.

"""


def document() -> str:
    """The whole page."""
    calls = chapter("A call", CallState.SETUP.value, _calls())
    return f"{INTRODUCTION}{calls}\n{figures()}"


def _calls() -> Iterator[Arrow]:
    for state, rows in TRANSITIONS.items():
        for occurrence, following in rows.items():
            yield Arrow(state.value, occurrence.value, following.value)


if __name__ == "__main__":
    sys.stdout.write(document())
