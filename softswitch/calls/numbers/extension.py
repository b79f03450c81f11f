"""An extension, and what its kind (`type` in the settings and the API) says about all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from softswitch.calls.leg.media_terms import NO_OWN_TERMS, SrtpTerms
from softswitch.settings.exchange.prompts import source_of
from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.features import MailboxSettings
from softswitch.settings.srtp import SrtpChoice

SettingsT = TypeVar("SettingsT", bound=ExtensionSettings)


class MemberOrder(Enum):
    """How the members of a group are put in order for a call."""

    LISTED = "as the settings list them"
    ROUND_ROBIN = "the call begins with the member after the one that the last call began with"
    RANDOM = "shuffled for every call"
    LEAST_RECENT = "whose last conversation is the longest ago comes first"


@dataclass(frozen=True, slots=True)
class RingPlan:
    """The extensions whose phones ring for an extension, and how."""

    numbers: tuple[str, ...]
    "The extensions whose phones ring; those without a registered phone are passed over."
    in_turn: bool = False
    "Whether one extension rings after the other; otherwise all ring at once."
    ring_time: float | None = None
    "Seconds of ringing, each time with `in_turn`; None for `sip.ring_time`."
    group: str = ""
    "The number of the group whose members these are; empty for a phone."
    order: MemberOrder = MemberOrder.LISTED
    "How the members are put in order for a call."
    delays: Mapping[str, float] = field(default_factory=dict)
    "Seconds after which a member begins to ring beside the others, by its number."
    skip_busy: bool = False
    "Whether members who talk, or ring already, are passed over."
    overflow: str = ""
    "The number to ring when no member takes the call; it may use the routes of `group`."


IsOpen = Callable[[str], bool]
"Whether the calendar of that name is open now."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExtensionKind:
    """A kind of extensions. What depends on the kind is asked here, not by comparing names.

    A kind rings phones (`ring`), sends its calls on (`leads_to`), or something serves its calls:
    see `softswitch/calls/kinds/`.
    """

    name: str
    "`type` in the settings."
    api_name: str
    "Its name in ListExtensionTypes and ListExtensions."
    settings: type[ExtensionSettings]
    "The model of its entries in the settings."
    ring: Callable[[Extension], RingPlan] | None = None
    "The extensions whose phones ring for an extension; None for a kind that rings none."
    leads_to: Callable[[Extension, IsOpen], str] | None = None
    "The number that calls to an extension go on to now, whoever calls; None for most kinds."
    registers: bool = False
    "Whether phones register with it; the API shows whether one has."
    is_room: bool = False
    "Whether its callers meet in a room, into which commands and transfers may lead a party."
    is_scripted: bool = False
    """Whether a script of OzML serves it: then commands may place calls in its name, and
    notifications about its calls name it as ApiExtension."""
    takes_messages: bool = False
    "Whether text messages to it are handed to its application. (Those to phones go to the phones.)"


@dataclass(frozen=True, slots=True)
class Extension:
    """One number of the switch and its destination."""

    number: str
    kind: ExtensionKind
    settings: ExtensionSettings = field(repr=False)
    "Its entry in the settings, without passwords; a block of numbers shares one."
    name: str = ""
    "Display name; what the other party's phone shows."

    def settings_as(self, model: type[SettingsT]) -> SettingsT:
        """Its settings, known to be those of a kind. Raises TypeError when they are another's."""
        if not isinstance(self.settings, model):
            raise TypeError(f"{self.number} is of kind {self.kind.name}, not a {model.__name__}")
        return self.settings

    @property
    def srtp(self) -> SrtpTerms:
        """What its settings say about SRTP."""
        chosen = self.settings
        if not isinstance(chosen, SrtpChoice):
            return NO_OWN_TERMS
        return SrtpTerms(chosen.srtp, chosen.srtp_keys)

    @property
    def identities(self) -> tuple[str, ...]:
        """Other numbers that its phone may show as its own."""
        return self.settings.identities if isinstance(self.settings, PhoneExtension) else ()

    @property
    def pickup_groups(self) -> tuple[str, ...]:
        """The groups whose phones may pick up each other's calls."""
        return self.settings.pickup_groups if isinstance(self.settings, PhoneExtension) else ()

    @property
    def rights(self) -> tuple[str, ...] | None:
        """The classes of numbers that it may dial; None where its settings do not say."""
        return self.settings.rights if isinstance(self.settings, PhoneExtension) else None

    @property
    def mailbox(self) -> MailboxSettings | None:
        """The settings of its mailbox; None where it has none."""
        chosen = self.settings
        return chosen if isinstance(chosen, MailboxSettings) and chosen.mailbox else None

    @property
    def ringback(self) -> str:
        """An audio file that callers hear while it rings; empty where its settings name none."""
        named = self.settings.named_sounds().get("ringback")
        return "" if named is None else source_of(named)

    @property
    def country(self) -> str:
        """Whose tones it hears; empty where its settings do not say."""
        return (isinstance(self.settings, PhoneExtension) and self.settings.country) or ""

    @property
    def location(self) -> str:
        """Where it is, for emergency services; empty where its settings do not say."""
        return (isinstance(self.settings, PhoneExtension) and self.settings.location) or ""

    @property
    def callback(self) -> str:
        """The number that emergency services call back; empty where its settings do not say."""
        return (isinstance(self.settings, PhoneExtension) and self.settings.callback) or ""

    @property
    def ring_plan(self) -> RingPlan | None:
        """The extensions whose phones ring for it; None for a kind that rings none."""
        return None if self.kind.ring is None else self.kind.ring(self)
