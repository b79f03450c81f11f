"""Which connections carry a message: the rules of the settings, first match decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from re import Pattern
from re import compile as compile_pattern

from softswitch.messaging.connections.connection import API

DEFAULTS = {"sms": ("smpp", "smpp-server"), "email": ("email",)}
"Without a rule: the kinds of connections that take the messages of commands, by kind of message."


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of `[[message_routes]]`."""

    connections: tuple[str, ...]
    to: str = "*"
    sender: str = "*"
    source: str | None = None
    kind: str | None = None


def pattern_of(wildcards: str) -> Pattern[str]:
    """A pattern in which only `*` and `?` are special."""
    return compile_pattern(translate(wildcards.replace("[", "[[]")))


class Routes:
    """All rules."""

    def __init__(self, rules: Iterable[Rule], kinds: Sequence[tuple[str, str]]) -> None:
        """`kinds`: name and kind of every connection, in the order of the settings."""
        self._rules = [(rule, pattern_of(rule.to), pattern_of(rule.sender)) for rule in rules]
        self._kinds = tuple(kinds)

    def find(self, *, to: str, sender: str, source: str, kind: str) -> tuple[str, ...]:
        """The connections to try in order; empty where no rule fits."""
        for rule, recipients, senders in self._rules:
            if (
                rule.source in (None, source)
                and (rule.kind is None or kind in (rule.kind, "any"))
                and recipients.match(to)
                and senders.match(sender)
            ):
                return rule.connections
        if source != API:
            return ()
        wanted = DEFAULTS.get(kind, ())
        return tuple(name for name, its_kind in self._kinds if its_kind in wanted)
