"""Every row of the registries is there, and is refused by its first, last and an inner address."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import pytest

from softswitch.guard.fetcher import Fetcher, FetchRefused
from softswitch.guard.reach import Reach
from softswitch.guard.special_purpose import (
    EMBEDDINGS,
    IPV4_REGISTRY,
    IPV6_REGISTRY,
    NOT_UNICAST,
    embedded,
    is_public,
)

ROWS = [text for text, _ in (*IPV4_REGISTRY, *IPV6_REGISTRY, *NOT_UNICAST)]
TRANSLATIONS = ("::ffff:0:0/96", "64:ff9b::/96")
PRIVATE = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "0.0.0.0")
ISATAP = ("2a00:1450::5efe:{}", "2a00:1450::200:5efe:{}", "fe80::5efe:{}")

# What the registries of IANA list: each block, and the RFCs that the registry names for it.
REGISTERED = """
0.0.0.0/8 791
0.0.0.0/32 1122
10.0.0.0/8 1918
100.64.0.0/10 6598
127.0.0.0/8 1122
169.254.0.0/16 3927
172.16.0.0/12 1918
192.0.0.0/24 6890
192.0.0.0/29 7335
192.0.0.8/32 7600
192.0.0.9/32 7723
192.0.0.10/32 8155
192.0.0.170/32 7050 8880
192.0.0.171/32 7050 8880
192.0.2.0/24 5737
192.31.196.0/24 7535
192.52.193.0/24 7450
192.88.99.0/24 7526
192.88.99.2/32 6751
192.168.0.0/16 1918
192.175.48.0/24 7534
198.18.0.0/15 2544
198.51.100.0/24 5737
203.0.113.0/24 5737
240.0.0.0/4 1112
255.255.255.255/32 919 8190
::1/128 4291
::/128 4291
::ffff:0:0/96 4291
64:ff9b::/96 6052
64:ff9b:1::/48 8215
100::/64 6666
100:0:0:1::/64 9780
2001::/23 2928
2001::/32 4380 8190
2001:1::1/128 7723
2001:1::2/128 8155
2001:1::3/128 9665
2001:2::/48 5180
2001:3::/32 7450
2001:4:112::/48 7535
2001:10::/28 4843
2001:20::/28 7343
2001:30::/28 9374
2001:db8::/32 3849
2002::/16 3056
2620:4f:8000::/48 7534
3fff::/20 9637
5f00::/16 9602
fc00::/7 4193
fe80::/10 4291
"""


def test_the_rows_are_those_of_the_registries_with_their_rfcs() -> None:
    registered = [line.split() for line in REGISTERED.split("\n") if line]
    rows = [
        [text, *re.findall(r"RFC (\d+)", why)] for text, why in (*IPV4_REGISTRY, *IPV6_REGISTRY)
    ]
    assert rows == registered


@pytest.mark.parametrize("row", ROWS)
def test_what_python_holds_for_not_global_is_never_public(row: str) -> None:
    network = ip_network(row)
    first, last = int(network.network_address), int(network.broadcast_address)
    kind = IPv4Address if network.version == 4 else IPv6Address
    highest = int(kind(2**network.max_prefixlen - 1))
    for number in (max(first - 1, 0), min(last + 1, highest)):
        if is_public(str(kind(number))):
            assert kind(number).is_global, kind(number)


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_refused(row: str) -> None:
    network = ip_network(row)
    first, last = int(network.network_address), int(network.broadcast_address)
    kind = IPv4Address if network.version == 4 else IPv6Address
    inner = [] if row in TRANSLATIONS else [(first + last) // 2]
    for number in (first, *inner, last):
        assert not Reach().permits_address(str(kind(number))), kind(number)


@pytest.mark.parametrize("row", ROWS)
async def test_a_url_with_an_address_of_any_row_is_refused(row: str) -> None:
    address = ip_network(row).network_address
    host = f"[{address}]" if address.version == 6 else str(address)
    async with Fetcher() as fetcher:
        with pytest.raises(FetchRefused, match="do not allow this address"):
            await fetcher.get(f"http://{host}/")


def put(prefix: str, inner: str) -> str:
    """The address of that form that embeds the IPv4 address."""
    network, bits = IPv6Network(prefix), int(IPv4Address(inner))
    shift = 80 if network.prefixlen == 16 else 0
    if prefix == "2001::/32":
        bits ^= 0xFFFF_FFFF
    return str(IPv6Address(int(network.network_address) | bits << shift))


@pytest.mark.parametrize("prefix", [prefix for prefix, _ in EMBEDDINGS])
@pytest.mark.parametrize("inner", PRIVATE)
def test_every_form_that_embeds_ipv4_is_judged_by_it(prefix: str, inner: str) -> None:
    form = put(prefix, inner)
    if form not in ("::", "::1"):
        assert str(embedded(ip_address(form))) == inner
    assert not Reach().permits_address(form)
    allowed = Reach([ip_network("10.0.0.0/8")])
    assert allowed.permits_address(form) is (inner == "10.0.0.1")


@pytest.mark.parametrize("form", ISATAP)
@pytest.mark.parametrize("inner", PRIVATE)
def test_an_interface_identifier_that_embeds_ipv4_is_judged_by_it(form: str, inner: str) -> None:
    assert not is_public(form.format(inner))


@pytest.mark.parametrize("prefix", [prefix for prefix, _ in EMBEDDINGS])
def test_only_translation_reaches_a_public_address_through_ipv6(prefix: str) -> None:
    assert is_public(put(prefix, "8.8.8.8")) is (prefix in TRANSLATIONS)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2a00:1450::1"]
)
def test_the_public_internet_is_reached(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["fec0::1", "4000::1", "1::1", "fe00::1"])
def test_what_iana_has_given_to_nobody_is_refused(address: str) -> None:
    assert not is_public(address)


def test_an_address_with_a_zone_is_judged_without_it() -> None:
    assert not is_public("fe80::1%eth0")
