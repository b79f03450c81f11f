"""The codes as the settings want them dialled, found by what a caller has dialled."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from softswitch.calls.call.call import Call
from softswitch.calls.codes.service_code import Serve, ServiceCode
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.setup import ServeDialled
from softswitch.settings.exchange.codes import CodeSettings, expression

LONGEST_CODE = 96
"Characters; what is longer is no code."


class DialledCodes:
    """Finds what serves a dialled code; `settle` takes other settings at any time."""

    __slots__ = ("_answering", "_codes", "_first", "_groups", "_known", "_names")

    def __init__(
        self, answering: Answering, codes: Iterable[ServiceCode], settings: CodeSettings
    ) -> None:
        self._answering = answering
        self._codes = tuple(codes)
        self._groups: list[Serve] = []
        "What serves each alternative of the expression, by its number."
        self._names: list[str] = []
        "Its name, likewise."
        self._known = _NOTHING
        self._first: set[str] = set()
        "How a code may begin; most numbers begin otherwise."
        self.settle(settings)

    def settle(self, settings: CodeSettings) -> None:
        """Take the codes of these settings from now on."""
        known = [(code, each) for code in self._codes for each in getattr(settings, code.name)]
        alternatives = [f"(?P<c{at}>{expression(each)})" for at, (_, each) in enumerate(known)]
        self._groups = [code.serve for code, _ in known]
        self._names = [code.name for code, _ in known]
        self._first = {each[0] for _, each in known}
        self._known = re.compile("|".join(alternatives)) if alternatives else _NOTHING

    def find(self, dialled: str) -> ServeDialled | None:
        """What serves a call to this code; None when it is none."""
        if dialled[:1] not in self._first or len(dialled) > LONGEST_CODE:
            return None
        found = self._known.fullmatch(dialled)
        if found is None or found.lastgroup is None:
            return None
        number = self._known.groupindex[found.lastgroup]
        words = [word for word in found.groups()[number:] if word is not None]
        serve = self._groups[int(found.lastgroup[1:])]
        return partial(self._serve, serve, "*".join(words))

    def name_of(self, dialled: str) -> str:
        """Which code it is, by its key in `[codes]`; empty when it is none."""
        found = self._known.fullmatch(dialled[: LONGEST_CODE + 1])
        if found is None or found.lastgroup is None:
            return ""
        return self._names[int(found.lastgroup[1:])]

    async def _serve(self, serve: Serve, argument: str, call: Call) -> None:
        call.callee.number, call.callee.name = call.dialled, ""
        await serve(self._answering, call, argument)


_NOTHING = re.compile(r"(?!)")
