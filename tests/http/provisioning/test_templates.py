"""Templates: nasty names and passwords, files of the operator's own, mistakes in them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.http.provisioning.facts import KeyFacts, one_line
from softswitch.http.provisioning.makers import BY_NAME, MAKERS
from softswitch.http.provisioning.templates import NotWritten, Templates
from tests.http.provisioning.facts import facts, written
from tests.http.provisioning.test_documented_keys import FORMS, lines, read

NASTY = [
    "<&\"'>",
    "]]><!-- {{ password }} {% raw %}",
    "Ünïcödé 😀",
    "a;b=c|d#e\\f",
    "%NULL% $MA {mac}",
]
XML = [maker.name for maker in MAKERS if maker.template.endswith(".xml")]
SHOWN = {
    "yealink": ("account.1.display_name", "account.1.password"),
    "grandstream": ("config/P3", "config/P34"),
    "snom": ("phone-settings/user_realname[1]", "phone-settings/user_pass[1]"),
    "fanvil": ("sip/line[1]/DisplayName", "sip/line[1]/RegisterPswd"),
    "cisco-spa": ("Display_Name_1_", "Password_1_"),
    "linphone": ("section[auth_info_0]/entry[passwd]", "section[auth_info_0]/entry[passwd]"),
    "zoiper": ("accounts/account/name", "accounts/account/password"),
}
"The keys of name and password; Linphone has the name within quotes."


@pytest.mark.parametrize("maker", FORMS)
@pytest.mark.parametrize("nasty", NASTY)
def test_what_is_written_is_read_again(maker: str, nasty: str) -> None:
    keys = (KeyFacts("blf", "1001", nasty),)
    found = read(maker, written(maker, name=nasty, password=nasty, keys=keys))
    name, password = SHOWN[maker]
    assert (found[name], found[password]) == (nasty, nasty)
    usual = read(maker, written(maker, keys=(KeyFacts("blf", "1001", "Anna"),)))
    assert found.keys() == usual.keys(), "nothing else has come in"


@given(st.text(min_size=1, max_size=40), st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_any_name_leaves_a_file_as_it_is(name: str, password: str) -> None:
    shown = one_line(name) or "1000"
    for maker in ("yealink", "snom"):
        try:
            found = read(maker, written(maker, name=shown, password=password))
        except NotWritten:
            continue
        assert found[SHOWN[maker][1]] == password
        assert found.keys() == read(maker, written(maker)).keys()


@pytest.mark.parametrize("maker", FORMS)
@pytest.mark.parametrize("broken", ["a\0b", "a\x1bb", "a\ud800b"])
def test_what_no_file_can_hold_is_refused_without_being_named(maker: str, broken: str) -> None:
    with pytest.raises(NotWritten, match=r"for 1000: a value holds") as refused:
        written(maker, password=f"s3cret{broken}")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("line_break", ["\n", "\r", "\u2028", "\x85"])
def test_nothing_begins_a_line_of_its_own(line_break: str) -> None:
    with pytest.raises(NotWritten):
        written("yealink", password=f"x{line_break}static.network.vpn_enable = 1")
    assert one_line(f"a{line_break}b") == "a b"


@pytest.mark.parametrize("maker", XML)
def test_xml_is_well_formed_with_everything_and_with_nothing(maker: str) -> None:
    for changes in ({}, {"keys": (), "voicemail": "", "pickup": "", "mac": ""}):
        text = written(maker, **changes)
        assert text.startswith('<?xml version="1.0"')
        ElementTree.fromstring(text.encode())


def test_a_template_of_the_operator_counts_first(tmp_path: Path) -> None:
    (tmp_path / "yealink.cfg").write_text("#!version:1.0.0.1\naccount.1.label = {{ number }}!\n")
    templates = Templates(tmp_path)
    assert lines(templates.write("yealink.cfg", facts()).text) == {"account.1.label": "1000!"}
    assert "user_name" in templates.write("snom.xml", facts()).text


def test_a_model_of_the_operator_has_a_template_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "polycom.xml").write_text("<reg address='{{ number }}'>{{ name }}</reg>")
    templates = Templates(tmp_path)
    assert templates.file_of("polycom", None) == "polycom.xml"
    assert templates.write("polycom.xml", facts(name="<>")).text == (
        "<reg address='1000'>&lt;&gt;</reg>"
    )
    assert templates.file_of("aastra", None) is None
    assert templates.file_of(None, BY_NAME["snom"]) == "snom.xml"


def test_it_may_build_on_ours(tmp_path: Path) -> None:
    (tmp_path / "lobby.cfg").write_text('{% include "yealink.cfg" %}phone_setting.lock = 1\n')
    text = Templates(tmp_path).write("lobby.cfg", facts()).text
    assert lines(text)["phone_setting.lock"] == "1"
    assert lines(text)["account.1.user_name"] == "1000"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ nummer }}", "'nummer' is undefined"),
        ("{% if %}", "line 1: "),
        ("{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{{ number.__class__.__mro__ }}", "unsafe"),
        ("{{ ''['x'].y }}", ""),
    ],
)
def test_a_mistake_in_a_template_is_named_without_values(
    tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "lobby.cfg").write_text(text)
    with pytest.raises(NotWritten, match=r"lobby\.cfg for 1000: ") as refused:
        Templates(tmp_path).write("lobby.cfg", facts())
    assert why in str(refused.value)
    assert "p4ss" not in str(refused.value)


def test_mistakes_are_found_before_a_phone_asks(tmp_path: Path) -> None:
    (tmp_path / "good.xml").write_text("<a>{{ number }}</a>")
    (tmp_path / "bad.cfg").write_text("a = 1\n{% for key in keys %}\n")
    (tmp_path / "latin.cfg").write_bytes(b"a = \xfc\n")
    (tmp_path / "notes.txt").write_text("{% if %}")
    first, second = Templates(tmp_path).mistakes()
    assert first.startswith(f"{tmp_path / 'bad.cfg'}:2: ")
    assert second == f"{tmp_path / 'latin.cfg'}: expected a text in UTF-8"
    assert list(Templates().mistakes()) == []


def test_neither_facts_nor_files_show_passwords_in_a_log() -> None:
    assert "p4ss" not in repr(facts())
    assert "s3cret" not in repr(facts())
    assert "p4ss" not in repr(Templates().write("yealink.cfg", facts()))


def test_keys_of_a_list() -> None:
    """Lamps of the list are keys of the list; others stay what they were."""
    keys = (KeyFacts("blf", "1001", "Anna"), KeyFacts("blf", "1002", "Ben"))
    chosen = {"keys": keys, "lamp_list": "reception", "listed": ("1001",)}
    yealink = lines(written("yealink", **chosen))
    assert yealink["account.1.blf.blf_list_uri"] == "reception@pbx.example.org"
    assert yealink["account.1.blf_list_code"] == "**"
    assert (yealink["linekey.2.type"], yealink["linekey.3.type"]) == ("39", "16")
    grandstream = read("grandstream", written("grandstream", **chosen))
    assert grandstream["config/P134"] == "reception"
    assert (grandstream["config/P1363"], grandstream["config/P1365"]) == ("13", "11")
