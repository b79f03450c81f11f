"""Digest arithmetic against published examples, and credentials that must not be believed."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.sip.message.grammar import MessageError
from softswitch.sip.requests.digest import (
    ALGORITHMS,
    HEADER,
    answer,
    challenge,
    expected,
    ha1,
    parse_credentials,
    parse_parameters,
    raw,
    response,
)

# RFC 7616 section 3.9.1
MUFASA = {
    "username": "Mufasa",
    "realm": "http-auth@example.org",
    "uri": "/dir/index.html",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
}
PASSWORD = "Circle of Life"
GOOD = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", '
    'algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, '
    'response="8ca523f5e9506fed4657c9700eebdbec"'
)


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(name: str, result: str) -> None:
    algorithm = ALGORITHMS[name]
    secret = ha1(algorithm, MUFASA["username"], MUFASA["realm"], PASSWORD)
    proof = response(
        algorithm, secret, "GET", MUFASA["uri"], MUFASA["nonce"],
        qop="auth", cnonce=MUFASA["cnonce"], nc="00000001",
    )  # fmt: skip
    assert proof == result


def test_the_example_of_rfc_2069_as_corrected_by_its_erratum() -> None:
    md5 = ALGORITHMS["MD5"]
    secret = ha1(md5, "Mufasa", "testrealm@host.com", "CircleOfLife")
    proof = response(md5, secret, "GET", "/dir/index.html", "dcd98b7102dd2f0e8b11d0f600bfb0c093")
    assert proof == "1949323746fe6a43ef61f9606e7febea"


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_gives_as_many_digits_as_the_table_says(name: str) -> None:
    algorithm = ALGORITHMS[name]
    secret = ha1(algorithm, "a", "b", "c")
    proof = response(algorithm, secret, "INVITE", "sip:x", "n", qop="auth", cnonce="c", nc="1" * 8)
    assert len(secret) == len(proof) == algorithm.digits


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if not name.endswith("-SESS")])
def test_sess_binds_the_secret_to_the_nonce_and_the_cnonce(name: str) -> None:
    plain, session = ALGORITHMS[name], ALGORITHMS[f"{name}-SESS"]
    bound = plain.hash("secret:n:c")
    common = {"qop": "auth", "cnonce": "c", "nc": "00000001"}
    assert response(session, "secret", "M", "u", "n", **common) == response(
        plain, bound, "M", "u", "n", **common
    )


def test_credentials_are_read() -> None:
    credentials = parse_credentials(GOOD)
    assert credentials is not None
    assert credentials.username == "Mufasa"
    assert credentials.algorithm is ALGORITHMS["MD5"]
    assert credentials.nonce_count == 1
    secret = ha1(ALGORITHMS["MD5"], "Mufasa", "http-auth@example.org", PASSWORD)
    assert expected(credentials, ALGORITHMS["MD5"], secret, "GET") == credentials.response


def test_names_and_algorithms_are_read_in_any_case_and_with_any_blanks() -> None:
    text = (
        'dIgEsT  USERNAME = "a" ,realm="r",Nonce="n",uri="sip:x",response="00" , algorithm=sha-256'
    )
    credentials = parse_credentials(text)
    assert credentials is not None
    assert credentials.username == "a"
    assert credentials.algorithm is ALGORITHMS["SHA-256"]


def test_without_algorithm_it_is_md5_and_an_unknown_one_is_none() -> None:
    absent = parse_credentials('Digest username="a",realm="r",nonce="n",uri="u",response="00"')
    strange = parse_credentials(
        'Digest username="a",realm="r",nonce="n",uri="u",response="00",algorithm=ROT13'
    )
    assert absent is not None and absent.algorithm is ALGORITHMS["MD5"]
    assert strange is not None and strange.algorithm is None


@pytest.mark.parametrize("name", ['quo"te', "back\\slash", 'both\\"', "plain", "jürgen"])
def test_usernames_are_compared_by_their_raw_text(name: str) -> None:
    credentials = parse_credentials(
        f'Digest username="{raw(name)}",realm="r",nonce="n",uri="u",response="00"'
    )
    assert credentials is not None
    assert credentials.username == raw(name)


def test_another_scheme_is_not_ours() -> None:
    assert parse_credentials("Basic TXVmYXNhOkNpcmNsZQ==") is None
    assert parse_credentials("") is None


@pytest.mark.parametrize(
    "text",
    [
        "Digest garbage",
        "Digest =",
        "Digest ,",
        "Digest",
        GOOD.replace("nc=00000001", "nc=0000001"),
        GOOD.replace("nc=00000001", "nc=000000001"),
        GOOD.replace("nc=00000001", 'nc="00000001"'),
        GOOD.replace("nc=00000001", "nc=0000000g"),
        GOOD.replace("nc=00000001", "nc=+0000001"),
        GOOD.replace("nc=00000001, ", ""),
        GOOD.replace('cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", ', ""),
        GOOD.replace('response="8', 'response="X'),
        GOOD.replace('response="8', "response=8"),
        GOOD + ', username="other"',
        GOOD + ', USERNAME="other"',
        GOOD + ", x",
        GOOD + ', x="open',
        GOOD.replace("Mufasa", "Mu\x00fasa"),
        GOOD.replace("Mufasa", "Mu\r\nfasa"),
        GOOD + "".join(f", x{number}=1" for number in range(30)),
        GOOD + ", x=" + "1" * HEADER,
        *(
            GOOD.replace(name, "no", 1)
            for name in ("username", "realm", "nonce", "uri", "response")
        ),
    ],
)
def test_malformed_credentials_are_refused(text: str) -> None:
    with pytest.raises(MessageError):
        parse_credentials(text)


@given(st.text(max_size=200))
def test_any_text_is_credentials_or_an_error_of_the_peer(text: str) -> None:
    try:
        parse_credentials("Digest " + text)
    except MessageError:
        return


def test_a_long_hostile_value_is_refused_in_linear_time() -> None:
    for piece in ('a="', "a=a,", " " * 9, '\\"', 'a="\\'):
        with pytest.raises(MessageError):
            parse_parameters("Digest " + piece * (HEADER // len(piece) - 10) + "\x01")


def test_a_challenge_reads_back() -> None:
    text = challenge(ALGORITHMS["SHA-256"], "pbx", "nonce", stale=True)
    assert parse_parameters(text) == {
        "realm": "pbx", "nonce": "nonce", "algorithm": "SHA-256", "qop": "auth", "stale": "true",
    }  # fmt: skip
    assert "stale" not in challenge(ALGORITHMS["MD5"], "pbx", "nonce")


def ask(*challenges: str, header: str = "WWW-Authenticate") -> tuple[str, str] | None:
    return answer(
        [("Server", "x"), *((header, value) for value in challenges)],
        "INVITE", "sip:2000@carrier.example", "us", "pass", realm_expected="carrier", cnonce="c",
    )  # fmt: skip


@pytest.mark.parametrize("name", ALGORITHMS)
def test_what_the_client_answers_the_server_believes(name: str) -> None:
    algorithm = ALGORITHMS[name]
    answered = ask(challenge(algorithm, "carrier", "n"))
    assert answered is not None
    credentials = parse_credentials(answered[1])
    assert credentials is not None and credentials.algorithm is algorithm
    secret = ha1(algorithm, "us", "carrier", "pass")
    assert expected(credentials, algorithm, secret, "INVITE") == credentials.response
    assert expected(credentials, algorithm, secret, "BYE") != credentials.response


def test_the_topmost_challenge_that_we_know_is_answered() -> None:
    answered = ask(
        'Digest realm="carrier", nonce="1", algorithm=SHA3-512, qop="auth"',
        'Basic realm="carrier"',
        'Digest realm="carrier", nonce="2", algorithm=SHA-256, qop="auth-conf"',
        'Digest realm="carrier", nonce="3", algorithm=SHA-256, qop="auth,auth-int", opaque="o"',
        'Digest realm="carrier", nonce="4", algorithm=MD5, qop="auth"',
    )
    assert answered is not None
    assert answered[0] == "Authorization"
    assert 'nonce="3"' in answered[1]
    assert 'opaque="o"' in answered[1]
    assert "nc=00000001" in answered[1]


def test_auth_int_proves_the_body_and_is_taken_where_there_is_no_auth() -> None:
    def md5(octets: bytes) -> str:
        return hashlib.md5(octets, usedforsecurity=False).hexdigest()

    offered = ("WWW-Authenticate", 'Digest realm="carrier", nonce="1", qop="auth-int"')
    header = answer(
        [offered],
        "INVITE",
        "sip:2000@carrier.example",
        "us",
        "pass",
        realm_expected="carrier",
        cnonce="c",
        body=b"v=0\r\n\xff",
    )
    assert header is not None
    assert "qop=auth-int" in header[1]
    # RFC 7616 section 3.4.3: A2 = method, URI and the hash of the body
    request = md5(f"INVITE:sip:2000@carrier.example:{md5(b'v=0' + bytes([13, 10, 255]))}".encode())
    secret = md5(b"us:carrier:pass")
    proof = md5(f"{secret}:1:00000001:c:auth-int:{request}".encode())
    assert f'response="{proof}"' in header[1]


def test_only_the_algorithms_that_may_be_used_are_answered() -> None:
    offered = [
        ("WWW-Authenticate", 'Digest realm="carrier", nonce="1", qop="auth"'),
        ("WWW-Authenticate", 'Digest realm="carrier", nonce="2", algorithm=SHA-256, qop="auth"'),
    ]

    def take(*algorithms: str) -> str:
        header = answer(
            offered,
            "INVITE",
            "sip:x",
            "us",
            "pass",
            realm_expected="carrier",
            cnonce="c",
            algorithms=algorithms,
        )
        return header[1].split("nonce=")[1][:3] if header else ""

    assert take("SHA-256") == '"2"'
    assert take("SHA-256", "MD5") == '"1"'
    assert take("SHA-512-256") == ""


def test_a_proxy_is_answered_in_its_own_header() -> None:
    answered = ask('Digest realm="carrier", nonce="1"', header="Proxy-Authenticate")
    assert answered is not None
    assert answered[0] == "Proxy-Authorization"
    assert "qop" not in answered[1] and "cnonce" not in answered[1] and "algo" not in answered[1]


@pytest.mark.parametrize(
    "text",
    [
        'Digest realm="attacker", nonce="1", algorithm=MD5, qop="auth"',
        'Digest realm="carrier", algorithm=MD5, qop="auth"',
        'Digest nonce="1"',
        "Digest broken",
        'Basic realm="carrier"',
    ],
)
def test_nobody_else_is_answered(text: str) -> None:
    assert ask(text) is None
