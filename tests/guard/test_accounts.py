"""Accounts: nobody learns from the challenges which numbers exist."""

from __future__ import annotations

from ipaddress import ip_network

from softswitch.guard.accounts import Accounts
from tests.guard.requests import answered, request
from tests.guard.test_authentication import make_gate, refusal

KEY = b"k" * 32
UNKNOWN = [str(number) for number in range(5_000, 6_000)]
SHA, BOTH, MD5 = ("SHA-256",), ("SHA-256", "MD5"), ("MD5",)


def offered(accounts: Accounts, name: str) -> tuple[str, ...]:
    return tuple(accounts.find(name)[0].secrets)


def make_accounts(*, key: bytes = KEY, default: int = 30, sha: int = 8, both: int = 2) -> Accounts:
    accounts = Accounts("pbx.example", MD5, key)
    for number in range(default):
        accounts.add(f"10{number:02}", "pass")
    for number in range(sha):
        accounts.add(f"20{number:02}", "pass", algorithms=SHA)
    for number in range(both):
        accounts.add(f"30{number:02}", "pass", algorithms=BOTH)
    return accounts


def test_unknown_numbers_have_the_lists_of_known_ones_in_their_proportion() -> None:
    accounts = make_accounts()
    lists = [offered(accounts, number) for number in UNKNOWN]
    assert not any(accounts.find(number)[1] for number in UNKNOWN)
    for expected, share in ((MD5, 0.75), (SHA, 0.2), (BOTH, 0.05)):
        assert abs(lists.count(expected) / len(lists) - share) < 0.03
    assert set(lists) == {MD5, SHA, BOTH}


def test_the_list_of_an_unknown_number_outlives_a_restart_and_cannot_be_computed() -> None:
    lists = [offered(make_accounts(), number) for number in UNKNOWN[:100]]
    assert lists == [offered(make_accounts(), number) for number in UNKNOWN[:100]]
    other = make_accounts(key=b"x" * 32)
    assert lists != [offered(other, number) for number in UNKNOWN[:100]]


def test_another_account_changes_the_lists_of_few_unknown_numbers() -> None:
    accounts, more = make_accounts(), make_accounts(sha=9)
    changed = [n for n in UNKNOWN if offered(accounts, n) != offered(more, n)]
    assert len(changed) < 40
    assert {offered(more, number) for number in changed} == {SHA}


def test_a_list_that_no_account_has_is_offered_to_nobody() -> None:
    accounts = make_accounts(default=0, sha=1, both=0)
    assert {offered(accounts, number) for number in UNKNOWN} == {SHA}
    accounts.add("2000", "pass", algorithms=BOTH)
    assert {offered(accounts, number) for number in UNKNOWN} == {BOTH}
    accounts.remove("2000")
    assert {offered(accounts, number) for number in UNKNOWN} == {MD5}


def test_an_unknown_number_is_challenged_alike_before_and_after_a_response() -> None:
    gate = make_gate(MD5, trusted=[ip_network("192.0.2.7/32")])
    gate.accounts.add("3001", "pass3001", algorithms=SHA)
    seen = set()
    for number in ("1000", "3001", *UNKNOWN[:50]):
        asked = request(to=f"<sip:{number}@pbx.example>")
        first = refusal(gate, asked)
        again = refusal(gate, answered(asked, first, username=number, password="wrong"))
        lists = [
            [value.split("algorithm=")[1] for value in each.headers.get_all("WWW-Authenticate")]
            for each in (first, again)
        ]
        assert lists[0] == lists[1]
        seen.add(tuple(lists[0]))
    assert len(seen) == 2


def test_who_hides_its_number_is_challenged_as_phones_are_by_default() -> None:
    gate = make_gate(MD5)
    for number in range(100):
        gate.accounts.add(f"30{number:02}", "pass", algorithms=SHA)
    for sender in ("<sip:anonymous@anonymous.invalid>;tag=f", "<sip:pbx.example>;tag=f"):
        asked = request("INVITE", "sip:2000@pbx.example", from_=sender)
        challenge = refusal(gate, asked).headers.get("WWW-Authenticate")
        assert "algorithm=MD5" in (challenge or "")
    asked = request("INVITE", "sip:2000@pbx.example", from_="<sip:3001@anonymous.invalid>;tag=f")
    assert "algorithm=SHA-256" in (refusal(gate, asked).headers.get("WWW-Authenticate") or "")
