"""The tables that say how the server runs: [sip] [media] [http] [storage] [guard] and so on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from softswitch.settings.exchange.users import HttpUser
from softswitch.settings.plain import places
from softswitch.settings.srtp import SrtpPolicy
from softswitch.settings.values import (
    Count,
    Country,
    DigestList,
    Dscp,
    HostPort,
    ListenAddress,
    Network,
    Seconds,
    Section,
    SoundFile,
    Url,
    available_cores,
    read_base_url,
    read_distinct,
    read_host_port,
    read_ip,
    read_listen,
    read_name_server,
    read_origin,
    read_port_range,
    read_signing_secret,
    read_storage_url,
)


class SipSettings(Section):
    """Signalling: who we are, where we listen, and the bounds of the protocol."""

    domain: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:-]+$")] = (
        "localhost"
    )
    "Realm of the digest and home domain."
    digest: DigestList = ("MD5",)
    """Algorithms that are offered in challenges, in this order. Every phone knows MD5, and many
    read only the first challenge; an extension may have algorithms of its own."""
    listen: Annotated[
        tuple[Annotated[ListenAddress, BeforeValidator(read_listen)], ...],
        AfterValidator(read_distinct),
    ] = (ListenAddress("udp", "127.0.0.1", 5060), ListenAddress("tcp", "127.0.0.1", 5060))
    "Sockets that carry SIP."
    origins: tuple[Annotated[str, AfterValidator(read_origin)], ...] = ()
    """Origins of the pages that may open a WebSocket, such as `https://phone.example.org`; without
    any, all pages may: they need the password of an extension to do anything."""
    reconnect_time: Annotated[float, Field(ge=0)] = 10
    """Seconds in which a phone may connect again: so long the registration of a page outlives its
    WebSocket, and a call waits for a phone whose connection is gone, as all are after a restart."""
    advertise: Annotated[str, AfterValidator(read_ip)] | None = None
    "Our public address behind a NAT, for Via and Contact; without the key, the socket's own."
    name_servers: tuple[Annotated[HostPort, BeforeValidator(read_name_server)], ...] = ()
    """Servers that are asked for the addresses of trunks and of hosts in SDP, ADDRESS or
    ADDRESS:PORT; without any, those of the system. /etc/hosts counts before them."""
    max_contacts: Count = 10
    "Contacts that one extension may have at a time; then the oldest gives way."
    min_expires: Count = 60
    "Shortest registration in seconds; less is refused with 423."
    default_expires: Count = 3600
    "Seconds of a registration that does not ask for any."
    max_expires: Count = 7200
    "Longest registration in seconds; more is shortened."
    ring_time: Seconds = 60
    "Seconds that a phone rings before the call counts as not answered."
    session_expires: Annotated[int, Field(ge=0, le=86_400)] = 1800
    """Seconds of the session timer that we ask for (RFC 4028): a phone that has vanished without a
    BYE ends its call after as long at most. 0 asks for none; what a peer asks for is kept to."""
    min_session_expires: Annotated[int, Field(ge=90, le=86_400)] = 90
    "The shortest session timer that we agree to; less is refused with 422."
    nonce_life: Seconds = 300
    "Seconds that a challenge may be answered."
    caller_number: Annotated[str, Field(pattern=r"^[A-Za-z0-9+*#._-]{1,64}$")] | None = None
    """The number that calls of commands show when neither CallerId nor ApiExtension is given;
    without the key, the number that is dialled."""
    tcp_above: Annotated[int, Field(ge=200, le=65535)] = 1300
    """Requests to UDP targets with more octets try TCP first, for 0.3 s (RFC 3261 section
    18.1.1)."""
    connect_timeout: Seconds = 4
    "Seconds that an outgoing TCP connection may take."
    stream_timeout: Seconds = 32
    "Seconds for a connection's first message and for the rest of a message that has begun."
    options_interval: Annotated[float, Field(ge=0)] = 0
    """Seconds between OPTIONS to registered UDP contacts, which keep NAT bindings open; 0 is off.
    Calls pass over a phone that used to answer and has left several unanswered."""
    dscp: Dscp = 24
    "Differentiated services code point of signalling (24 is CS3)."
    receive_buffer: Annotated[int, Field(ge=4096)] = 4 * 1024 * 1024
    "Octets that the kernel may hold for each UDP socket."

    @model_validator(mode="after")
    def _expiry_bounds(self) -> Self:
        if not self.min_expires <= self.default_expires <= self.max_expires:
            raise ValueError("expected min_expires <= default_expires <= max_expires")
        if 0 < self.session_expires < self.min_session_expires:
            raise ValueError("expected session_expires of 0, or min_session_expires and above")
        return self


SpokenName = Literal["PCMU", "PCMA", "G722", "opus"]


class MediaSettings(Section):
    """RTP: what SDP announces and how many processes carry it."""

    address: str = "auto"
    """What SDP announces. `auto` is the first SIP address that is not a wildcard, else this
    machine's address on the way to the Internet."""
    ports: Annotated[range, BeforeValidator(read_port_range)] = range(10000, 20000)
    "RTP takes the even ones, RTCP the odd ones above."
    workers: Count = Field(default_factory=lambda: max(1, available_cores() - 1))
    "Processes that carry media; without the key, the number of cores minus one."
    timeout: Seconds = 60
    "A call ends after so many seconds without a valid packet."
    hold_timeout: Seconds = 3600
    "The same for a call on hold."
    codecs: Annotated[tuple[SpokenName, ...], AfterValidator(read_distinct)] = (
        "PCMU",
        "PCMA",
        "G722",
        "opus",
    )
    """What the switch offers in calls of its own, in this order, and adds to what phones offer each
    other."""
    srtp: SrtpPolicy | None = None
    """Whether media are encrypted, where an extension or a trunk does not say it. Without the key,
    `optional` for phones and trunks over TLS and WebSocket, `off` for those over UDP and TCP."""
    sdes_without_tls: bool = False
    """Whether keys of SRTP may travel in the SDP of SIP that is not carried by TLS, where everybody
    on the way can read them."""
    warm_speech: bool = False
    """Whether each worker loads its English voice at the start (200 MB), so that the first `Speak`
    need not wait a second for it."""
    country: Country = "us"
    "Whose tones callers hear, where extension or trunk do not say it."
    hold_music: SoundFile | None = None
    "Music for the party on hold, such as `shipped:hold.ogg`; without the key, silence."
    error_prompt: Path | None = None
    "An audio file that callers hear when a script cannot go on; without the key, a tone."

    @field_validator("address")
    @classmethod
    def _numeric(cls, value: str) -> str:
        return value if value == "auto" else read_ip(value)

    @property
    def pairs(self) -> int:
        """How many legs have ports: an even one and the odd one above it."""
        return len(self.ports[self.ports[0] % 2 : -1 : 2])


class HttpSettings(Section):
    """The HTTP interface: health, metrics, commands."""

    listen: Annotated[tuple[str, int], BeforeValidator(read_host_port)] = ("127.0.0.1", 9509)
    tls: bool = False
    """Whether it is HTTPS, with the certificates of [tls]. A ws: or wss: address of sip.listen that
    is the same as this one shares its server."""
    users: tuple[HttpUser, ...] = ()
    public_url: Annotated[Url, AfterValidator(read_base_url)] | None = None
    """What the URLs of recordings begin with; without the key, the address that the application
    reaches."""
    ticket_life: Seconds = 86_400
    "Seconds that such a URL can be fetched without a password."
    header_timeout: Seconds = 10
    "Seconds that the header of a request may take; then it is answered 408."
    body_timeout: Seconds = 60
    "The same for its body."
    open_metrics: bool = True
    "Whether /metrics is for everybody; else for users, and tokens, that may see what there is."
    session_life: Seconds = 43_200
    "Seconds after which a login at the console ends."
    session_idle: Seconds = 7_200
    "Seconds without a request after which it ends."

    def is_at(self, listen: ListenAddress) -> bool:
        """Whether its server is the one of a WebSocket of sip.listen."""
        return listen.port != 0 and (listen.host, listen.port) == self.listen

    @property
    def scheme(self) -> str:
        """What its URLs begin with."""
        return "https" if self.tls else "http"

    @field_validator("users")
    @classmethod
    def _users_once(cls, value: tuple[HttpUser, ...]) -> tuple[HttpUser, ...]:
        names = [user.username for user in value]
        if len(set(names)) != len(names):
            raise ValueError("expected every username once")
        return value


class StorageSettings(Section):
    """What is kept on disk, relative to the working directory."""

    url: Annotated[str, AfterValidator(read_storage_url)] = places.DATABASE
    recordings: Path = Path("data/recordings")
    static: Path = Path("config/static")
    "Where relative paths of Play start."
    passwords: Path | None = None
    "Random passwords (mode 0600); without the key, beside the SQLite database, else in data/."
    prompts: Path = Path("data/prompts")
    "Where sounds are kept that are uploaded for prompts."
    scripts: Path = Path("data/scripts")
    "Where scripts are kept that are written while the switch runs, with their versions."
    spool: Path | None = None
    """Where records of calls wait while the database refuses them, on a disk of this machine;
    without the key, beside the SQLite database, else in data/."""
    time_limit: Annotated[float, Field(ge=1)] = 5
    "Seconds that PostgreSQL may take for a connection or for what it is asked."

    @property
    def sqlite_file(self) -> Path | None:
        """The database file, when there is one."""
        return places.sqlite_file(self.url)

    @property
    def passwords_file(self) -> Path:
        """Where the random passwords are kept."""
        return places.passwords_file(self.url, self.passwords)

    @property
    def terminal_key_file(self) -> Path:
        """Where a running switch says how commands on this machine ask it."""
        return places.terminal_key_file(self.passwords_file)

    @property
    def spool_file(self) -> Path:
        """Where records of calls wait for the database."""
        database = self.sqlite_file
        folder = places.data_folder(self.url)
        return self.spool or Path(f"{database}.spool" if database else folder / "calls.spool")


class HistorySettings(Section):
    """The call history."""

    keep_days: Annotated[float, Field(ge=0)] = 365
    "Days that records of calls are kept after the start of the call; 0 keeps them for ever."


class AuditSettings(Section):
    """The audit log: what was changed, by whom and from where."""

    keep_days: Annotated[float, Field(ge=0)] = 365
    "Days that it is kept; 0 keeps it for ever."


class OzmlSettings(Section):
    """How scripts and commands are read."""

    strict: bool = False
    """Whether an unknown parameter, or one that is given twice with one value, is an error; without
    it such is skipped with a warning."""


class NotificationSettings(Section):
    """URLs that hear about calls; all optional."""

    incoming_call: Url | None = None
    call_changed: Url | None = None
    routing_interception: Url | None = None
    error: Url | None = None
    emergency: Url | None = None
    "Hears EmergencyCall for every call to an emergency number."
    secret: Annotated[str | None, Field(repr=False)] = None
    """What notifications are signed with that go to applications of the settings, at least 16
    characters; without it they are not signed."""
    secret_file: Path | None = None
    "A file whose first line is the secret."

    @model_validator(mode="after")
    def _read_secret(self) -> Self:
        secret = read_signing_secret(self.secret, self.secret_file)
        object.__setattr__(self, "secret", secret)
        return self


class GuardSettings(Section):
    """Bounds for unknown sources, bans, and where scripts may fetch from."""

    fetch_allow: tuple[Network, ...] = ()
    "Private networks that scripts and commands may fetch from."
    trusted: tuple[Network, ...] = ()
    "Sources that are never rate-limited or banned."
    requests_per_second: Count = 1000
    "Requests a second without valid credentials that one address may send before it is ignored."
    failures: Count = 5
    "Wrong passwords for one account from one source within `failure_window` that ban the source."
    failure_window: Seconds = 60
    ban_time: Seconds = 300
    "Seconds of the first ban; each further one doubles."


class LimitSettings(Section):
    """Upper bounds: what is above them is refused, what already runs goes on."""

    calls: Count = 2000
    """Calls at a time, also those that the switch begins: more are answered 503, commands 402. An
    emergency call has no such limit."""
    legs_per_call: Count = 32
    "Phones that one call may ring."
    connections: Count = 4096
    "SIP connections at a time, of TCP, TLS and WebSocket together."
    connections_per_address: Count = 512
    "SIP connections at a time from one address."
    http_connections: Count = 512
    "HTTP connections at a time; at the bound half-sent requests give way."
    http_connections_per_address: Count = 256
    "HTTP connections at a time from one address."


class LoggingSettings(Section):
    """The log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    messages: Literal["off", "line", "whole"] = "line"
    "What is written for every SIP message; `whole` masks credentials."
    format: Literal["text", "json"] = "text"


class TraceSettings(Section):
    """The timelines of calls."""

    enabled: bool = True
    "Whether there are any."
    media_interval: Annotated[float, Field(ge=0)] = 5
    "Seconds between two lines about how a party sounds; 0 writes none."
    keep_days: Annotated[int, Field(ge=0, le=3650)] = 7
    "Days for which traces are kept on disk; 0 keeps the last few in memory alone."
    folder: Path = Path("data/traces")
    "Where they are kept, in files of the switch alone."
    most_megabytes: Annotated[int, Field(ge=16)] = 1024
    "What they may take on disk; of more, the oldest are removed before their time."


class ShutdownSettings(Section):
    """What SIGTERM does."""

    grace_time: Annotated[float, Field(ge=0)] = 10
    "Seconds that calls may go on after SIGTERM before they get a goodbye."
    emergency_time: Annotated[float, Field(ge=0)] = 300
    """Seconds that emergency calls may go on after that; new ones are taken all the same. A second
    SIGTERM ends them at once."""
