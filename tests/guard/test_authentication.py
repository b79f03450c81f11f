"""The gate: requests that are admitted, challenged, refused, or dropped without an answer."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.guard.accounts import Accounts
from softswitch.guard.authentication import Admitted, Dropped, Gate, Refused
from softswitch.guard.bans import Bans
from softswitch.guard.events import SecurityEvent
from softswitch.guard.rates import Rates
from softswitch.sip.effects import Flow
from softswitch.sip.message.message import Request, Response
from softswitch.sip.requests.digest import expected, parse_credentials, parse_parameters
from softswitch.sip.requests.nonce import Nonces
from tests.guard.requests import answered, flow, request

KEY = b"k" * 32
PHONE = flow()
NOW = 1_000_000.0


class Clock:
    """The clock of bans; the test sets it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()


@pytest.fixture(autouse=True)
def reset_clock() -> None:
    CLOCK.now = NOW


def make_gate(algorithms: tuple[str, ...] = ("SHA-256", "MD5"), **options: object) -> Gate:
    accounts = Accounts("pbx.example", algorithms, KEY)
    accounts.add("1000", "pass1000")
    accounts.add("2000", "pass2000", username='quo"ted\\user')
    values: dict[str, object] = {
        "rates": Rates(1000.0),
        "bans": Bans("SIP", clock=CLOCK),
        "unproven": Bans("SIP, source not proven", clock=CLOCK),
        "key": KEY,
        "entropy": bytes,
    }
    return Gate(accounts, Nonces(KEY, 300.0), **{**values, **options})  # type: ignore[arg-type]


@pytest.fixture
def gate() -> Gate:
    return make_gate()


def refusal(gate: Gate, asked: Request, now: float = NOW, source: object = PHONE) -> Response:
    decision = gate.check(asked, source, now)  # type: ignore[arg-type]
    assert isinstance(decision, Refused), decision
    return decision.response


def is_stale(response: Response) -> bool:
    assert response.status == 401
    return "stale=true" in (response.headers.get("WWW-Authenticate") or "")


def test_an_unknown_source_is_challenged_with_every_algorithm_in_order(gate: Gate) -> None:
    response = refusal(gate, request())
    assert response.status == 401
    challenges = [parse_parameters(v) or {} for v in response.headers.get_all("WWW-Authenticate")]
    assert [challenge["algorithm"] for challenge in challenges] == ["SHA-256", "MD5"]
    assert {challenge["realm"] for challenge in challenges} == {"pbx.example"}
    assert {challenge["qop"] for challenge in challenges} == {"auth"}
    assert not is_stale(response)
    assert response.to.tag


@pytest.mark.parametrize("transport", ["ws", "wss"])
@pytest.mark.parametrize(
    ("of_all", "expected"),
    [
        (("SHA-256", "MD5"), ["SHA-256", "MD5"]),
        (("MD5", "SHA-256"), ["SHA-256", "MD5"]),
        (("MD5", "SHA-512-256", "SHA-256"), ["SHA-512-256", "SHA-256", "MD5"]),
        (("SHA-256",), ["SHA-256"]),
    ],
)
def test_a_page_finds_md5_in_the_last_challenge(
    transport: str, of_all: tuple[str, ...], expected: list[str]
) -> None:
    """JsSIP and SIP.js read no other."""
    response = refusal(make_gate(of_all), request(), source=PHONE._replace(transport=transport))
    challenges = [parse_parameters(v) or {} for v in response.headers.get_all("WWW-Authenticate")]
    assert [challenge["algorithm"] for challenge in challenges] == expected


def test_the_right_password_comes_in(gate: Gate) -> None:
    asked = request()
    again = answered(asked, refusal(gate, asked))
    assert gate.check(again, PHONE, NOW + 1) == Admitted("1000")


def test_only_what_is_offered_is_taken() -> None:
    md5_only, sha_only = make_gate(("MD5",)), make_gate(("SHA-256",))
    asked = request()
    by_md5 = answered(asked, refusal(md5_only, asked))
    assert md5_only.check(by_md5, PHONE, NOW) == Admitted("1000")
    assert refusal(sha_only, by_md5).status == 401


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256-sess", "SHA-512-256"])
def test_every_algorithm_of_the_settings_works(algorithm: str) -> None:
    gate = make_gate((algorithm,))
    asked = request()
    assert gate.check(answered(asked, refusal(gate, asked)), PHONE, NOW) == Admitted("1000")


def test_copies_of_a_request_get_the_same_tag(gate: Gate) -> None:
    assert refusal(gate, request()).to.tag == refusal(gate, request()).to.tag


def test_unknown_users_and_wrong_passwords_get_the_same_answer(gate: Gate) -> None:
    asked = request()
    challenge = refusal(gate, asked)
    wrong = refusal(gate, answered(asked, challenge, password="wrong"), NOW + 1)
    unknown = refusal(gate, answered(asked, challenge, username="nobody"), NOW + 1)
    assert wrong.to_bytes() == unknown.to_bytes()
    assert not is_stale(wrong)
    assert gate.events.counts[SecurityEvent.INVALID_PASSWORD] == 1
    assert gate.events.counts[SecurityEvent.INVALID_ACCOUNT_ID] == 1


def test_the_stand_in_of_unknown_users_opens_nothing(gate: Gate) -> None:
    asked = request(to="<sip:@pbx.example>")
    again = answered(asked, refusal(gate, asked), username="nobody")
    credentials = parse_credentials(again.headers.get("Authorization") or "")
    assert credentials is not None and credentials.algorithm is not None
    stand_in, known = gate.accounts.find("nobody")
    assert not known
    secret = stand_in.secrets[credentials.algorithm.name]
    proof = expected(credentials, credentials.algorithm, secret, "REGISTER")
    forged = (again.headers.get("Authorization") or "").replace(credentials.response, proof)
    again.headers.set("Authorization", forged)
    assert refusal(gate, again).status == 401


def test_a_right_answer_without_qop_is_not_taken(gate: Gate) -> None:
    asked = request()
    challenge = refusal(gate, asked)
    old = [(name, value.replace(', qop="auth"', "")) for name, value in challenge.headers.items()]
    again = answered(asked, Response(401, headers=old))
    assert "qop" not in (again.headers.get("Authorization") or "")
    assert refusal(gate, again).status == 401


def test_usernames_with_quotes_and_backslashes(gate: Gate) -> None:
    asked = request(from_="<sip:2000@x>;tag=f", to="<sip:2000@x>")
    again = answered(asked, refusal(gate, asked), username='quo"ted\\user', password="pass2000")
    assert gate.check(again, PHONE, NOW) == Admitted("2000")


def test_an_expired_nonce_is_stale_only_with_the_right_password(gate: Gate) -> None:
    asked = request()
    challenge = refusal(gate, asked)
    assert is_stale(refusal(gate, answered(asked, challenge), NOW + 301))
    assert not is_stale(refusal(gate, answered(asked, challenge, password="x"), NOW + 301))


def test_a_forged_nonce_is_challenged_and_not_stale(gate: Gate) -> None:
    asked = request()
    theirs = Response(401, headers=[("WWW-Authenticate", 'Digest realm="pbx.example", nonce="n", '
                                     'qop="auth", algorithm=MD5')])  # fmt: skip
    assert not is_stale(refusal(gate, answered(asked, theirs)))


def test_a_nonce_of_another_address_is_stale(gate: Gate) -> None:
    asked = request()
    again = answered(asked, refusal(gate, asked))
    assert is_stale(refusal(gate, again, NOW, flow("198.51.100.1")))
    assert gate.events.counts[SecurityEvent.UNEXPECTED_ADDRESS] == 1


def test_another_port_of_the_address_is_the_same_phone(gate: Gate) -> None:
    asked = request()
    again = answered(asked, refusal(gate, asked))
    assert gate.check(again, flow(port=40001), NOW) == Admitted("1000")


def test_a_replay_is_stale_and_the_next_count_is_not(gate: Gate) -> None:
    asked = request()
    challenge = refusal(gate, asked)
    assert isinstance(gate.check(answered(asked, challenge), PHONE, NOW), Admitted)
    assert is_stale(refusal(gate, answered(asked, challenge)))
    assert isinstance(gate.check(answered(asked, challenge, count=2), PHONE, NOW), Admitted)
    assert is_stale(refusal(gate, answered(asked, challenge, count=2)))


def test_credentials_for_another_method_are_wrong(gate: Gate) -> None:
    asked = request("INVITE", "sip:2000@pbx.example")
    again = answered(asked, refusal(gate, asked))
    stolen = request("MESSAGE", "sip:2000@pbx.example")
    stolen.headers.add("Authorization", again.headers.get("Authorization") or "")
    assert refusal(gate, stolen).status == 401


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("sip:2000@pbx.example", "sip:2000@pbx.example"),
        ("sip:2000@pbx.example", "SIP:2000@PBX.example"),
        ("sip:2000@pbx.example:5060;transport=tcp", "sip:2000@pbx.example"),  # phones drop these
        ("sip:2000@pbx.example:5060", "sip:pbx.example:5060"),
        ("sip:2000;phone-context=+49@pbx.example;user=phone", "sip:2000@pbx.example"),
        ("sip:2000@pbx.example", "sip:127.0.0.1:5060"),  # SIPp names the address it sends to
    ],
)
def test_uris_that_name_the_same_target(gate: Gate, target: str, uri: str) -> None:
    asked = request("INVITE", target)
    again = answered(asked, refusal(gate, asked), uri=uri)
    assert gate.check(again, PHONE, NOW) == Admitted("1000")


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("sip:2000@pbx.example", "sip:2001@pbx.example"),
        ("sip:2000@pbx.example", "sip:2000@other.example"),
        ("sip:2000@pbx.example", "sip:other.example"),
        ("sip:pbx.example", "sip:2000@pbx.example"),
        ("sip:2000@pbx.example", "tel:2000"),
        ("sip:2000@pbx.example", "*"),
        ("sip:2000@pbx.example", "/dir/index.html"),
    ],
)
def test_credentials_for_another_uri_are_a_bad_request(gate: Gate, target: str, uri: str) -> None:
    asked = request("INVITE", target)
    again = answered(asked, refusal(gate, asked), uri=uri)
    assert refusal(gate, again).status == 400


@pytest.mark.parametrize(
    "value",
    [
        "Digest",
        "Digest x",
        'Digest username="1000", realm="pbx.example", nonce="n", uri="sip:pbx.example"',
        'Digest username="1000", realm="pbx.example", nonce="n", uri="sip:pbx.example", '
        'response="00", qop=auth, nc=1, cnonce="c"',
        "Digest " + "a" * 3000,
    ],
)
def test_malformed_credentials_are_a_bad_request(gate: Gate, value: str) -> None:
    assert refusal(gate, request(headers=(("Authorization", value),))).status == 400
    assert gate.events.counts[SecurityEvent.REQUEST_BAD_FORMAT] == 1


@pytest.mark.parametrize(
    "value",
    [
        "Basic MTAwMDpwYXNz",
        'Digest username="1000", realm="other", nonce="n", uri="sip:pbx.example", response="00"',
        'Digest username="1000", realm="pbx.example", nonce="n", uri="sip:pbx.example", '
        'response="00"',  # no qop
        'Digest username="1000", realm="pbx.example", nonce="n", uri="sip:pbx.example", '
        'response="00", algorithm=ROT13',
    ],
)
def test_credentials_that_we_cannot_use_are_challenged(gate: Gate, value: str) -> None:
    assert refusal(gate, request(headers=(("Authorization", value),))).status == 401


def test_credentials_for_several_realms_may_stand_in_one_request(gate: Gate) -> None:
    asked = request()
    again = answered(asked, refusal(gate, asked))
    other = 'Digest username="u", realm="carrier", nonce="n", uri="sip:x", response="00"'
    again.headers.prepend("Authorization", other)
    assert gate.check(again, PHONE, NOW) == Admitted("1000")


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "SUBSCRIBE", "OPTIONS", "REFER", "X"])
def test_nobody_speaks_in_anothers_name(gate: Gate, method: str) -> None:
    asked = request(method, "sip:3000@pbx.example", from_="<sip:2000@pbx.example>;tag=f")
    again = answered(asked, refusal(gate, asked))
    assert refusal(gate, again).status == 403
    assert gate.events.counts[SecurityEvent.REQUEST_NOT_ALLOWED] == 1


@pytest.mark.parametrize(
    "sender",
    ['"Anonymous" <sip:anonymous@anonymous.invalid>;tag=f', "<sip:anonymous@pbx.example>;tag=f"],
)
def test_a_caller_may_hide_its_name_and_nobody_else(gate: Gate, sender: str) -> None:
    asked = request("INVITE", "sip:2000@pbx.example", from_=sender)
    assert gate.check(answered(asked, refusal(gate, asked)), PHONE, NOW) == Admitted("1000")
    for method in ("MESSAGE", "OPTIONS", "SUBSCRIBE"):
        asked = request(method, "sip:2000@pbx.example", from_=sender)
        assert refusal(gate, answered(asked, refusal(gate, asked))).status == 403


def test_the_refusal_of_anothers_name_is_repeated_for_a_repeat(gate: Gate) -> None:
    asked = request("MESSAGE", "sip:3000@pbx.example", from_="<sip:2000@pbx.example>;tag=f")
    again = answered(asked, refusal(gate, asked))
    assert refusal(gate, again).to_bytes() == refusal(gate, again).to_bytes()


def test_nobody_registers_for_another(gate: Gate) -> None:
    asked = request(to="<sip:2000@pbx.example>")
    assert refusal(gate, answered(asked, refusal(gate, asked))).status == 403


@pytest.mark.parametrize(
    "sender",
    [
        "<sip:%31000@anywhere>;tag=f",
        "<tel:1000>;tag=f",
        "<sip:1000;phone-context=pbx.example@pbx.example;user=phone>;tag=f",
        "<sip:10-00@pbx.example;user=phone>;tag=f",
    ],
)
def test_the_user_part_is_compared_without_escapes_and_as_a_number(gate: Gate, sender: str) -> None:
    asked = request("INVITE", "sip:2000@pbx.example", from_=sender)
    assert gate.check(answered(asked, refusal(gate, asked)), PHONE, NOW) == Admitted("1000")


def test_domains_are_compared_where_they_are_given() -> None:
    gate = make_gate(domains=["PBX.example"])
    ours = request("INVITE", "sip:2000@pbx.example")
    theirs = request("INVITE", "sip:2000@x", from_="<sip:1000@evil.example>;tag=f")
    assert gate.check(answered(ours, refusal(gate, ours)), PHONE, NOW) == Admitted("1000")
    challenge = refusal(gate, theirs, NOW + 1)
    assert refusal(gate, answered(theirs, challenge), NOW + 1).status == 403


def test_ack_is_never_challenged_and_cancel_has_no_transaction_here(gate: Gate) -> None:
    assert isinstance(gate.check(request("ACK", "sip:x"), PHONE, NOW), Dropped)
    assert refusal(gate, request("CANCEL", "sip:x")).status == 481


def test_a_dialog_that_we_do_not_know_is_said_so_without_a_challenge(gate: Gate) -> None:
    asked = request("BYE", "sip:x", to="<sip:2000@pbx.example>;tag=gone")
    assert refusal(gate, asked).status == 481


def test_a_request_that_cannot_be_read_is_a_bad_request(gate: Gate) -> None:
    asked = request("INVITE", "sip:2000@pbx.example", from_="<sip:>;tag=f")
    assert refusal(gate, answered(asked, refusal(gate, asked))).status == 400


def test_guessing_bans_the_source_for_that_account_only(gate: Gate) -> None:
    asked = request()
    challenge = refusal(gate, asked)
    for _ in range(5):
        assert refusal(gate, answered(asked, challenge, password="guess")).status == 401
    right = answered(asked, challenge)
    assert isinstance(gate.check(right, PHONE, NOW + 1), Dropped)
    CLOCK.now = NOW + 299
    assert isinstance(gate.check(right, PHONE, NOW + 299), Dropped)
    # From elsewhere the account is open, and the source may use other accounts.
    fresh = refusal(gate, asked, NOW + 1, flow("198.51.100.1"))
    assert gate.check(answered(asked, fresh), flow("198.51.100.1"), NOW + 1) == Admitted("1000")
    other = request(to="<sip:2000@x>")
    again = answered(other, challenge, username='quo"ted\\user', password="pass2000")
    assert gate.check(again, PHONE, NOW + 1) == Admitted("2000")
    # When the ban is over the phone is told that its nonce is old, and comes in.
    CLOCK.now = NOW + 301
    assert is_stale(stale := refusal(gate, right, NOW + 301))
    assert gate.check(answered(asked, stale), PHONE, NOW + 302) == Admitted("1000")


ELSEWHERE = flow("198.51.100.1")
THEIRS = Response(401, headers=[("WWW-Authenticate", 'Digest realm="pbx.example", nonce="n", '
                                 'qop="auth", algorithm=SHA-256')])  # fmt: skip


def nonce_of(gate: Gate, kind: str) -> Response:
    """A challenge whose nonce is worth less than a fresh one."""
    if kind == "forged":
        return THEIRS
    if kind == "of another address":
        return refusal(gate, request(), NOW, ELSEWHERE)
    if kind == "of another address and expired":
        return refusal(gate, request(), NOW - 400, ELSEWHERE)
    if kind == "expired":
        return refusal(gate, request(), NOW - 400)
    challenge = refusal(gate, request())
    if kind == "used":
        assert isinstance(gate.check(answered(request(), challenge), PHONE, NOW), Admitted)
    return challenge


NONCES = (
    "fresh", "used", "expired", "of another address", "of another address and expired", "forged",
)  # fmt: skip


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("kind", NONCES)
def test_guesses_are_counted_whatever_their_nonce(gate: Gate, kind: str, transport: str) -> None:
    asked, challenge = request(), nonce_of(gate, kind)
    source = PHONE._replace(transport=transport)
    answers = []
    for number in range(300):
        guess = answered(asked, challenge, password=f"guess{number}", count=number + 2)
        decision = gate.check(guess, source, NOW)
        if isinstance(decision, Refused):
            answers.append(is_stale(decision.response))
    assert answers == [False] * 5
    right = answered(asked, challenge, count=1000)
    assert isinstance(gate.check(right, source, NOW), Dropped), "the right one does not stand out"


@pytest.mark.parametrize("kind", NONCES[2:])
def test_the_right_password_in_the_middle_of_guesses_is_told_once_at_most(
    gate: Gate, kind: str
) -> None:
    """A response to an old nonce may be called stale, but not by a source that has guessed on."""
    asked, challenge = request(), nonce_of(gate, kind)
    for number in range(4):
        refusal(gate, answered(asked, challenge, password=f"guess{number}", count=number + 2))
    assert is_stale(refusal(gate, answered(asked, challenge, count=9))) is (kind != "forged")
    guess = answered(asked, challenge, password="guess", count=10)
    assert isinstance(gate.check(guess, PHONE, NOW), Refused)
    assert isinstance(gate.check(answered(asked, challenge, count=11), PHONE, NOW), Dropped)


@pytest.mark.parametrize("kind", NONCES[3:])
def test_packets_with_the_address_of_a_phone_do_not_lock_it_out(gate: Gate, kind: str) -> None:
    asked, forged = request(), nonce_of(gate, kind)
    for _ in range(300):
        gate.check(answered(asked, forged, password="guess"), PHONE, NOW)
    challenge = refusal(gate, asked)
    assert gate.check(answered(asked, challenge), PHONE, NOW) == Admitted("1000")


def test_a_connection_proves_its_address(gate: Gate) -> None:
    asked, forged = request(), nonce_of(gate, "forged")
    source = PHONE._replace(transport="tcp")
    for _ in range(5):
        gate.check(answered(asked, forged, password="guess"), source, NOW)
    again = answered(asked, refusal(gate, asked, source=source))
    assert isinstance(gate.check(again, source, NOW), Dropped)


def test_a_flood_is_dropped_and_an_honest_phone_never_pays() -> None:
    gate = make_gate(rates=Rates(10.0, 20.0))
    decisions = [gate.check(request(), PHONE, NOW) for _ in range(30)]
    assert [type(decision) for decision in decisions] == [Refused] * 20 + [Dropped] * 10
    assert gate.events.counts[SecurityEvent.FAILED_ACL] == 10
    asked = request()
    challenge = refusal(gate, asked, NOW + 10)
    for count in range(1, 200):
        again = answered(asked, challenge, count=count)
        assert isinstance(gate.check(again, PHONE, NOW + 10), Admitted)


def test_trusted_sources_are_neither_limited_nor_banned() -> None:
    gate = make_gate(rates=Rates(1.0, 1.0), trusted=[ip_network("192.0.2.0/24")])
    asked = request()
    challenge = refusal(gate, asked)
    for _ in range(50):
        assert refusal(gate, answered(asked, challenge, password="guess")).status == 401
    assert gate.check(answered(asked, challenge), PHONE, NOW) == Admitted("1000")


@given(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=300))
def test_whatever_stands_in_the_credentials_there_is_a_decision(text: str) -> None:
    gate = make_gate()
    asked = request()
    asked.headers.add("Authorization", text)
    asked.headers.add("Authorization", f'Digest realm="pbx.example", {text}')
    assert refusal(gate, asked).status in (400, 401, 414)


CARRIER = "198.51.100.1"


def trunk_of(asked: Request, source: Flow) -> str:
    return "carrier" if source.remote[0] == CARRIER else ""


@pytest.mark.parametrize(
    ("method", "from_", "caller"),
    [
        ("INVITE", "<sip:0151@carrier.example>;tag=f", "0151"),
        ("INVITE", "<sip:carrier.example>;tag=f", "anonymous"),
        ("OPTIONS", "<sip:1000@carrier.example>;tag=f", "1000"),
    ],
)
def test_a_line_calls_in_without_a_password(method: str, from_: str, caller: str) -> None:
    gate = make_gate(trunk_of=trunk_of, rates=Rates(0.001))
    for _ in range(100):
        decision = gate.check(request(method, from_=from_), flow("198.51.100.1"), NOW)
        assert decision == Admitted(caller, "carrier")


@pytest.mark.parametrize("method", ["REGISTER", "MESSAGE", "SUBSCRIBE", "REFER"])
def test_a_line_may_do_nothing_else(method: str) -> None:
    gate = make_gate(trunk_of=trunk_of)
    assert refusal(gate, request(method), source=flow("198.51.100.1")).status == 401


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_what_does_not_prove_that_it_is_a_trunk_is_refused(method: str) -> None:
    gate = make_gate(trunk_of=trunk_of, proves=lambda trunk, source: source.peer == trunk)
    carrier = flow(CARRIER)
    refused = refusal(gate, request(method), source=carrier)
    assert refused.status == 403
    assert "WWW-Authenticate" not in refused.headers
    assert gate.events.counts[SecurityEvent.REQUEST_NOT_ALLOWED] == 1
    proven = gate.check(request(method), carrier._replace(peer="carrier"), NOW)
    assert isinstance(proven, Admitted)
    assert proven.trunk == "carrier"


def test_claims_to_be_a_trunk_are_bounded_by_the_rate() -> None:
    gate = make_gate(trunk_of=trunk_of, proves=lambda *_: False, rates=Rates(0.001))
    decisions = [gate.check(request("INVITE"), flow(CARRIER), NOW) for _ in range(100)]
    assert isinstance(decisions[-1], Dropped)


def test_a_source_that_is_no_trunk_is_challenged() -> None:
    assert refusal(make_gate(trunk_of=trunk_of), request("INVITE")).status == 401


def test_a_phone_at_the_address_of_a_line_is_a_phone_once_it_has_credentials() -> None:
    gate = make_gate(trunk_of=trunk_of)
    source = flow("198.51.100.1")
    asked = request("INVITE", "sip:2000@pbx.example")
    challenge = refusal(gate, request("REGISTER"), source=source)
    assert gate.check(answered(asked, challenge), source, NOW) == Admitted("1000")
