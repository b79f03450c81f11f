"""What `serve` prints when it is ready: server, users and passwords to type into a softphone."""

from __future__ import annotations

from collections.abc import Iterator

from softswitch.app.exchange.provisioning import SECURE, shown_host
from softswitch.http.web_sockets import PATH
from softswitch.settings.extensions.echo import EchoExtension
from softswitch.settings.load import Settings
from softswitch.settings.passwords import Passwords
from softswitch.settings.server import SipSettings
from softswitch.settings.values import ListenAddress, join_host_port

SHOWN = 5
"Phones that are printed, with their random passwords; the file has those of all."
AS_SET = "as in the settings"
"Stands in the place of a password that somebody chose."


def what_to_type(settings: Settings, passwords: Passwords) -> Iterator[str]:
    """The lines for people with softphones and HTTP clients; passwords only if they are random."""
    if passwords.phones:
        yield from _servers(settings)
        yield from _phones(passwords)
        for extension in settings.extensions:
            if isinstance(extension, EchoExtension):
                yield f"  call {next(extension.numbers())} to hear yourself"
    for user in sorted(passwords.http):
        shown = passwords.http[user] if user in passwords.random_http else AS_SET
        yield f"HTTP: user {user}   password {shown}"
    if passwords.random_phones or passwords.random_http:
        yield f"(all random passwords are in {passwords.file})"


def where_to_begin(settings: Settings, listen: tuple[str, int]) -> str:
    """The last line: the address of the console, from where the web server listens."""
    host = shown_host(settings, listen[0], secure=settings.http.tls)
    url = f"{settings.http.scheme}://{join_host_port(host, listen[1])}/"
    return f"The console shows what to do first: {url}"


def _servers(settings: Settings) -> Iterator[str]:
    """Where softphones connect to, and pages with phones in them."""
    listens = settings.sip.listen
    softphones = [each for each in listens if not each.is_web_socket]
    pages = [_url(settings, each) for each in listens if each.is_web_socket]
    if softphones:
        server = _shown(settings, softphones[0].host)
        yield f"Softphones: server {server}, {', or '.join(_ports(settings.sip))}"
    if pages:
        yield f"Web pages: {' or '.join(pages)}"


def _shown(settings: Settings, host: str) -> str:
    """What others reach a socket by; with TLS the name that the certificate must have."""
    is_secure = any(each.transport in SECURE for each in settings.sip.listen)
    return shown_host(settings, host, secure=is_secure)


def _url(settings: Settings, listen: ListenAddress) -> str:
    host_port = join_host_port(_shown(settings, listen.host), listen.port)
    return f"{listen.transport}://{host_port}{PATH if settings.http.is_at(listen) else ''}"


def _ports(sip: SipSettings) -> Iterator[str]:
    """The ports for softphones, the first one first, and what is spoken there."""
    spoken: dict[int, dict[str, None]] = {}
    for listen in sip.listen:
        if not listen.is_web_socket:
            spoken.setdefault(listen.port, {})[listen.transport.upper()] = None
    for port, transports in spoken.items():
        yield f"port {port}, {' or '.join(transports)}"


def _phones(passwords: Passwords) -> Iterator[str]:
    """Phones with random passwords come first."""
    random = passwords.random_phones
    for number in sorted(passwords.phones, key=lambda each: (each not in random, each))[:SHOWN]:
        shown = passwords.phones[number] if number in random else AS_SET
        yield f"  user {number}   password {shown}"
