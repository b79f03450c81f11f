"""Commands that ask the running switch say in their own words why they cannot."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from pathlib import Path

import pytest

from softswitch.cli.asking import entrance
from softswitch.cli.authority import Authority
from softswitch.settings import passwords
from softswitch.settings.server import HttpSettings
from softswitch.settings.values import split_host_port
from softswitch.transport.addresses import WILDCARDS
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
    assert err.splitlines() == [
        f"the switch at 127.0.0.1:{port} does not answer: Connection refused",
        f"`softswitch serve --config {file}` starts it; --config names other settings",
    ]


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
    assert err.splitlines() == [
        f"what answers at 127.0.0.1:{port} is no switch",
        f"http.listen of {file} is where it is looked for; --config names other settings",
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            b'HTTP/1.1 401 Unauthorized\r\n\r\n{"detail": "Authentication failed."}',
            [
                "the switch does not take user 'admin' with the password that {file} leads to",
                "if that has changed, restart the switch; --config and --user name others",
            ],
        ),
        (
            b"HTTP/1.1 429 Too Many Requests\r\n\r\ntoo many wrong passwords",
            [
                "too many wrong passwords",
                "on the machine of the switch, `softswitch bans lift --all` ends that",
            ],
        ),
        (
            b"HTTP/1.1 404 Not Found\r\n\r\n<html><p>Welcome to another web server!</html>",
            ["404 Not Found, from what is perhaps no switch"],
        ),
        (
            b"\x15\x03\x01\x00\x02\x02\x16",  # an alert of TLS
            [
                "the switch at 127.0.0.1:{port} does not answer: the connection broke",
                "it may speak HTTPS, or be no switch: http.tls and http.listen of {file} say how",
            ],
        ),
    ],
)
def test_who_refuses_or_speaks_otherwise_is_said_with_what_to_do(
    listener: socket.socket, tmp_path: Path, answer: bytes, said: list[str]
) -> None:
    file, port = settings_for(listener, tmp_path)
    code, out, err = asked(listener, answer, file)
    assert (code, out) == (1, "")
    assert err.splitlines() == [each.format(file=file, port=port) for each in said]


def test_a_switch_that_speaks_no_https_is_said_so(listener: socket.socket, tmp_path: Path) -> None:
    file, port = settings_for(listener, tmp_path)
    issued = Authority.make("Trial CA").issue(["pbx.example.org"])
    issued.write(tmp_path / "own.pem", tmp_path / "own.key")
    text = Path(file).read_text().replace("[http]", "[http]\ntls = true")
    tls = f'[tls]\ncertificate = "{tmp_path}/own.pem"\nkey = "{tmp_path}/own.key"\n'
    Path(file).write_text(text + tls)
    code, _, err = asked(listener, b"HTTP/1.1 400 Bad Request\r\n\r\n", file)
    assert code == 1
    assert err.splitlines() == [
        f"the switch at 127.0.0.1:{port} does not answer by HTTPS",
        f"a switch takes http and tls of {file} at its start: restart it if they are new",
    ]


def test_settings_of_no_switch_that_has_run(tmp_path: Path) -> None:
    code, _, err = run("bans", "--config", f"{tmp_path}/none.toml")
    assert code == 2
    assert err.splitlines() == [
        f"{tmp_path}/none.toml: cannot be read: No such file or directory",
        "--config names the settings file of the switch",
    ]
    file = tmp_path / "new.toml"
    file.write_text(f'[storage]\nurl = "sqlite:///{tmp_path}/switch.db"\n')
    code, _, err = run("bans", "--config", str(file))
    assert code == 1
    assert err.splitlines() == [
        f"user 'admin' has no password yet: no switch has run with {file} here,",
        f"as there is none in {tmp_path}/passwords.json",
        f"`softswitch serve --config {file}` starts it; relative paths of the settings begin in "
        "the folder where it is started, so start commands there, too",
    ]
    code, _, err = run("bans", "--user", "bob", "--config", str(file))
    assert code == 2
    assert err == f"no HTTP user 'bob' in {file}, expected one of admin\n"


def asked(listener: socket.socket, answer: bytes, file: str) -> tuple[int, str, str]:
    """What `softswitch bans` says where that is answered."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    told = run("bans", "--config", file)
    thread.join(5)
    listener.close()
    return told


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
        wrong = "shows another certificate than that of the settings"
        assert err.startswith(f"the switch at 127.0.0.1:{port} {wrong}\n")


@pytest.mark.parametrize(("user", "authorization"), [(None, None), ("eva", "Basic ZXZhOg==")])
def test_a_running_switch_says_itself_where_and_how_it_is_asked(
    listener: socket.socket, tmp_path: Path, user: str | None, authorization: str | None
) -> None:
    """Whatever the settings file says by now, and whatever is wrong in it."""
    file = tmp_path / "softswitch.toml"
    file.write_text(
        f"""
[sip]
domain = "no domain"
listen = [
[storage]
url = "sqlite:///{tmp_path}/switch.db"
[http]
listen = "127.0.0.1:1"
[[extensions]]
number = "1000
"""
    )
    port = listener.getsockname()[1]
    told = {"scheme": "http", "address": f"127.0.0.1:{port}", "certificate": "", "key": "k" * 43}
    (tmp_path / "terminal.key").write_text(json.dumps({**told, "pid": 1}))
    heard: list[str] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            heard.append(connection.recv(4096).decode())
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"bans": []}')

    thread = threading.Thread(target=serve)
    thread.start()
    named = () if user is None else ("--user", user)
    assert run("bans", *named, "--config", str(file)) == (0, "nobody is banned\n", "")
    thread.join(5)
    listener.close()
    fields = dict(line.split(": ", 1) for line in heard[0].splitlines()[1:] if line)
    assert fields["X-Softswitch-Terminal"] == "k" * 43
    assert fields.get("Authorization") == authorization


def test_a_mistake_in_what_must_be_known_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "softswitch.toml"
    file.write_text('[sip]\ndomain = "x"\n[storage]\nurl = \n')
    code, _, err = run("bans", "--config", str(file))
    assert (code, err.split(": ")[0]) == (2, f"{file}:4:7")


@pytest.mark.parametrize("kept", ["", "[]", '{"scheme": "http"}', "no JSON"])
def test_a_file_of_no_switch_is_not_believed(
    listener: socket.socket, tmp_path: Path, kept: str
) -> None:
    file, port = settings_for(listener, tmp_path)
    with Path(file).open("a") as more:
        more.write(f'[storage]\nurl = "sqlite:///{tmp_path}/switch.db"\n')
    (tmp_path / "terminal.key").write_text(kept)
    listener.close()
    code, _, err = run("bans", "--config", file)
    assert code == 1
    assert err.startswith(f"the switch at 127.0.0.1:{port} does not answer")


def test_what_is_known_without_the_models_is_what_they_say() -> None:
    assert split_host_port(entrance.DEFAULT_LISTEN) == HttpSettings().listen
    assert entrance.TERMINAL_KEY == passwords.TERMINAL_KEY
    assert {each.strip("[]") for each in entrance.WILDCARDS} == WILDCARDS
