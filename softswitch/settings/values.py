"""The kinds of values that settings have, each with the sentence that says what was expected."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from softswitch.shipped.files import FOLDER

T = TypeVar("T")
SHORTEST_SECRET = 16
"Characters of what signs: whoever guesses it can invent what the switch says."
DigestAlgorithm = Literal["SHA-256", "SHA-512-256", "MD5"]
AVAILABLE_TRANSPORTS = ("udp", "tcp", "tls", "ws", "wss")
SHIPPED = "shipped:"
"How the name of a file begins that comes with the package."


class ListenAddress(NamedTuple):
    """One listening socket, `udp:127.0.0.1:5060` or `tcp:[::1]:5060` in the file."""

    transport: str
    host: str
    port: int

    @property
    def is_web_socket(self) -> bool:
        """Whether browsers come by it, as to an HTTP server."""
        return self.transport in ("ws", "wss")

    def __str__(self) -> str:
        return f"{self.transport}:{join_host_port(self.host, self.port)}"


def join_host_port(host: str, port: int) -> str:
    """`host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_host_port(text: str, *, default_port: int | None = None) -> tuple[str, int]:
    """Read `host:port` or `[v6]:port`; ValueError when that is not what it says."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^\[\]:\s]+))(?::([0-9]{1,5}))?", text)
    if match is None or (match[3] is None and default_port is None):
        raise ValueError("expected HOST:PORT")
    port = int(match[3]) if match[3] is not None else default_port
    if port is None or port > 65535:
        raise ValueError("expected a port of at most 65535")
    return match[1] or match[2], port


def is_ip(host: str) -> bool:
    """Whether it is a numeric address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def read_ip(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        raise ValueError(f"expected a numeric address, not {host!r}") from None


def read_listen(value: object) -> ListenAddress:
    if isinstance(value, ListenAddress):
        return value
    transport, colon, rest = str(value).partition(":")
    if not colon or transport not in AVAILABLE_TRANSPORTS:
        known = ", ".join(f"{name}:" for name in AVAILABLE_TRANSPORTS)
        raise ValueError(f"expected ADDRESS:PORT after one of {known}")
    host, port = split_host_port(rest)
    return ListenAddress(transport, read_ip(host), port)


def read_origin(value: str) -> str:
    """The origin of a page as browsers write it (RFC 6454 section 6.2): in lower case."""
    origin = value.lower()
    if origin != "null" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+", origin):
        raise ValueError("expected an origin such as https://phone.example.org, without a path")
    return origin


def read_name_server(value: object) -> tuple[str, int]:
    host, port = split_host_port(str(value), default_port=53)
    return read_ip(host), port


def read_host_port(value: object) -> tuple[str, int]:
    if isinstance(value, tuple):
        return value
    host, port = split_host_port(str(value))
    return read_ip(host), port


def read_port_range(value: object) -> range:
    if isinstance(value, range):
        return value
    match = re.fullmatch(r"([0-9]{1,5})-([0-9]{1,5})", str(value))
    if match is None or not 1024 <= int(match[1]) < int(match[2]) <= 65535:
        raise ValueError('expected "FIRST-LAST" between 1024 and 65535')
    return range(int(match[1]), int(match[2]) + 1)


def read_network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise ValueError(f"expected an address or network such as 10.0.0.0/8, not {value!r}") from (
            None
        )


def read_url(value: str) -> str:
    if re.fullmatch(r"https?://[^\s/]+\S*", value) is None:
        raise ValueError("expected a URL that begins with http:// or https://")
    return value


def read_base_url(value: str) -> str:
    if "?" in value or "#" in value:
        raise ValueError("expected a URL without ? and #")
    return value.rstrip("/")


def read_number(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_.+*#-]{1,64}", value, re.ASCII) is None:
        raise ValueError("expected 1 to 64 letters, digits or _ . + * # -")
    return value


_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]")


def read_line(value: str) -> str:
    """Text for a header or a line of a file: a line break in it would begin another one."""
    if _CONTROL.search(value):
        raise ValueError("expected one line without control characters")
    return value


def read_storage_url(value: str) -> str:
    if re.match(r"(sqlite|postgresql)(\+\w+)?://", value) is None:
        raise ValueError("expected sqlite:///FILE or postgresql://USER@HOST/DATABASE")
    return value


def read_distinct(value: tuple[T, ...]) -> tuple[T, ...]:
    """At least one element, none twice; port 0 names a new socket every time."""
    if not value:
        raise ValueError("expected at least one element")
    fixed = [element for element in value if not str(element).endswith(":0")]
    if len(set(fixed)) != len(fixed):
        raise ValueError("expected every element once")
    return value


Country = Literal[
    "us", "uk", "de", "fr", "eu", "hu", "at", "ch", "it", "es", "nl", "se", "pl", "ru", "jp", "au",
    "nz", "in", "br", "mx", "cn", "za",
]  # fmt: skip
"A country whose tones are known; `eu` for those of ETSI."
DigestList = Annotated[tuple[DigestAlgorithm, ...], AfterValidator(read_distinct)]
Number = Annotated[str, AfterValidator(read_number)]
Line = Annotated[str, AfterValidator(read_line)]
"Text without control characters."
Url = Annotated[str, AfterValidator(read_url)]
Network = Annotated[str, AfterValidator(read_network)]
HostPort = tuple[str, int]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Dscp = Annotated[int, Field(ge=0, le=63)]


def available_cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Section(BaseModel):
    """A table of the file: unknown keys are errors, values do not change after reading."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        defer_build=True,  # `Settings` is built of them, and few are read alone
    )


def read_secret(name: str, value: str | None, file: Path | None) -> str | None:
    """A secret that stands in the settings as `name`, or in a file as `name_file`."""
    if value is not None and file is not None:
        raise ValueError(f"expected {name} or {name}_file, not both")
    if value == "":
        raise ValueError(f"expected a {name} that is not empty")
    if value is not None and _CONTROL.search(value):
        raise ValueError(f"expected a {name} without control characters")
    if file is None:
        return value
    try:
        first = file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    except OSError as error:
        raise ValueError(f"{name}_file {file} cannot be read: {error.strerror}") from None
    if not first:
        raise ValueError(f"{name}_file {file} is empty")
    return first


def read_signing_secret(value: str | None, file: Path | None) -> str | None:
    """A secret that signs what is sent, as `secret` or in a `secret_file`; raises ValueError."""
    secret = read_secret("secret", value, file)
    if secret is not None and len(secret) < SHORTEST_SECRET:
        raise ValueError(f"expected a secret of at least {SHORTEST_SECRET} characters")
    return secret


class Secret(Section):
    """A table that may carry a password, in the file or in a file of its own."""

    password: str | None = Field(default=None, repr=False)
    "The password itself; without one a random one is made at the first start and kept."
    password_file: Path | None = None
    "A file whose first line is the password, for secrets mounted by Docker or systemd."

    @model_validator(mode="after")
    def _read_file(self) -> Self:
        password = read_secret("password", self.password, self.password_file)
        object.__setattr__(self, "password", password)
        return self


def read_zone(name: str) -> str:
    """The name of a time zone; raises ValueError when this machine knows no such zone."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError(f"expected a time zone such as Europe/Berlin, not {name[:64]!r}") from None
    return name


def _shipped(value: object) -> object:
    """The path of a shipped file; other values as they are."""
    if not isinstance(value, str) or not value.startswith(SHIPPED):
        return value
    name = value.removeprefix(SHIPPED)
    if name not in {each.name for each in FOLDER.glob("*.ogg")}:
        raise ValueError(f"expected a sound that is shipped, such as {SHIPPED}hold.ogg")
    return FOLDER / name


SoundFile = Annotated[Path, BeforeValidator(_shipped)]
"An audio file, or one that comes with the package: `shipped:hold.ogg`."
