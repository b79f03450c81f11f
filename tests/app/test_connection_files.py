"""Certificates and keys that cannot be used are told by `check`, before anything is started."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from softswitch.app.check_files import look_at_files
from softswitch.settings.load import ConfigurationError, load

ELLIPTIC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two certificates with their keys, one key with a passphrase, and a file that is neither."""
    folder = tmp_path_factory.mktemp("certificates")
    for name, secret in (("a", ("-nodes",)), ("b", ("-nodes",)), ("c", ("-passout", "pass:word"))):
        command = ["openssl", "req", "-x509", *ELLIPTIC, *secret, "-subj", f"/CN={name}"]
        files = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
        subprocess.run([*command, *files], check=True, stderr=subprocess.DEVNULL)
    (folder / "text").write_text("no certificate")
    return folder


def server(certificate: str, key: str) -> str:
    files = f"certificate = '{{0}}/{certificate}'\nkey = '{{0}}/{key}'"
    return f"[[connections]]\nname = 'x'\ntype = 'smpp-server'\n{files}"


def mail(ca_file: str) -> str:
    server = "type = 'email'\nhost = 'h'\nsender = 'a@b'"
    return f"[[connections]]\nname = 'x'\n{server}\nca_file = '{{0}}/{ca_file}'"


CENTRE = "type = 'smpp'\nhost = 'h'\nsystem_id = 's'\npassword = 'p'\ntls = true"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (server("a.pem", "a.key"), []),
        (
            server("a.pem", "b.key"),
            ["key: {0}/b.key belongs to another certificate than {0}/a.pem"],
        ),
        (server("text", "a.key"), ["certificate: {0}/text holds no certificate, expected PEM"]),
        (
            server("a.pem", "text"),
            ["key: {0}/text and {0}/a.pem cannot be used, expected a key and its PEM"],
        ),
        (
            server("c.pem", "c.key"),
            ["key: {0}/c.key needs a passphrase, expected a key without one"],
        ),
        (
            server("none", "nil"),
            [
                "certificate: {0}/none cannot be read: No such file or directory, expected PEM",
                "key: {0}/nil cannot be read: No such file or directory, expected PEM",
            ],
        ),
        (mail("a.pem"), []),
        (mail("text"), ["ca_file: {0}/text holds no certificate, expected PEM"]),
        (f"{mail('text')}\ntls = 'none'", []),
        (
            f"[[connections]]\nname = 'x'\n{CENTRE}\nca_file = '{{0}}/none'",
            ["ca_file: {0}/none cannot be read: No such file or directory, expected PEM"],
        ),
    ],
)
def test_each_file_is_looked_at(folder: Path, tmp_path: Path, text: str, lines: list[str]) -> None:
    file = tmp_path / "switch.toml"
    file.write_text(f"[storage]\nurl = 'sqlite:///{tmp_path}/a.db'\n{text.format(folder)}")
    found: tuple[str, ...] = ()
    try:
        look_at_files(file, load(file), strict=True)
    except ConfigurationError as error:
        found = error.lines
    own = [line.replace(" (name x)", "").removeprefix(f"{file}: connections #1.") for line in found]
    assert own == [line.format(folder) for line in lines]
