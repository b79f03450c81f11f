"""The shares of the file descriptors, and what systemd is told: datagrams on its socket."""

from __future__ import annotations

import resource
import socket
from pathlib import Path

import pytest

from softswitch.app.process import (
    READY,
    STOPPING,
    Connections,
    raise_file_limit,
    share_descriptors,
    tell_systemd,
)
from softswitch.settings.server import LimitSettings


@pytest.mark.parametrize(
    ("descriptors", "shares"),
    [(1_000_000, (4096, 512)), (8192, (4096, 512)), (1024, (512, 256)), (256, (128, 64))],
)
def test_http_never_takes_what_is_for_sip(descriptors: int, shares: tuple[int, int]) -> None:
    assert share_descriptors(descriptors, LimitSettings()) == Connections(*shares)
    assert sum(shares) <= descriptors * 3 // 4


def test_a_setting_below_its_share_holds() -> None:
    wanted = LimitSettings(connections=10, http_connections=20)
    assert share_descriptors(1024, wanted) == Connections(10, 20)


def test_the_limit_is_raised_and_told() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert raise_file_limit() == hard


def listening(name: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(name)
    listener.setblocking(False)
    return listener


def test_systemd_is_told_by_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with listening(str(tmp_path / "notify")) as listener:
        tell_systemd(READY)
        tell_systemd(STOPPING)
        assert [listener.recv(100) for _ in range(2)] == [b"READY=1", b"STOPPING=1"]


def test_systemd_is_told_by_an_abstract_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{tmp_path}")
    with listening(f"\0{tmp_path}") as listener:
        tell_systemd(READY)
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("named", ["", "/nowhere/notify", "@nobody"])
def test_systemd_need_not_be_there(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", named)
    tell_systemd(READY)
