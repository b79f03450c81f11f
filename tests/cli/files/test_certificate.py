"""`softswitch certificate`: an authority, certificates of it, and what is printed about them."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from softswitch.transport.certificates import Certificates, OwnCertificate, Trust
from tests.certificates import OTHER, files
from tests.cli.commands import run


def made(folder: Path, *arguments: str) -> str:
    code, out, err = run("certificate", "--folder", str(folder), *arguments)
    assert (code, err) == (0, "")
    return out


def fingerprint(file: Path) -> str:
    text = subprocess.run(
        ["openssl", "x509", "-in", str(file), "-noout", "-fingerprint", "-sha256"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return text.partition("=")[2].strip()


def test_a_server_shows_it_and_who_believes_the_authority_believes_the_server(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "config" / "tls"
    out = made(folder, "pbx.example.org", "192.0.2.1")
    assert f'certificate = "{folder}/server.pem"' in out
    assert f'key = "{folder}/server.key"' in out
    assert f"Import {folder}/ca.pem" in out
    own = OwnCertificate(folder / "server.pem", folder / "server.key")
    server = Certificates([own]).server_context()
    client = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    for name in ("pbx.example.org", "192.0.2.1"):
        upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
        one = client.wrap_bio(downward, upward, server_hostname=name)
        other = server.wrap_bio(upward, downward, server_side=True)
        for side in (one, other, one):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
        assert one.version() == "TLSv1.3"
    assert "PRIVATE" not in out


def test_keys_are_for_the_owner_alone(tmp_path: Path) -> None:
    made(tmp_path)
    for name in ("ca.key", "server.key"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_the_authority_is_kept_and_its_certificates_are_renewed(tmp_path: Path) -> None:
    made(tmp_path, "one.example.org")
    before = (tmp_path / "ca.pem").read_bytes(), (tmp_path / "server.pem").read_bytes()
    made(tmp_path, "one.example.org", "--days", "30")
    made(tmp_path, "partner.example.org", "--file", "partner")
    assert (tmp_path / "ca.pem").read_bytes() == before[0]
    assert (tmp_path / "server.pem").read_bytes() != before[1]
    partner = OwnCertificate(tmp_path / "partner.pem", tmp_path / "partner.key")
    Certificates(ca=tmp_path / "ca.pem").client_context(Trust(partner))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_agrees(tmp_path: Path) -> None:
    out = made(tmp_path, "pbx.example.org")
    assert fingerprint(tmp_path / "ca.pem") in out
    said = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname",
         "pbx.example.org", "-CAfile", str(tmp_path / "ca.pem"), str(tmp_path / "server.pem")],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr


def test_without_names_it_is_for_this_machine(tmp_path: Path) -> None:
    made(tmp_path)
    found = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert "sip:localhost" in names.get_values_for_type(x509.UniformResourceIdentifier)
    assert "127.0.0.1" in map(str, names.get_values_for_type(x509.IPAddress))


@pytest.mark.parametrize("name", ["", "two words", "sip:a@b", "a..b", "x" * 300, "büro.example"])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    code, _, err = run("certificate", "--folder", str(tmp_path), "--", name)
    assert (code, err) == (2, f"expected a host name or an address, not {name!r}\n")
    assert not list(tmp_path.iterdir())


def test_a_certificate_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    files(tmp_path, "server", "pbx.example.org", authority=OTHER)
    before = (tmp_path / "server.pem").read_bytes()
    code, _, err = run("certificate", "--folder", str(tmp_path), "pbx.example.org")
    assert code == 1
    assert err == f"{tmp_path}/server.pem is not of this authority, expected another --file\n"
    assert (tmp_path / "server.pem").read_bytes() == before


def test_an_authority_that_cannot_be_used_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("mine")
    code, _, err = run("certificate", "--folder", str(tmp_path), "pbx.example.org")
    assert code == 1
    assert err.startswith(f"{tmp_path}/ca")
    assert (tmp_path / "ca.pem").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = run("certificate", "--folder", str(tmp_path / "file" / "tls"), "a.example.org")
    assert code == 1
    assert err.startswith(f"{tmp_path}/file")
