"""What `serve` prints when it is ready: server, users and passwords to type into a softphone."""

from __future__ import annotations

from collections.abc import Iterator

from softswitch.app.parts.media import media_addresses
from softswitch.settings.extensions.echo import EchoExtension
from softswitch.settings.load import Settings
from softswitch.settings.passwords import Passwords
from softswitch.settings.server import SipSettings
from softswitch.transport.addresses import WILDCARDS

SHOWN = 5
"Phones that are printed, with their random passwords; the file has those of all."
AS_SET = "as in the settings"
"Stands in the place of a password that somebody chose."


def what_to_type(settings: Settings, passwords: Passwords) -> Iterator[str]:
    """The lines for people with softphones and HTTP clients; passwords only if they are random."""
    if passwords.phones:
        yield _server(settings)
        yield from _phones(passwords)
        for extension in settings.extensions:
            if isinstance(extension, EchoExtension):
                yield f"  call {next(extension.numbers())} to hear yourself"
    for user in sorted(passwords.http):
        shown = passwords.http[user] if user in passwords.random_http else AS_SET
        yield f"HTTP: user {user}   password {shown}"
    if passwords.random_phones or passwords.random_http:
        yield f"(all random passwords are in {passwords.file})"


def _server(settings: Settings) -> str:
    listens = settings.sip.listen
    server = next((each for each in listens if not each.is_web_socket), listens[0]).host
    if server in WILDCARDS:
        server = settings.sip.advertise or media_addresses(settings.sip, settings.media)[0]
    return f"Softphones: server {server}, {', or '.join(_ports(settings.sip))}"


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
