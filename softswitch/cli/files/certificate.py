"""`softswitch certificate`: an authority of one's own, and certificates of it for trials."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256

from softswitch.cli.authority import Authority, Issued
from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.transport.addresses import primary_address

HOST = re.compile(r"(\*\.)?[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
TRUSTED = "/usr/local/share/ca-certificates/softswitch.crt"
"Where Debian looks for authorities besides its own."
LONGEST = 253
"Characters of a host name."


def make_certificate(names: Sequence[str], *, folder: Path, file: str, days: int) -> None:
    """Write a certificate for these names or addresses, and say what to do with it.

    `file` names the certificate and the key in `folder`; the authority is made where there is none.
    """
    names = names or own_names()
    wrong = [name for name in names if not is_name(name)]
    if wrong:
        fail(
            [f"expected a host name or an address, not {name!r}" for name in wrong], WRONG_SETTINGS
        )
    certificate, key = folder / f"{file}.pem", folder / f"{file}.key"
    try:
        authority = _authority(folder)
        _check_replacement(certificate, authority)
        issued = authority.issue(names, days=days)
        issued.write(certificate, key)
    except OSError as error:
        fail([f"{error.filename or folder}: {error.strerror}"], NOT_RUN)
    except ValueError as error:
        fail([str(error)], NOT_RUN)
    for line in _what_to_do(folder, file, names, issued, authority):
        typer.echo(line)


def own_names() -> list[str]:
    """How this machine is called, and its addresses."""
    found = [socket.gethostname(), primary_address(), "localhost", "127.0.0.1"]
    return [name for name in dict.fromkeys(found) if is_name(name)]


def is_name(name: str) -> bool:
    """Whether a certificate can be for it."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return len(name) <= LONGEST and HOST.fullmatch(name) is not None
    return True


def _authority(folder: Path) -> Authority:
    """That of the folder, new where there is none; raises OSError and ValueError."""
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if certificate.exists() or key.exists():
        try:
            return Authority.read(certificate, key)
        except (ValueError, TypeError):
            raise ValueError(
                f"{certificate} and {key}: expected an authority of this command, "
                "or another --folder"
            ) from None
    authority = Authority.make(f"softswitch CA of {socket.gethostname()}")
    authority.own.write(certificate, key)
    return authority


def _check_replacement(path: Path, authority: Authority) -> None:
    """Raise ValueError when a certificate of somebody else would be overwritten."""
    if not path.exists():
        return
    try:
        old = x509.load_pem_x509_certificates(path.read_bytes())[0]
        old.verify_directly_issued_by(authority.own.certificate)
    except (ValueError, TypeError, InvalidSignature):
        raise ValueError(f"{path} is not of this authority, expected another --file") from None


def _what_to_do(
    folder: Path, file: str, names: Sequence[str], issued: Issued, authority: Authority
) -> Iterator[str]:
    ends = issued.certificate.not_valid_after_utc.date().isoformat()
    fingerprint = authority.own.certificate.fingerprint(SHA256()).hex(":").upper()
    ca = folder / "ca.pem"
    yield f"{folder / file}.pem   certificate of {', '.join(names)}; until {ends}"
    yield f"{folder / file}.key   its key, readable for you alone"
    yield f"{ca}   the authority that signed it; its key, {folder / 'ca.key'}, signs more"
    yield ""
    yield "Settings:"
    yield '    [sip] listen: add "tls:0.0.0.0:5061"'
    yield "    [tls]"
    yield f'    certificate = "{folder / file}.pem"'
    yield f'    key = "{folder / file}.key"'
    yield ""
    yield f"Import {ca} as an authority wherever somebody connects:"
    yield f"    Debian    cp {ca} {TRUSTED}, then update-ca-certificates"
    yield f"    baresip   sip_cafile {ca}"
    yield "    phones    security, trusted certificates: upload it"
    yield "    browsers  settings, certificates, authorities: import it"
    yield f'    a switch  [tls] or [[trunks]]: ca = "{ca}"'
    yield f"Its SHA-256 fingerprint: {fingerprint}"
