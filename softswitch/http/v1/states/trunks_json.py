"""The states of trunks as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.calls.numbers.trunk import Trunk, TrunkState
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation
from softswitch.settings.values import join_host_port


class TrunkFaultShown(msgspec.Struct, frozen=True, kw_only=True):
    """Why a trunk could not be used."""

    reason: str
    at: Moment


class TrunkStateShown(msgspec.Struct, frozen=True, kw_only=True):
    """A trunk at this moment."""

    name: str
    state: Annotated[
        TrunkState,
        Meta(description="Of a trunk that registers: registered (up), refused, or unreachable."),
    ]
    since: Annotated[Moment, Meta(description="When the state began.")]
    reason: Annotated[str, Meta(description="Why it is so; empty where nothing is wrong.")]
    last_fault: Annotated[
        TrunkFaultShown | None,
        Meta(description="The last fault, also when it is up again; null without any."),
    ]
    registers: Annotated[bool, Meta(description="Whether we register there.")]
    server: Annotated[str, Meta(description="Where its requests go, as the settings say it.")]
    ways: Annotated[
        list[str], Meta(description="Its servers, as transport:address:port; the best first.")
    ]
    calls: Annotated[int, Meta(description="Legs that are there now.")]
    most_calls: Annotated[int | None, Meta(description="Its `calls`; null is no bound.")]
    incoming: Annotated[int, Meta(description="Calls that came since the switch started.")]
    outgoing: Annotated[int, Meta(description="Calls that went out since then.")]
    failures: Annotated[
        int, Meta(description="Those of them that another trunk would have had to take.")
    ]


class TrunkStatesShown(msgspec.Struct, frozen=True, kw_only=True):
    """All trunks, as the settings list them."""

    trunks: list[TrunkStateShown]


def show_trunk(trunk: Trunk) -> TrunkStateShown:
    """A trunk at this moment."""
    fault = trunk.last_fault
    return TrunkStateShown(
        name=trunk.name,
        state=trunk.state,
        since=moment(trunk.since),
        reason=trunk.reason,
        last_fault=fault and TrunkFaultShown(reason=fault.reason, at=moment(fault.at)),
        registers=trunk.terms.registers,
        server=str(trunk.terms.proxy or trunk.terms.server),
        ways=[f"{flow.transport}:{join_host_port(*flow.remote)}" for flow in trunk.flows],
        calls=trunk.calls,
        most_calls=trunk.terms.calls,
        incoming=trunk.incoming,
        outgoing=trunk.outgoing,
        failures=trunk.failures,
    )


TRUNK_STATE_OPERATIONS = (
    Operation(
        path="/states/trunks",
        id="listTrunkStates",
        right=Right.SEE,
        summary="Whether trunks are registered or reachable, since when, and their calls.",
        answers={200: ("The trunks.", TrunkStatesShown)},
    ),
    Operation(
        path="/trunks/{name}/state",
        id="showTrunkState",
        right=Right.SEE,
        summary="Whether a trunk is registered or reachable, since when, and its calls.",
        answers={200: ("The trunk.", TrunkStateShown), 404: ("There is no such trunk.", Problem)},
    ),
)
"What `trunks_api.py` serves."
