"""Commands that ask the running switch say in their own words why they cannot."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest

from softswitch.cli.authority import Authority
from tests.cli.commands import run

SETTINGS = """
[http]
listen = "127.0.0.1:{port}"
[[http.users]]
username = "admin"
password = "secret"
"""


@pytest.fixture
def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def settings_for(listener: socket.socket, directory: Path) -> tuple[str, int]:
    """The file with the settings of a switch at the address of the listener, and its port."""
    port = int(listener.getsockname()[1])
    file = directory / "softswitch.toml"
    file.write_text(SETTINGS.format(port=port))
    return str(file), port


@pytest.mark.parametrize("command", [("bans",), ("messages", "list")])
def test_a_switch_that_does_not_run_is_said_so(
    listener: socket.socket, tmp_path: Path, command: tuple[str, ...]
) -> None:
    file, port = settings_for(listener, tmp_path)
    listener.close()
    code, out, err = run(*command, "--config", file)
    assert (code, out) == (1, "")
    assert err == f"the switch at 127.0.0.1:{port} does not answer: Connection refused\n"


def test_what_is_no_switch_is_said_so(listener: socket.socket, tmp_path: Path) -> None:
    file, port = settings_for(listener, tmp_path)

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")

    thread = threading.Thread(target=answer)
    thread.start()
    code, _, err = run("bans", "--config", file)
    thread.join(5)
    listener.close()
    assert code == 1
    assert err == f"what answers at 127.0.0.1:{port} is no switch\n"


@pytest.mark.parametrize("believed", [True, False])
def test_a_switch_behind_https_is_asked_where_it_shows_its_own_certificate(
    listener: socket.socket, tmp_path: Path, believed: bool
) -> None:
    """The name in it does not matter: nobody else has the key."""
    file, port = settings_for(listener, tmp_path)
    authority = Authority.make("Trial CA")
    for name in ("own", "other"):
        issued = authority.issue(["pbx.example.org"])
        issued.write(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
    with Path(file).open("a") as more:
        more.write(f'[tls]\ncertificate = "{tmp_path}/own.pem"\nkey = "{tmp_path}/own.key"\n')
    text = Path(file).read_text().replace("[http]", "[http]\ntls = true")
    Path(file).write_text(text)
    shown = "own" if believed else "other"

    def answer() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / f"{shown}.pem", tmp_path / f"{shown}.key")
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            secure = context.wrap_socket(connection, server_side=True)
            secure.recv(4096)
            body = b'{"bans": []}'
            secure.sendall(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                b"Content-Type: application/json\r\nContent-Length: 12\r\n\r\n" + body
            )

    thread = threading.Thread(target=answer)
    thread.start()
    code, _, err = run("bans", "--config", file)
    thread.join(5)
    listener.close()
    assert code == (0 if believed else 1), err
    if not believed:
        assert err.startswith(f"the switch at 127.0.0.1:{port} does not answer: ")
