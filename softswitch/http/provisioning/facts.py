"""What a template is given: the account of one phone, the server it registers at, its keys."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import Extension
from softswitch.http.provisioning.timezones import Timezone, timezone
from softswitch.settings.exchange.codes import CodeSettings
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.load import Settings
from softswitch.settings.values import join_host_port

NO_DOMAIN = "localhost"
"The `sip.domain` of those who have set none: phones elsewhere cannot use it."


@dataclass(frozen=True, slots=True)
class PhoneServer:
    """Where phones register."""

    host: str
    port: int
    transport: str
    "`udp`, `tcp` or `tls`."


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A key beside a lamp or a label."""

    type: str
    "`blf` or `speed-dial`."
    number: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFacts:
    """Everything that a template may write, each under the name it has here."""

    number: str
    name: str
    "What the phone shows as its own; the number where there is no name."
    user: str
    "For the digest."
    password: str = field(repr=False)
    domain: str
    "Behind the @ of its address."
    server: str
    "Host without a port."
    port: int
    host_port: str
    transport: str
    "`udp`, `tcp` or `tls`."
    proxy: bool
    "Whether the server is not what the domain names, so that an outbound proxy has to be set."
    srtp: str
    "`off`, `optional` or `required`."
    codecs: tuple[str, ...]
    "Among PCMU, PCMA, G722 and opus, the preferred one first."
    dtmf: str
    "`event` (RFC 4733), `info` (SIP INFO) or `inband`."
    voicemail: str
    "Empty for none."
    pickup: str
    "Dialled in front of a number to take its call; empty for none."
    keys: tuple[KeyFacts, ...]
    lamp_list: str
    "The list of lamps that it subscribes to, as a user part; empty for none."
    listed: tuple[str, ...]
    "The numbers of that list."
    timezone: Timezone
    language: str
    "Two letters."
    expires: int
    "Seconds."
    mac: str
    "Twelve digits in lower case; empty where it is not known."
    url: str = field(repr=False)
    "Where the phone fetches its files, with a slash at the end."


class Facts:
    """The facts of every phone, as the settings are at the moment."""

    def __init__(
        self,
        directory: Directory,
        settings: Callable[[], Settings],
        passwords: Callable[[], Mapping[str, str]],
        server: Callable[[Settings], PhoneServer],
    ) -> None:
        """`settings` and `passwords` (of phones, by number) are asked anew for each file."""
        self._directory = directory
        self._settings = settings
        self._passwords = passwords
        self._server = server

    def phone(self, number: str) -> tuple[Extension, PhoneExtension] | None:
        """The extension of that number and its settings, if phones register with it."""
        found = self._directory.find(number)
        if found is None or not isinstance(found.settings, PhoneExtension):
            return None
        return (found, found.settings) if number in self._passwords() else None

    def of(self, extension: Extension, chosen: PhoneExtension, mac: str, url: str) -> PhoneFacts:
        """What the template of a phone is given; `mac` is the hardware address of who asks."""
        settings = self._settings()
        common, server = settings.provisioning, self._server(settings)
        domain = server.host if settings.sip.domain == NO_DOMAIN else settings.sip.domain
        return PhoneFacts(
            number=extension.number,
            name=one_line(extension.name) or extension.number,
            user=extension.number,
            password=self._passwords()[extension.number],
            domain=domain,
            server=server.host,
            port=server.port,
            host_port=join_host_port(server.host, server.port),
            transport=server.transport,
            proxy=domain != server.host,
            srtp=_srtp(chosen, settings, server.transport),
            codecs=settings.media.codecs,
            dtmf="event" if chosen.dtmf == "auto" else chosen.dtmf,
            voicemail=message_number(settings, chosen),
            pickup=pickup_prefix(settings.codes),
            keys=tuple(self._keys(chosen)),
            lamp_list=chosen.lamp_list or "",
            listed=_listed(settings, chosen.lamp_list),
            timezone=timezone(common.timezone),
            language=common.language,
            expires=common.expires,
            mac=mac or chosen.mac or "",
            url=url,
        )

    def _keys(self, chosen: PhoneExtension) -> list[KeyFacts]:
        keys = []
        for key in chosen.keys:
            other = self._directory.find(key.number)
            label = key.label or ("" if other is None else other.name) or key.number
            keys.append(KeyFacts(key.type, key.number, one_line(label)))
        return keys


def _listed(settings: Settings, name: str | None) -> tuple[str, ...]:
    """The numbers of a list of lamps."""
    return tuple(
        number for each in settings.lamp_lists if each.name == name for number in each.numbers()
    )


def _srtp(chosen: PhoneExtension, settings: Settings, transport: str) -> str:
    """Whether its media are encrypted; keys may travel in SDP only where TLS carries it."""
    policy = chosen.srtp or settings.media.srtp or ("optional" if transport == "tls" else "off")
    may_hold_keys = transport == "tls" or settings.media.sdes_without_tls
    return policy if may_hold_keys else "off"


def pickup_prefix(codes: CodeSettings) -> str:
    """What is dialled in front of a number to take its call; empty where no code does that."""
    for code in codes.pick_up:
        before, braces, behind = code.partition("{")
        if braces and behind.endswith("}"):
            return before
    return ""


def message_number(settings: Settings, chosen: PhoneExtension) -> str:
    """What the message key dials: as the settings say, else the code of a mailbox's owner."""
    codes = settings.codes.voicemail if chosen.mailbox else ()
    whole = [code for code in codes if "{" not in code]
    return settings.provisioning.voicemail or (whole[0] if whole else "")


def one_line(text: str) -> str:
    """A text for a display: every control character and line break becomes a space."""
    kept = "".join(" " if is_control(each) else each for each in text)
    return " ".join(kept.split())


def is_control(character: str) -> bool:
    """Whether it could begin a line of its own, or is none that a file should hold."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
