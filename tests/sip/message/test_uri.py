"""Reading, writing and comparing URIs (RFC 3261 section 19.1, RFC 3966, RFC 5118)."""

from __future__ import annotations

import pytest

from softswitch.sip import limits
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.parameters import Parameters
from softswitch.sip.message.uri import OtherUri, SipUri, TelUri, parse_host_port, parse_uri, sip_uri

TCP = Parameters({"transport": "tcp"})
SIP_URIS = {
    # the examples of section 19.1.3
    "sip:alice@atlanta.com": SipUri("atlanta.com", "alice"),
    "sip:alice:secretword@atlanta.com;transport=tcp": SipUri(
        "atlanta.com", "alice", parameters=TCP, password_text="secretword"
    ),
    "sips:alice@atlanta.com?subject=project%20x&priority=urgent": SipUri(
        "atlanta.com", "alice", scheme="sips", headers="subject=project%20x&priority=urgent"
    ),
    "sip:+1-212-555-1212:1234@gateway.com;user=phone": SipUri(
        "gateway.com",
        "+1-212-555-1212",
        parameters=Parameters({"user": "phone"}),
        password_text="1234",
    ),
    "sips:1212@gateway.com": SipUri("gateway.com", "1212", scheme="sips"),
    "sip:alice@192.0.2.4": SipUri("192.0.2.4", "alice"),
    "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com": SipUri(
        "atlanta.com",
        parameters=Parameters({"method": "REGISTER"}),
        headers="to=alice%40atlanta.com",
    ),
    "sip:alice;day=tuesday@atlanta.com": SipUri("atlanta.com", "alice;day=tuesday"),
    # what phones send
    "SIP:1000@PBX.Example:5080": SipUri("pbx.example", "1000", 5080),
    "sip:*72#@pbx": SipUri("pbx", "*72#"),
    "sip:a@[2001:DB8::1]:5061": SipUri("[2001:db8::1]", "a", 5061),
    "sip:with_underscore;OB": SipUri("with_underscore", parameters=Parameters({"ob": None})),
    "sip:host:5060;transport=TCP;lr": SipUri(
        "host", port=5060, parameters=Parameters({"transport": "TCP", "lr": None})
    ),
}


@pytest.mark.parametrize("text", SIP_URIS)
def test_sip_uri(text: str) -> None:
    uri = parse_uri(text)
    assert uri == SIP_URIS[text]
    assert parse_uri(str(uri)) == uri


CARELESS = {
    # an attended transfer: Replaces with characters that should be escaped
    "sip:1002@pbx?Replaces=77@10.0.0.5%3Bto-tag%3Da%3Bfrom-tag%3Db": SipUri(
        "pbx", "1002", headers="Replaces=77@10.0.0.5%3Bto-tag%3Da%3Bfrom-tag%3Db"
    ),
    "sip:1002@pbx:5080?Replaces=77@10.0.0.5;to-tag=a;from-tag=b": SipUri(
        "pbx", "1002", 5080, headers="Replaces=77@10.0.0.5;to-tag=a;from-tag=b"
    ),
    "sip:1002@pbx;transport=tcp?Replaces=77%4010.0.0.5;to-tag=a;from-tag=b&X=y": SipUri(
        "pbx", "1002", parameters=TCP, headers="Replaces=77%4010.0.0.5;to-tag=a;from-tag=b&X=y"
    ),
    "sip:1002:secret@pbx?Replaces=77@10.0.0.5": SipUri(
        "pbx", "1002", password_text="secret", headers="Replaces=77@10.0.0.5"
    ),
    "sip:pbx:5080?Replaces=77@10.0.0.5;to-tag=a": SipUri(
        "pbx", port=5080, headers="Replaces=77@10.0.0.5;to-tag=a"
    ),
    "sip:1002@pbx?Replaces=a@b@c": SipUri("pbx", "1002", headers="Replaces=a@b@c"),
    # what a contact carries to be recognised
    "sip:1002@10.0.0.5:5062;line=ab@cd": SipUri(
        "10.0.0.5", "1002", 5062, parameters=Parameters({"line": "ab@cd"})
    ),
}


@pytest.mark.parametrize("text", CARELESS)
def test_what_is_left_unescaped_behind_the_host(text: str) -> None:
    uri = parse_uri(text)
    assert uri == CARELESS[text]
    assert parse_uri(str(uri)) == uri


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("sip:%31000@pbx", "1000"),
        ("sip:j%C3%BCrgen@pbx", "jürgen"),
        ("sip:j%FCrgen@pbx", "jürgen"),
        ("sip:a%3Bb%40c@pbx", "a;b@c"),
        ("sip:pbx", None),
    ],
)
def test_user_is_read_without_escapes(text: str, user: str | None) -> None:
    uri = parse_uri(text)
    assert isinstance(uri, SipUri)
    assert uri.user == user
    assert str(uri) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip",
        "sip:@host",
        "sip:user@",
        "sip:user@ho st",
        "sip:us er@host",
        "sip:user@host:",
        "sip:user@host:0",
        "sip:user@host:65536",
        "sip:user@host:5o60",
        "sip:user@host:٥٠٦٠",
        "sip:user@host:+5060",
        "sip:one@two@three",
        "sip:100%@host",
        "sip:%4@host",
        "sip:user@[2001:db8::1",
        "sip:user@[2001:db8::1]x",
        "sip:user@[fe80::1%eth0]",
        "sip:user@[]",
        "sip:2001:db8::10",
        "sip:user@host;a=b c",
        "sip:user@host;=b",
        "sip:user@host;",
        "sip:user@host;;lr",
        "sip:user@host;lr;",
        "sip:user@host;transport=",
        "sip:user@host;transport=;lr",
        "tel:+1;",
        "tel:+1;isub=",
        "sip:user@host;a=1;a=2",
        'sip:user@host;a="b',
        "sip:user@host?a=<b>",
        "sip:<user>@host",
        "sip:user\x00@host",
        "sip:user@-host",
        "tel:",
        "tel:+",
        "tel:555 0123",
        "tel:hello",
        "1sip:user@host",
        ":user",
        "http:with space",
        "http:<x>",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse_uri(text)
    assert caught.value.status == 400


def test_too_long() -> None:
    with pytest.raises(MessageError, match="1028 characters"):
        parse_uri("sip:" + "1" * limits.URI)


def test_too_many_parameters() -> None:
    many = "".join(f";p{n}" for n in range(limits.PARAMETERS + 1))
    with pytest.raises(MessageError):
        parse_uri(f"sip:host{many}")


# RFC 3261 section 19.1.4
EQUIVALENT = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::1]"),
    ("sip:a%3bb@host", "sip:a%3Bb@host"),
    ("sip:host;lr", "sip:host"),
    ("tel:+1-201-555-0123", "tel:+12015550123"),
    ("tel:7042;phone-context=Example.com", "tel:70-42;phone-context=example.com"),
    ("mailto:a@b", "MAILTO:a@b"),
]
DIFFERENT = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
    ("sip:bob@biloxi.com", "sip:biloxi.com"),
    ("sip:bob@biloxi.com", "sip:bob:secret@biloxi.com"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;user=ip"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;ttl=1"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;method=INVITE"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;maddr=192.0.2.1"),
    ("sip:a%3Bb@host", "sip:a;b@host"),
    ("sip:a%2541@host", "sip:a%41@host"),
    ("sip:null-%00-null@host", "sip:null-@host"),
    ("tel:+12015550123", "tel:12015550123"),
    ("tel:7042;phone-context=a.example", "tel:7042;phone-context=b.example"),
    ("tel:7042", "sip:7042@host"),
    ("mailto:a@b", "mailto:A@b"),
]


@pytest.mark.parametrize(("one", "other"), EQUIVALENT)
def test_equivalent(one: str, other: str) -> None:
    assert parse_uri(one).equivalent(parse_uri(other))
    assert parse_uri(other).equivalent(parse_uri(one))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different(one: str, other: str) -> None:
    assert not parse_uri(one).equivalent(parse_uri(other))
    assert not parse_uri(other).equivalent(parse_uri(one))


def test_tel() -> None:
    uri = parse_uri("tel:+44-20-(7946).0123;ext=12")
    assert isinstance(uri, TelUri)
    assert uri.user == "+442079460123"
    assert str(uri) == "tel:+44-20-(7946).0123;ext=12"


def test_other_scheme_is_kept_as_written() -> None:
    uri = parse_uri("URN:service:sos")
    assert uri == OtherUri("urn", "service:sos")
    assert str(uri) == "urn:service:sos"


@pytest.mark.parametrize("user", ["1000", "a b", "ü@#:", 'x"<>%', "", "a;b=c"])
def test_made_uri_says_what_it_was_made_of(user: str) -> None:
    made = sip_uri(user or None, "2001:db8::1", 5060, parameters=Parameters({"lr": None}))
    read = parse_uri(str(made))
    assert read == made
    assert isinstance(read, SipUri)
    assert (read.user, read.address) == (user or None, "2001:db8::1")


@pytest.mark.parametrize("user", ["", None])
def test_made_uri_of_nobody_can_be_read_back(user: str | None) -> None:
    made = str(sip_uri(user, "host"))
    assert made == "sip:host"
    assert str(parse_uri(made)) == made


def test_made_userinfo_cannot_hold_a_password() -> None:
    assert str(sip_uri("a:b", "host")) == "sip:a%3Ab@host"


def test_replace() -> None:
    uri = parse_uri("sips:1000:pw@pbx:5061;transport=tls?x=y")
    assert isinstance(uri, SipUri)
    moved = uri.replace(host="192.0.2.7", port=4000)
    assert str(moved) == "sips:1000:pw@192.0.2.7:4000;transport=tls?x=y"
    bare = uri.replace(parameters=Parameters())
    assert str(bare) == "sips:1000:pw@pbx:5061?x=y"
    assert uri.transport == "tls"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Host.Example:5060", ("host.example", 5060)),
        ("192.0.2.1", ("192.0.2.1", None)),
        ("[::1]:1", ("[::1]", 1)),
        ("[::1]", ("[::1]", None)),
    ],
)
def test_host_and_port(text: str, expected: tuple[str, int | None]) -> None:
    assert parse_host_port(text) == expected
