"""The names of files: whose phone asks, and with which hardware address."""

from __future__ import annotations

import pytest

from softswitch.http.provisioning.makers import BY_NAME, MAKERS, maker_of

NAMES = [
    ("y000000000000.cfg", "yealink", None),
    ("y000000000066.cfg", "yealink", None),
    ("805ec0123456.cfg", "yealink", "805ec0123456"),
    ("cfg000b82abcdef.xml", "grandstream", "000b82abcdef"),
    ("cfggrp2612w.xml", "grandstream", None),
    ("cfggxp2170.xml", "grandstream", None),
    ("cfg.xml", "grandstream", None),
    ("snomD385-000413ABCDEF.xml", "snom", "000413abcdef"),
    ("snom-000413abcdef.htm", "snom", "000413abcdef"),
    ("snomD785.htm", "snom", None),
    ("0c383e123456.xml", "fanvil", "0c383e123456"),
    ("f0X4hw1.0.cfg", "fanvil", None),
    ("spa000e08123456.xml", "cisco-spa", "000e08123456"),
    ("spa000e08123456.cfg", "cisco-spa", "000e08123456"),
    ("spa504G.cfg", "cisco-spa", None),
    ("linphone.xml", "linphone", None),
    ("zoiper.xml", "zoiper", None),
]


@pytest.mark.parametrize(("file", "name", "mac"), NAMES)
def test_a_name_tells_maker_and_address(file: str, name: str, mac: str | None) -> None:
    maker = maker_of(file, None, "")
    assert maker is BY_NAME[name]
    assert maker.mac_of(file) == mac


def test_every_maker_is_known_by_the_name_that_we_tell() -> None:
    for maker in MAKERS:
        file = maker.example.replace("{mac}", "805ec0123456")
        assert maker.files.fullmatch(file), maker.name
        assert maker_of(file, maker.name, "") is maker
    assert {name for _, name, _ in NAMES} == set(BY_NAME)


def test_a_name_of_two_makers_goes_by_settings_then_by_user_agent() -> None:
    shared = "0c383e123456.cfg"
    fanvil, yealink = BY_NAME["fanvil"], BY_NAME["yealink"]
    assert maker_of(shared, "fanvil", "Yealink SIP-T46S") is fanvil
    assert maker_of(shared, None, "Fanvil X4U 2.12.1") is fanvil
    assert maker_of(shared, None, "Yealink SIP-T46S 66.86") is yealink
    assert maker_of(shared, None, "curl/8") is yealink


@pytest.mark.parametrize(
    "file",
    [
        *("", "/", "..", "../805ec0123456.cfg", "805ec0123456.cfg/", "805ec0123456.cfg\n"),
        *("y00000000000.cfg", "805ec012345g.cfg", "yealink.cfg.j2", "linphone.xml.bak"),
        *("８05ec0123456.cfg", "SNOM.xml", "cfg805ec0123456", "templates/yealink.cfg"),
    ],
)
def test_nothing_else_is_a_phone(file: str) -> None:
    assert maker_of(file, None, "") is None


def test_a_phone_of_a_maker_asks_for_no_file_of_another() -> None:
    assert maker_of("cfg805ec0123456.xml", "yealink", "") is None
    assert maker_of("", "yealink", "") is BY_NAME["yealink"]
    assert maker_of("linphone.xml", "polycom", "") is BY_NAME["linphone"]
