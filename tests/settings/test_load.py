"""The settings file: defaults, the environment, secrets, and one line for every mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from softswitch.app.parts.dial_plan import directory_of
from softswitch.settings.extensions.conference import ConferenceExtension
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.findings import models_in
from softswitch.settings.load import ConfigurationError, Settings, load
from softswitch.settings.values import Secret, split_host_port

CONTRACT = """
[sip]
domain = "localhost"
digest = ["SHA-256", "MD5"]
listen = ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"]
[media]
address = "127.0.0.1"
ports = "10000-19999"
workers = 1
[http]
listen = "127.0.0.1:9509"
[[http.users]]
username = "admin"
password = "change-me"
[storage]
url = "sqlite:///data/softswitch.db"
recordings = "data/recordings"
static = "config/static"
[notifications]
incoming_call = "http://127.0.0.1:8080/incoming"
call_changed = "http://127.0.0.1:8080/changed"
routing_interception = "http://127.0.0.1:8080/routing"
error = "http://127.0.0.1:8080/error"
[guard]
fetch_allow = ["127.0.0.1/32"]
[[extensions]]
number = "1000"
type = "phone"
password = "secret"
name = "Reception"
[[extensions]]
range = "2000-2999"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "9000"
type = "api"
url = "http://127.0.0.1:8080/incoming"
[[extensions]]
number = "600"
type = "ivr"
script = "config/scripts/welcome.xml"
[[trunks]]
name = "carrier"
host = "127.0.0.1:5080"
[[routes]]
number = "0*"
to = "trunk:carrier"
[[addressbooks]]
name = "office"
contacts = [{ name = "Reception", phone = "1000", email = "desk@example.org" }]
[[connections]]
name = "sms"
type = "smpp"
host = "127.0.0.1"
port = 2775
system_id = "switch"
password = "secret"
"""


def read(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "switch.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    return [line.removeprefix(f"{tmp_path / 'switch.toml'}: ") for line in caught.value.lines]


def test_every_key_of_the_contract_is_accepted(tmp_path: Path) -> None:
    settings = read(tmp_path, CONTRACT)
    assert settings.sip.listen  # 2 == ListenAddress("tcp", "127.0.0.1", 5060)
    assert (settings.media.ports[0], settings.media.ports[-1]) == (10000, 19999)
    assert settings.http.listen == ("127.0.0.1", 9509)
    assert settings.trunks  # 1.address == ("127.0.0.1", 5080)
    block = settings.extensions[1]
    assert isinstance(block, PhoneExtension)
    assert list(block.numbers())[::999] == ["2000", "2999"]


def test_an_empty_file_has_defaults(tmp_path: Path) -> None:
    settings = read(tmp_path, "")
    assert settings.sip.digest == ("MD5",)
    assert settings.media.workers >= 1
    assert settings.storage.passwords_file == Path("data/passwords.json")


def test_three_mistakes_give_three_lines(tmp_path: Path) -> None:
    lines = mistakes(
        tmp_path,
        """
        [sip]
        listen = ["udp:127.0.0.1"]
        domian = "example.org"
        [media]
        ports = "5000"
        """,
    )
    assert lines == [
        "sip.listen #1: expected HOST:PORT",
        "sip.domian: unknown key, did you mean domain?",
        'media.ports: expected "FIRST-LAST" between 1024 and 65535',
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sip = 3", "sip: expected a table"),
        ("[sip]\ndomain = 5", "sip.domain: expected a text in quotes"),
        ("[sip]\ndigest = ['SHA1']", "sip.digest #1: expected 'SHA-256', 'SHA-512-256' or 'MD5'"),
        (
            "[http]\npublic_url = 'https://pbx.example.org/?x=1'",
            "http.public_url: expected a URL without ? and #",
        ),
        (
            "[http]\npublic_url = 'pbx.example.org'",
            "http.public_url: expected a URL that begins with http:// or https://",
        ),
        ("[sip]\ndigest = []", "sip.digest: expected at least one element"),
        (
            "[sip]\nlisten = ['sctp:127.0.0.1:80']",
            "sip.listen #1: expected ADDRESS:PORT after one of udp:, tcp:, tls:, ws:, wss:",
        ),
        (
            "[sip]\norigins = ['https://phone.example.org/page']",
            "sip.origins #1: expected an origin such as https://phone.example.org, without a path",
        ),
        (
            "[sip]\nlisten = ['udp:localhost:5060']",
            "sip.listen #1: expected a numeric address, not 'localhost'",
        ),
        (
            "[sip]\nlisten = ['udp:127.0.0.1:5060', 'udp:127.0.0.1:5060']",
            "sip.listen: expected every element once",
        ),
        (
            "[sip]\nmin_expires = 9999",
            "sip: expected min_expires <= default_expires <= max_expires",
        ),
        (
            "[media]\ncodecs = ['PCMU', 'G729']",
            "media.codecs #2: expected 'PCMU', 'PCMA', 'G722' or 'opus'",
        ),
        ("[media]\ncodecs = []", "media.codecs: expected at least one element"),
        (
            "[media]\nports = '23001-23002'\nworkers = 1",
            "media.ports: expected an even port with the odd one above it for each of "
            "media.workers (1), there are 0 such pairs",
        ),
        (
            "[media]\nports = '23000-23004'\nworkers = 3",
            "media.ports: expected an even port with the odd one above it for each of "
            "media.workers (3), there are 2 such pairs",
        ),
        ("[media]\nworkers = 0", "media.workers: expected at least 1"),
        ("[media]\nworkers = 'two'", "media.workers: expected a whole number"),
        ("[media]\nworkers = 1.5", "media.workers: expected a whole number"),
        ("[media]\nworkers = []", "media.workers: expected a whole number"),
        ("[media]\ntimeout = 'long'", "media.timeout: expected a number"),
        ("[media]\ntimeout = []", "media.timeout: expected a number"),
        ("[media]\ntimeout = 0", "media.timeout: expected more than 0"),
        ("[sip]\ndscp = 99", "sip.dscp: expected at most 63"),
        (
            "[[http.users]]\nusername = 'a'\nrules = 'b'",
            "http.users #1.rules (username a): unknown key, did you mean role?",
        ),
        (
            "[[http.users]]\nusername = 'a'\nrole = 'root'",
            "http.users #1.role (username a): expected 'admin', 'operator', 'viewer'",
        ),
        (
            "[[http.users]]\nusername = 'a'\nrole = 'viewer'",
            'http.users: expected at least one user with role = "admin"',
        ),
        (
            "[[http.users]]\nusername = 'a'\nrole = 'application'",
            "http.users #1 (username a): expected extensions beside it: the",
        ),
        (
            "[[http.users]]\nusername = 'a'\nextensions = ['1000']",
            'http.users #1 (username a): expected role = "application" beside extensions',
        ),
        (
            "[[http.users]]\nusername = 'a'\nrole = 'application'\nextensions = ['10 00']",
            "http.users #1.extensions #1 (username a): expected 1 to 64 letters, digits",
        ),
        (
            "[[http.users]]\nusername = 'a'\nrole = 'application'\nextensions = ['1200-1100']",
            'http.users #1.extensions #1 (username a): expected "FIRST-LAST" with equally many',
        ),
        (
            "[[http.users]]\nusername = 'a'\nnetworks = ['everywhere']",
            "http.users #1.networks #1 (username a): expected an address or network such as",
        ),
        (
            "[[http.users]]\nusername = 'a'\n[[http.users]]\nusername = 'b'\n"
            "role = 'application'\nextensions = ['4711']",
            "http.users #2.extensions (username b): expected an extension, not '4711'",
        ),
        (
            "[[extensions]]\nnumber = '1'\ntype = 'phone'\npasword = 'x'",
            "extensions #1.pasword (number 1): unknown key, did you mean password?",
        ),
        (
            "[[extensions]]\nnumber = '1'",
            'extensions #1 (number 1): missing type, expected for example type = "phone"',
        ),
        (
            "[[extensions]]\nnumber = '1'\ntype = 'fax'",
            "extensions #1 (number 1): expected type to be one of 'phone', 'api', 'ivr', 'echo', "
            "'group', 'conference', 'schedule', 'queue', 'parking', 'paging', 'voicemail', "
            "not 'fax'",
        ),
        (
            "[[extensions]]\ntype = 'echo'",
            "extensions #1: expected number or range, one of them",
        ),
        (
            "[[extensions]]\nrange = '900-1000'\ntype = 'echo'",
            'extensions #1.range (range 900-1000): expected "FIRST-LAST" with equally many digits, '
            "such as 2000-2999",
        ),
        (
            "[[extensions]]\nrange = '10-19'\ntype = 'echo'\n"
            "[[extensions]]\nnumber = '12'\ntype = 'echo'",
            "extensions #2 (number 12): 12 is already in extensions #1, expected it once",
        ),
        (
            "[[extensions]]\nnumber = '1'\ntype = 'ivr'",
            "extensions #1 (number 1): expected script or url, one of them",
        ),
        (
            "[[extensions]]\nnumber = '1'\ntype = 'api'",
            "extensions #1.url (number 1): missing, expected a URL here or in "
            "notifications.incoming_call",
        ),
        (
            "[[extensions]]\nnumber = '1'\ntype = 'conference'\npin = '12a'",
            "extensions #1 (number 1): expected a pin of 1 to 16 digits",
        ),
        (
            "[[extensions]]\nnumber = '1'\ntype = 'conference'\npin = '1'\npin_file = 'x'",
            "extensions #1 (number 1): expected pin or pin_file, not both",
        ),
        (
            "[[extensions]]\nnumber = '1'\ntype = 'conference'\nmax_members = 0",
            "extensions #1.max_members (number 1): expected at least 1",
        ),
        (
            "[[extensions]]\nnumber = '1'\ntype = 'conference'\nmute_key = 'mute'",
            "extensions #1.mute_key (number 1): expected a text that matches ",
        ),
        (
            "[[calendars]]\nname = 'office'\nhours = ['mon-fri 8-17']",
            "calendars #1.hours #1 (name office): expected DAYS TIMES such as mon-fri 08:00-12:30",
        ),
        (
            "[[calendars]]\nname = 'office'\nholidays = ['25.12.']",
            "calendars #1.holidays #1 (name office): expected a day such as 2026-12-24",
        ),
        (
            "[[calendars]]\nname = 'office'\ntimezone = 'Mars/Base'",
            "calendars #1.timezone (name office): expected a time zone such as Europe/Berlin, not",
        ),
        (
            "[[routes]]\nnumber = '0*'\nto = 'trunk:carrier'",
            "routes #1.to (number 0*): expected the name of a trunk, not 'carrier'",
        ),
        (
            "[[routes]]\nnumber = '0*'\nto = 'extension:*'\nextensions = ['1000']",
            "routes #1.extensions (number 0*): expected an extension, not '1000'",
        ),
        (
            "[[extensions]]\nnumber = '1000'\ntype = 'phone'\nsupervises = ['_10XX', '1009']",
            "extensions #1.supervises (number 1000): expected an extension, not '1009'",
        ),
        (
            "[[extensions]]\nnumber = '1000'\ntype = 'phone'\nsupervises = ['10*', '1-2', 'nope']",
            "extensions #1.supervises (number 1000): expected an extension, not 'nope'",
        ),
        (
            "[[extensions]]\nnumber = '2000-2009'\ntype = 'phone'",
            "extensions #1.number (number 2000-2009): expected `range` for several numbers, as in ",
        ),
        (
            "[[trunks]]\nname = 'carrier'\nhost = 'h'\nregister = true\nusername = 'u'",
            "trunks #1 (name carrier): expected username and password to register with",
        ),
        (
            "[[connections]]\nname = 's'\ntype = 'smpp'\nhost = 'h'\nport = 1",
            "connections #1.system_id (name s): missing, expected a value",
        ),
        (
            "[[routes]]\nnumber = '0*'\nto = 'extension:12'",
            "routes #1.to (number 0*): expected an extension, not '12'",
        ),
        (
            "[[routes]]\nnumber = '0**5'\nto = 'extension:*'",
            "routes #1.number (number 0**5): expected * only at the end, for any rest",
        ),
        (
            "[[extensions]]\nnumber = '700'\ntype = 'group'\nmembers = ['700']",
            "extensions #1.members (number 700): expected others than the group itself",
        ),
        ("extensions = ['600']", "extensions #1: expected a table"),
        ("[sip]\ndomain = ''", "sip.domain: expected a text that is not empty"),
        ("[storage]\nrecordings = 5", "storage.recordings: expected a path in quotes"),
        ("[media]\nwarm_speech = 'x'", "media.warm_speech: expected true or false"),
        (
            f"[[extensions]]\nnumber = '1'\ntype = 'echo'\nname = '{'x' * 129}'",
            "extensions #1.name (number 1): expected at most 128 characters",
        ),
        ("[storage]\nurl = 'softswitch.db'", "storage.url: expected sqlite:///FILE or "),
        (
            "[guard]\nfetch_allow = ['ten']",
            "guard.fetch_allow #1: expected an address or network such as 10.0.0.0/8, not 'ten'",
        ),
    ],
)
def test_a_mistake_names_key_and_what_was_expected(tmp_path: Path, text: str, line: str) -> None:
    lines = mistakes(tmp_path, text)
    assert len(lines) == 1
    assert lines[0].startswith(line)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "none.toml")
    assert caught.value.lines == (
        f"{tmp_path}/none.toml: cannot be read: No such file or directory",
    )


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTSWITCH_SIP__DOMAIN", "example.org")
    monkeypatch.setenv("SOFTSWITCH_SIP__LISTEN", '["udp:[::1]:5070"]')
    monkeypatch.setenv("SOFTSWITCH_MEDIA__PORTS", "20000-20009")
    monkeypatch.setenv("SOFTSWITCH_HTTP__LISTEN", "127.0.0.1:0")
    settings = read(tmp_path, CONTRACT)
    assert settings.sip.domain == "example.org"
    assert [str(address) for address in settings.sip.listen] == ["udp:[::1]:5070"]
    assert settings.media.ports == range(20000, 20010)
    assert settings.http.listen == ("127.0.0.1", 0)
    assert settings.http.users  # 1.username == "admin"


def test_a_mistake_in_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTSWITCH_MEDIA__WORKERS", "many")
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, "")
    assert caught.value.lines[0].startswith("SOFTSWITCH_MEDIA__WORKERS: media.workers: expected")


def test_misspelt_sections_in_the_environment_are_mistakes_and_other_variables_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTSWITCH_SPI__DOMAIN", "example.org")
    monkeypatch.setenv("SOFTSWITCH_SIP__DOM", "example.org")
    monkeypatch.setenv("SOFTSWITCH_EXTENSION", "[]")
    monkeypatch.setenv("SOFTSWITCH_PIPER_VOICES", "/voices")
    monkeypatch.setenv("SOFTSWITCH_PORT_5060_TCP", "tcp://10.0.0.1:5060")
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, "")
    assert caught.value.lines == (
        "SOFTSWITCH_EXTENSION: extension: unknown key, did you mean extensions?",
        "SOFTSWITCH_SPI__DOMAIN: spi: unknown key, did you mean sip?",
        "SOFTSWITCH_SIP__DOM: sip.dom: unknown key, did you mean domain?",
    )


def test_a_list_of_the_environment_is_named_and_not_the_entries_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTSWITCH_EXTENSIONS", '[{"number": "7", "type": "fax"}]')
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, "[[extensions]]\nnumber = '600'\ntype = 'echo'")
    [line] = caught.value.lines
    assert line.startswith("SOFTSWITCH_EXTENSIONS: extensions #1: expected type to be one of")


def test_a_variable_that_is_no_json_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTSWITCH_EXTENSIONS", "[{")
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, "")
    [line] = caught.value.lines
    assert line.startswith("SOFTSWITCH_EXTENSIONS: expected JSON")


def test_a_password_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file\n", encoding="utf-8")
    settings = read(tmp_path, f"[[http.users]]\nusername = 'a'\npassword_file = '{secret}'")
    assert settings.http.users  # 1.password == "from the file"
    assert "from the file" not in repr(settings)


def test_a_pin_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "pin"
    secret.write_text("2468\n", encoding="utf-8")
    conference = f"[[extensions]]\nnumber = '3000'\ntype = 'conference'\npin_file = '{secret}'"
    settings = read(tmp_path, conference)
    found = directory_of(settings.extensions).find("3000")
    assert found is not None
    assert found.settings_as(ConferenceExtension).pin == "2468"
    assert "2468" not in repr(settings) + repr(found)


@pytest.mark.parametrize(
    ("rest", "line"),
    [
        (
            "password_file = '/nowhere'",
            "http.users #1 (username a): password_file /nowhere cannot be read: ",
        ),
        (
            "password = 'a'\npassword_file = 'b'",
            "http.users #1 (username a): expected password or password_",
        ),
        ("password = ''", "http.users #1 (username a): expected a password that is not empty"),
    ],
)
def test_a_password_that_cannot_be_had_is_a_mistake(tmp_path: Path, rest: str, line: str) -> None:
    (mistake,) = mistakes(tmp_path, f"[[http.users]]\nusername = 'a'\n{rest}")
    assert mistake.startswith(line)


BROKEN = "[[extensions]]\nnumber = {number}\ntype = 'phone'\nring_time = 0\n"
GROUP = "[[extensions]]\nnumber = '700'\ntype = 'group'\nmembers = ['{member}']\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            BROKEN.format(number="'1000'") + GROUP.format(member="1999"),
            [
                "extensions #1.ring_time (number 1000): expected more than 0",
                "extensions #2.members (number 700): expected an extension, not '1999'",
            ],
        ),
        # The broken entry is still there under its number, once.
        (
            BROKEN.format(number="1000")
            + GROUP.format(member="1000")
            + "[[extensions]]\nnumber = '1000'\ntype = 'echo'",
            [
                "extensions #1.number: expected a text in quotes",
                "extensions #1.ring_time: expected more than 0",
                "extensions #3 (number 1000): 1000 is already in extensions #1, expected it once",
            ],
        ),
        # Whom a broken entry without a number is, nobody knows: others may mean it.
        (
            "[[extensions]]\ntype = 'phone'\n" * 2
            + GROUP.format(member="1999")
            + "[[routes]]\nnumber = '0*'\nto = 'trunk:none'",
            [
                "extensions #1: expected number or range, one of them",
                "extensions #2: expected number or range, one of them",
                "routes #1.to (number 0*): expected the name of a trunk, not 'none'",
            ],
        ),
        (
            "[[trunks]]\nname = 'a'\n[[trunks]]\nname = 'b'\nhost = 'h'\n"
            "[[routes]]\nnumber = '0*'\nto = 'trunk:a'\n"
            "[[routes]]\nnumber = '1*'\nto = 'trunk:c'\n"
            "[[routes]]\nnumber = '2*'\nto = 'c'\n"
            "[[routes]]\nnumber = '3*'\nto = 'trunk:d'",
            [
                "trunks #1.host (name a): missing, expected a value",
                "routes #3.to (number 2*): expected trunk:NAME, extension:NUMBER or refuse:STATUS "
                "(400 to 699)",
                "routes #2.to (number 1*): expected the name of a trunk, not 'c'",
                "routes #4.to (number 3*): expected the name of a trunk, not 'd'",
            ],
        ),
        (
            "[[trunks]]\nhost = 'h'\n[[routes]]\nnumber = '0*'\nto = 'trunk:a'",
            ["trunks #1.name: missing, expected a value"],
        ),
        (
            "[[connections]]\nname = 'sms'\ntype = 'smpp'\nhost = 'h'\npassword = 'p'\n"
            "[[message_routes]]\nconnections = ['sms']\n"
            "[[message_routes]]\nconnections = []\n"
            "[[message_routes]]\nconnections = ['fax']",
            [
                "connections #1.system_id (name sms): missing, expected a value",
                "message_routes #2.connections: expected at least one element",
                "message_routes #3.connections: expected the name of a connection, not 'fax'",
            ],
        ),
        # What depends on a wrong value is not judged by the default in its place.
        (
            "[media]\nworkers = 'two'\nports = '23001-23002'\n[notifications]\n"
            "incoming_call = 5\n[[extensions]]\nnumber = '1'\ntype = 'api'",
            [
                "media.workers: expected a whole number",
                "notifications.incoming_call: expected a text in quotes",
            ],
        ),
        (
            "extensions = 3\n[[routes]]\nnumber = '0*'\nto = 'extension:1'",
            ["extensions: expected a list"],
        ),
    ],
)
def test_a_broken_entry_does_not_keep_the_others_from_being_judged(
    tmp_path: Path, text: str, lines: list[str]
) -> None:
    assert mistakes(tmp_path, text) == lines


def test_the_file_is_judged_while_the_environment_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTSWITCH_SIP__RING_TIME", "0")
    monkeypatch.setenv("SOFTSWITCH_EXTENSIONS", '[{"number": "1", "type": "fax"}]')
    lines = mistakes(tmp_path, "[[routes]]\nnumber = '0*'\nto = 'trunk:a'")
    assert [line.partition(" ")[0] for line in lines] == [
        "SOFTSWITCH_SIP__RING_TIME:",
        "SOFTSWITCH_EXTENSIONS:",
        "routes",
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [("127.0.0.1:5060", ("127.0.0.1", 5060)), ("[::1]:0", ("::1", 0)), ("a.b:1", ("a.b", 1))],
)
def test_split_host_port(text: str, parts: tuple[str, int]) -> None:
    assert split_host_port(text) == parts


@pytest.mark.parametrize("text", ["::1:5060", "host", "host:99999", "host:", ":1", "ho st:1"])
def test_split_host_port_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        split_host_port(text)


SHIPPED = Path(__file__).parents[2] / "config" / "softswitch.toml"


def shipped_keys() -> set[str]:
    """Every key that the shipped file shows, commented out or not."""
    return set(re.findall(r"^(?:# )?([a-z_0-9]+) = ", SHIPPED.read_text(), re.MULTILINE))


def model_keys(model: type[BaseModel]) -> set[str]:
    keys = set()
    for name, field in model.model_fields.items():
        inner = list(models_in(field.annotation))
        keys |= {key for part in inner for key in model_keys(part)} or {field.alias or name}
    return keys


def test_the_shipped_file_shows_every_key_and_no_other() -> None:
    shown, known = shipped_keys(), model_keys(Settings)
    in_lists = {"phone", "email", "numbers", "delay", "priority", "label"}
    assert known - shown - in_lists == set()
    assert shown - known - {"contacts", "accounts", "members", "agents", "keys"} == set()


def test_the_shipped_file_is_right_and_holds_no_password() -> None:
    settings = load(SHIPPED)
    assert not any(isinstance(entry, Secret) and entry.password for entry in settings.extensions)
    assert not any(user.password for user in settings.http.users)


def test_the_shipped_file_states_the_defaults(tmp_path: Path) -> None:
    shipped, defaults = load(SHIPPED), read(tmp_path, "")
    for section in ("storage", "guard", "limits", "logging", "shutdown", "notifications"):
        assert getattr(shipped, section) == getattr(defaults, section)
    assert shipped.media.model_copy(update={"hold_music": None}) == defaults.media
    assert shipped.sip.model_copy(update={"listen": defaults.sip.listen}) == defaults.sip


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        ('certificate = "server.pem"', ["tls: expected certificate and key, or neither"]),
        (
            'clients = "required"',
            ["tls: expected ca beside clients: the authorities that may sign for them"],
        ),
        (
            'certificates = [{ certificate = "a.pem" }]',
            ["tls.certificates #1.key: missing, expected a value"],
        ),
        ("handshakes = 0", ["tls.handshakes: expected at least 1"]),
        ("handshake_timeout = 0", ["tls.handshake_timeout: expected more than 0"]),
        (
            'clients = "maybe"',
            ["tls.clients: expected 'off', 'optional' or 'required', not 'maybe'"],
        ),
    ],
)
def test_mistakes_in_tls(tmp_path: Path, table: str, lines: list[str]) -> None:
    assert mistakes(tmp_path, f"[tls]\n{table}\n") == lines


HERE = 'listen = "127.0.0.1:8443"'
FILES = '[tls]\ncertificate = "server.pem"\nkey = "server.key"\n'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[http]\ntls = true", ["http.tls: expected tls.certificate and tls.key beside it"]),
        (
            "[sip]\nlisten = ['wss:127.0.0.1:8089']",
            ["sip.listen #1: expected tls.certificate and tls.key beside it"],
        ),
        (
            f"{FILES}[sip]\nlisten = ['wss:127.0.0.1:8443']\n[http]\n{HERE}",
            [
                "sip.listen #1: expected ws: here, since http.tls is false and http.listen has "
                "the same address"
            ],
        ),
        (
            f"{FILES}[sip]\nlisten = ['ws:127.0.0.1:8443']\n[http]\n{HERE}\ntls = true",
            [
                "sip.listen #1: expected wss: here, since http.tls is true and http.listen has "
                "the same address"
            ],
        ),
        (f"{FILES}[sip]\nlisten = ['wss:127.0.0.1:8443']\n[http]\n{HERE}\ntls = 1", None),
    ],
)
def test_mistakes_between_web_sockets_and_the_web_api(
    tmp_path: Path, text: str, lines: list[str] | None
) -> None:
    if lines is not None:
        assert mistakes(tmp_path, text) == lines
    else:
        file = tmp_path / "settings.toml"
        file.write_text(text)
        assert load(file).http.scheme == "https"


def test_tls_needs_a_certificate_and_a_socket(tmp_path: Path) -> None:
    lines = mistakes(tmp_path, '[sip]\nlisten = ["udp:127.0.0.1:0", "tls:127.0.0.1:5061"]\n')
    assert lines == ["sip.listen #2: expected tls.certificate and tls.key beside it"]
    trunk = '[[trunks]]\nname = "carrier"\nhost = "sip.example.net"\ntransport = "tls"\n'
    assert mistakes(tmp_path, trunk) == [
        "trunks #1.transport (name carrier): "
        "expected a socket such as tls:0.0.0.0:5061 in sip.listen"
    ]


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ('transport = "udp"\nca = "ca.pem"', 'expected transport = "tls" beside ca'),
        (
            'transport = "tcp"\ncertificate = "a"\nkey = "b"',
            'expected transport = "tls" beside certificate, key',
        ),
        ("mutual_tls = true", 'expected transport = "tls" beside mutual_tls'),
        ('transport = "tls"\nkey = "b"', "expected certificate and key, or neither"),
    ],
)
def test_mistakes_in_the_tls_of_a_trunk(tmp_path: Path, more: str, wrong: str) -> None:
    trunk = f'[[trunks]]\nname = "carrier"\nhost = "sip.example.net"\n{more}\n'
    assert mistakes(tmp_path, trunk) == [f"trunks #1 (name carrier): {wrong}"]


def test_mutual_tls_of_a_trunk_needs_a_question_for_certificates(tmp_path: Path) -> None:
    trunk = (
        '[sip]\nlisten = ["tls:127.0.0.1:0"]\n[tls]\ncertificate = "a"\nkey = "b"\nca = "c"\n'
        '{clients}[[trunks]]\nname = "carrier"\nhost = "sip.example.net"\ntransport = "tls"\n'
        "mutual_tls = true\n"
    )
    assert mistakes(tmp_path, trunk.format(clients="")) == [
        "trunks #1.mutual_tls (name carrier): "
        'expected tls.clients = "optional", or "required", beside it'
    ]
    asks = read(tmp_path, trunk.format(clients='clients = "optional"\n'))
    assert asks.trunks[0].mutual_tls


@pytest.mark.parametrize(
    ("host", "may"),
    [
        ("sip.example.net", True),
        ("sip.example.net:5061", False),
        ("192.0.2.1", False),
        ('sip.example.net"\nproxy = "192.0.2.1', False),
        ('192.0.2.1"\nproxy = "edge.example.net', True),
        ('sip.example.net"\ntransport = "tcp', False),
    ],
)
def test_dns_may_lead_a_trunk_to_tls_where_nothing_says_otherwise(
    tmp_path: Path, host: str, may: bool
) -> None:
    trunk = f'[[trunks]]\nname = "carrier"\nhost = "{host}"\nca = "ca.pem"\n'
    if may:
        assert read(tmp_path, trunk).trunks[0].may_use_tls
    else:
        expected = 'trunks #1 (name carrier): expected transport = "tls" beside ca'
        assert mistakes(tmp_path, trunk) == [expected]


def test_name_servers_are_numeric_addresses(tmp_path: Path) -> None:
    settings = read(tmp_path, '[sip]\nname_servers = ["192.0.2.53", "[2001:db8::53]:5353"]\n')
    assert settings.sip.name_servers == (("192.0.2.53", 53), ("2001:db8::53", 5353))
    assert mistakes(tmp_path, '[sip]\nname_servers = ["ns.example.net"]\n') == [
        "sip.name_servers #1: expected a numeric address, not 'ns.example.net'"
    ]


SDES_TRUNK = '[[trunks]]\nname = "carrier"\nhost = "sip.example.net"\nsrtp_keys = "sdes"\n'
SDES_PHONE = '[[extensions]]\nnumber = "1000"\ntype = "phone"\nsrtp_keys = "sdes"\n'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            '[media]\nsrtp = "yes"\n',
            ["media.srtp: expected 'off', 'optional' or 'required', not 'yes'"],
        ),
        (
            '[[extensions]]\nnumber = "1000"\ntype = "phone"\nsrtp = true\n',
            [
                "extensions #1.srtp (number 1000): "
                "expected 'off', 'optional' or 'required', not true"
            ],
        ),
        (
            '[[extensions]]\nnumber = "1000"\ntype = "phone"\nsrtp_keys = "zrtp"\n',
            ["extensions #1.srtp_keys (number 1000): expected 'sdes' or 'dtls', not 'zrtp'"],
        ),
        (
            '[[extensions]]\nnumber = "600"\ntype = "echo"\nsrtp = "off"\n',
            [
                "extensions #1.srtp (number 600): unknown key, "
                "expected one of number, range, name, watchers, type"
            ],
        ),
        (
            SDES_PHONE,
            [
                "extensions #1.srtp_keys (number 1000): expected a socket such as "
                "tls:0.0.0.0:5061 in sip.listen, or media.sdes_without_tls = true, beside sdes"
            ],
        ),
        (
            SDES_TRUNK,
            [
                'trunks #1.srtp_keys (name carrier): expected transport = "tls", or '
                "media.sdes_without_tls = true, beside sdes"
            ],
        ),
    ],
)
def test_mistakes_in_srtp(tmp_path: Path, text: str, lines: list[str]) -> None:
    assert mistakes(tmp_path, text) == lines


def test_what_is_said_about_srtp(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    phone = (
        '[[extensions]]\nnumber = "1001"\ntype = "phone"\nsrtp = "required"\nsrtp_keys = "dtls"\n'
    )
    file.write_text(f"[media]\nsdes_without_tls = true\n{SDES_PHONE}{phone}{SDES_TRUNK}")
    settings = load(file)
    assert (settings.media.srtp, settings.media.sdes_without_tls) == (None, True)
    (trunk,) = settings.trunks
    assert (trunk.srtp, trunk.srtp_keys) == (None, "sdes")
    assert settings.extensions[1].model_dump()["srtp"] == "required"


def test_music_may_be_a_sound_that_is_shipped(tmp_path: Path) -> None:
    music = read(tmp_path, '[media]\nhold_music = "shipped:hold.ogg"').media.hold_music
    assert music is not None
    assert music.is_file()


@pytest.mark.parametrize("name", ["none.ogg", "", "defaults.toml", "../shipped/hold.ogg"])
def test_what_is_no_shipped_sound_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"media\.hold_music: expected a sound that is sh"):
        read(tmp_path, f'[media]\nhold_music = "shipped:{name}"')
