"""What users of the web API may do: every command and path declares one right, a role has some.

A right that ends in `_OWN` is an application's as well, as far as its own extensions are concerned:
whoever declares it keeps applications to these (`User.owns`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from softswitch.settings.dialplan.patterns import is_between, range_of
from softswitch.settings.exchange.users import HttpUser, Role


class Right(Enum):
    """What a command or a path needs of its user."""

    SEE_OWN = "see what concerns own extensions"
    SEE = "see"
    OPERATE_OWN = "act on own extensions"
    OPERATE = "operate"
    ADMINISTER = "administer"
    "Change settings, delete files, and see what is as good as a password."


_OWN = frozenset({Right.SEE_OWN, Right.OPERATE_OWN})
VIEWS = frozenset({Right.SEE_OWN, Right.SEE})
"Rights to look, without changing anything."
RIGHTS: Mapping[Role, frozenset[Right]] = {
    "admin": frozenset(Right),
    "operator": VIEWS | {Right.OPERATE_OWN, Right.OPERATE},
    "viewer": VIEWS,
    "application": _OWN,
}
"The rights of each role."


def roles_with(right: Right) -> list[Role]:
    """The roles that have a right, the one with the least rights last."""
    return [role for role, rights in RIGHTS.items() if right in rights]


class NotAllowed(Exception):
    """A user may not do that; the sentence says what is missing."""


@dataclass(frozen=True)
class OwnNumbers:
    """The numbers that are an application's own."""

    ranges: tuple[tuple[str, str], ...]
    "First and last number of each, equally long."

    @classmethod
    def of(cls, texts: Iterable[str]) -> OwnNumbers:
        """Of numbers and ranges as the settings have them."""
        return cls(tuple(range_of(text) or (text, text) for text in texts))

    def __contains__(self, number: str) -> bool:
        return number in self._single or any(is_between(number, *each) for each in self._wide)

    def has_all(self, others: OwnNumbers) -> bool:
        """Whether all of these numbers are among them, each range within one of theirs."""
        return all(
            any(is_between(first, *each) and is_between(last, *each) for each in self.ranges)
            for first, last in others.ranges
        )

    @cached_property
    def _single(self) -> frozenset[str]:
        return frozenset(first for first, last in self.ranges if first == last)

    @cached_property
    def _wide(self) -> tuple[tuple[str, str], ...]:
        return tuple(each for each in self.ranges if each[0] != each[1])

    def texts(self) -> list[str]:
        """Numbers and ranges as the settings have them."""
        return [first if first == last else f"{first}-{last}" for first, last in self.ranges]

    def __str__(self) -> str:
        return ", ".join(self.texts())


@dataclass(frozen=True)
class User:
    """Who asks the switch for something."""

    name: str
    role: Role = "admin"
    own: OwnNumbers | None = None
    "The extensions of an application; None for the other roles, which are kept to none."
    networks: tuple[IPv4Network | IPv6Network, ...] = field(default=(), repr=False)
    "Where the user may come from; without any, from everywhere."
    is_gone: bool = False
    "Whether the settings know the user no more: then nothing is allowed."
    login: str = field(default="", compare=False)
    """How the user has shown who it is: `password`, `session` (the console), `terminal` (on this
    machine), or `token` with its name."""
    token: str = field(default="", compare=False)
    "The id of the token, where it is one."

    @classmethod
    def of(cls, settings: HttpUser) -> User:
        """The user of the settings."""
        is_application = settings.role == "application"
        return cls(
            settings.username,
            settings.role,
            OwnNumbers.of(settings.extensions) if is_application else None,
            tuple(map(ip_network, settings.networks)),
        )

    @classmethod
    def gone(cls, name: str) -> User:
        """A user whom the settings know no more."""
        return cls(name, "application", OwnNumbers(()), is_gone=True)

    def narrowed(self, role: Role, own: OwnNumbers | None, *, token: str, login: str) -> User:
        """The same user with the rights of that role only, and these numbers of an application.

        Raises NotAllowed where the user has less.
        """
        if self.is_gone or not RIGHTS[role] <= RIGHTS[self.role]:
            raise NotAllowed(f"{self.name} is {_article(self.role)}, which may not do all that")
        if self.own is not None and own is not None and not self.own.has_all(own):
            raise NotAllowed(f"{own} are not all extensions of {self.name}, expected {self.own}")
        return replace(self, role=role, own=own, token=token, login=login)

    def may_come_from(self, host: str) -> bool:
        """Whether requests of the user may come from an address."""
        if not self.networks:
            return True
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)

    def require(self, right: Right) -> None:
        """See that the user has a right. Raises NotAllowed."""
        if self.is_gone:
            raise NotAllowed(f"{self.name} is no user any more")
        if right not in RIGHTS[self.role]:
            roles = " or ".join(roles_with(right))
            raise NotAllowed(f"{self.name} is {_article(self.role)}, expected {_article(roles)}")

    def owns(self, *numbers: str) -> bool:
        """Whether any of these numbers is an application's own; of other users all are."""
        return self.own is None or any(number in self.own for number in numbers)

    def require_own(self, number: str) -> None:
        """See that the user is not kept to other extensions. Raises NotAllowed."""
        if not self.owns(number):
            raise NotAllowed(f"{number[:64]!r} is no extension of {self.name}, expected {self.own}")


def _article(role: str) -> str:
    return f"{'an' if role[0] in 'ao' else 'a'} {role}"


NOBODY = User.gone("")
"Who asks for what everybody may ask for; may do nothing else."
THE_SWITCH = User("")
"In whose name scripts act that no user has brought: those of the settings and of applications."

Whose = Callable[[], User]
"Says in whose name a script acts, as the settings are at that moment."


def whose_switch() -> User:
    """The switch itself, which no settings change."""
    return THE_SWITCH
