"""The list of the calls that have not ended; new calls are made here, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from softswitch.calls.call.call import Call, Listener, RecordingListener, RungListener
from softswitch.calls.call.terms import CallTerms
from softswitch.calls.endings.endings import CannotNow, Ending
from softswitch.sip.message.message import Request
from softswitch.telemetry.metrics import Metric
from softswitch.trace.traces import Traces


class TooManyCalls(CannotNow):
    """The switch has as many calls as it may; the message is a sentence."""


class Calls:
    """The calls that have not ended, by id, and counts of those that have."""

    __slots__ = (
        "_active",
        "_call_ids",
        "_now",
        "listeners",
        "outcomes",
        "recording_listeners",
        "refused",
        "rung_listeners",
        "terms",
        "traces",
    )

    def __init__(
        self,
        terms: CallTerms,
        now: Callable[[], float],
        call_ids: Callable[[], str],
        traces: Traces,
    ) -> None:
        """`now` is Unix time in seconds; `call_ids` makes an id that was never given before.

        `traces` hold what happens to each call.
        """
        self.traces = traces
        self.terms = terms
        self._now = now
        self._call_ids = call_ids
        self._active: dict[str, Call] = {}
        self.listeners: list[Listener] = []
        "Told of every change of state of every call, after the call's own listeners."
        self.rung_listeners: list[RungListener] = []
        "Told of every change of the phones that are rung, for every call."
        self.recording_listeners: list[RecordingListener] = []
        "Told of every recording of a call that begins."
        self.outcomes: Counter[str] = Counter()
        "Calls that have ended, by outcome."
        self.refused = 0
        "Calls that met a full or draining switch."

    def new(
        self,
        caller: tuple[str, str],
        dialled: str,
        invite: Request | None = None,
        *,
        is_urgent: bool = False,
    ) -> Call:
        """Make a call, which is not listed yet; `caller` is number and name.

        Raises TooManyCalls where there are as many as there may be, unless it `is_urgent`.
        """
        if len(self) >= self.terms.calls and not is_urgent:
            self.refused += 1
            raise TooManyCalls(f"the switch has {len(self)} calls, as many as limits.calls allows")
        call = Call(
            self._call_ids(),
            self.terms,
            caller,
            dialled,
            invite,
            now=self._now,
            traces=self.traces,
            listeners=self.listeners,
            rung_listeners=self.rung_listeners,
            recording_listeners=self.recording_listeners,
        )
        call.is_urgent = is_urgent
        return call

    def get(self, call_id: str) -> Call | None:
        """The call with that id, if it has not ended."""
        return self._active.get(call_id)

    def add(self, call: Call) -> None:
        """List a call."""
        self._active[call.id] = call

    def remove(self, call: Call, ending: Ending) -> None:
        """Take a call that has ended off the list."""
        if self._active.pop(call.id, None) is not None:
            self.outcomes[ending.outcome.value] += 1

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._active.values()))

    def __len__(self) -> int:
        return len(self._active)

    def metrics(self) -> Iterator[Metric]:
        """The number of calls, and counts of those that have ended."""
        yield Metric("calls", "Calls that go on", self.__len__)
        yield Metric(
            "calls_ended_total",
            "Calls that have ended, by outcome",
            lambda: dict(self.outcomes),
            "outcome",
        )
        yield Metric(
            "calls_refused_total",
            "Calls that met a full or draining switch",
            lambda: self.refused,
        )
