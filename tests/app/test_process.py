"""The shares of the file descriptors."""

from __future__ import annotations

import resource

import pytest

from softswitch.app.process import Connections, raise_file_limit, share_descriptors
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
