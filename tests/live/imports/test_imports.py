"""Files of other switches: what maps becomes entries, the rest is told with its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.live.imports.extensions_conf import read_extensions_conf
from softswitch.live.imports.formats import format_of
from softswitch.live.imports.imported import Imported, ImportedEntry
from softswitch.live.imports.pjsip import read_pjsip
from softswitch.live.imports.users_csv import read_users_csv
from softswitch.live.kinds_of_entries import BY_PLURAL


def bodies(found: Imported) -> list[dict[str, object]]:
    return [entry.body for entry in found.entries]


def test_everything_that_comes_out_is_an_entry_of_ours() -> None:
    for found in (
        read_users_csv("number,name,password,identities\n1,A,p,030 031\n"),
        read_pjsip(PJSIP),
        read_extensions_conf(EXTENSIONS),
    ):
        assert found.entries
        for entry in found.entries:
            BY_PLURAL[entry.collection].read(entry.body)


# -- users.csv -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "number,name,password\n1000,Eva Lang,s3cret\n",
        "\ufeffExtension;Display Name;Secret;Voicemail\r\n1000;Eva Lang;s3cret;yes\r\n",
        "Number\tFirstName\tLastName\tAuthPassword\n\n1000\tEva\tLang\ts3cret\n",
        'ext,"name",secret\n1000,"Eva Lang",s3cret',
    ],
)
def test_tables_of_users(text: str) -> None:
    found = read_users_csv(text)
    phone = {"type": "phone", "number": "1000", "name": "Eva Lang", "password": "s3cret"}
    assert bodies(found) == [phone]
    assert not found.mistakes


def test_lines_of_a_table_are_those_of_the_file() -> None:
    found = read_users_csv('number,name,colour\n1,"two\nlines",red\n2,b,blue\n,c,\n1,2,3,4\n')
    assert [entry.line for entry in found.entries] == [2, 4]
    assert found.mistakes == [
        (5, "column number: expected a number"),
        (6, "expected 3 columns, not 4"),
    ]
    assert list(found.left_out()) == [(1, "column colour: left out")]


@pytest.mark.parametrize("text", ["", "name,password\nx,y\n", "a\n", 'number\n"open'])
def test_what_is_no_table_of_users(text: str) -> None:
    found = read_users_csv(text)
    assert not found.entries
    assert found.mistakes or not text


# -- pjsip.conf ------------------------------------------------------------------------------------

PJSIP = """\
; a comment
[transport-udp]
type = transport
bind = 0.0.0.0

[phone](!)
type = endpoint
context = internal
dtmf_mode = rfc4733
[1000](phone)
auth = 1000
aors = 1000
callerid = "Eva Lang" <1000>
media_encryption = sdes
[1000]
type = auth
username = 1000
password = s3cret\\;x ; its own
[1000]
type=aor
max_contacts=3
;-- [1001]
type = endpoint --;
[1002](phone)
auth = 1002
[1002]
type = auth
auth_type = md5
md5_cred = 0123
[carrier]
type = endpoint
aors = carrier
outbound_auth = carrier
from_domain = example.net
[carrier]
type = aor
contact = sip:sip.example.net:5080
[carrier]
type = auth
username = acc
password = pw
[carrier]
type = registration
server_uri = sip:sip.example.net
outbound_auth = carrier
[office]
type = endpoint
[office]
type = identify
endpoint = office
match = 192.0.2.0/24, 192.0.2.99
"""


def test_endpoints_are_phones_and_trunks() -> None:
    found = read_pjsip(PJSIP)
    assert [entry._replace(places={}) for entry in found.entries] == [
        ImportedEntry(
            "extensions",
            {
                "type": "phone", "number": "1000", "name": "Eva Lang", "dtmf": "event",
                "max_contacts": "3", "password": "s3cret;x", "srtp": "required",
                "srtp_keys": "sdes",
            },
            10,
        ),
        ImportedEntry(
            "trunks",
            {
                "name": "carrier", "host": "sip.example.net:5080", "domain": "example.net",
                "register": True, "password": "pw", "username": "acc",
            },
            30,
        ),
        ImportedEntry(
            "trunks",
            {"name": "office", "host": "192.0.2.0", "networks": ["192.0.2.0/24", "192.0.2.99"]},
            46,
        ),
    ]  # fmt: skip
    assert [line for line, _ in found.mistakes] == [26]
    assert list(found.left_out()) == [
        (2, "type = transport: left out"),
        (8, "endpoint: context: left out, 2 times"),
        (29, "auth: md5_cred: left out"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [("type = x", 1), ("[a\ntype = b", 1), ("[a]\nword", 2), ("[a](none)\n", 1)],
)
def test_what_no_file_of_asterisk_says(text: str, line: int) -> None:
    assert line in [at for at, _ in read_pjsip(text).mistakes]


# -- extensions.conf -------------------------------------------------------------------------------

EXTENSIONS = """\
[globals]
OUT = PJSIP/carrier
[internal]
include => features
exten => 600,1,Answer()
 same => n,Echo()
exten => 700,1,Dial(PJSIP/1000&PJSIP/1001,20,tT)
same => n,Voicemail(700@default)
exten => 3000,1,ConfBridge(3000)
exten => 1000,1,Dial(PJSIP/1000,20)
exten => _10XX,1,Dial(PJSIP/${EXTEN},20)
exten => _0X.,1,Dial(PJSIP/+49${EXTEN:1}@carrier)
exten => _9.,1,Dial(SIP/carrier/${EXTEN:1},30)
exten => s,1,Goto(internal,600,1)
exten => 5
"""


def test_numbers_are_groups_conferences_echoes_and_routes() -> None:
    found = read_extensions_conf(EXTENSIONS)
    group = {"number": "700", "type": "group", "members": ["1000", "1001"], "ring_time": "20"}
    assert found.entries == [
        ImportedEntry("extensions", {"number": "600", "type": "echo"}, 6),
        ImportedEntry("extensions", group, 7),
        ImportedEntry("extensions", {"number": "3000", "type": "conference"}, 9),
        ImportedEntry(
            "routes",
            {"number": "_0X.", "to": "trunk:carrier", "strip": "1", "prefix": "+49"},
            12,
        ),
        ImportedEntry("routes", {"number": "_9.", "to": "trunk:carrier", "strip": "1"}, 13),
    ]
    assert list(found.left_out()) == [
        (2, "[globals]: left out"),
        (4, "include =>: left out"),
        (8, "Voicemail(): left out"),
        (14, "Goto(): left out"),
    ]
    assert found.mistakes == [(15, "expected NUMBER,PRIORITY,APPLICATION")]


@pytest.mark.parametrize(
    ("name", "is_called"),
    [("users.csv", "users"), ("a.CSV", "users"), ("pjsip.conf", "pjsip"),
     ("pjsip_endpoints.conf", "pjsip"), ("extensions.conf", "extensions"), ("x.conf", "")],
)  # fmt: skip
def test_the_name_of_a_file_tells_its_format(name: str, is_called: str) -> None:
    assert format_of(Path(name)) == is_called


def test_keys_know_where_they_stand() -> None:
    [user] = read_users_csv("ext;Ring Time;Secret\n1000;x;y\n").entries
    assert user.place("ring_time") == (2, "column Ring Time")
    assert user.place("number") == (2, "column ext")
    assert user.place("password") == (2, "column Secret")
    assert user.place("type") == (2, "")
    phones = {entry.body.get("number"): entry for entry in read_pjsip(PJSIP).entries}
    eva = phones["1000"]
    lines = PJSIP.splitlines()
    place = eva.place("name")
    assert lines[place.line - 1].startswith("callerid")
    assert place.called == "callerid of [1000]"
    assert lines[eva.place("dtmf").line - 1] == "dtmf_mode = rfc4733"
