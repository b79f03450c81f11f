"""How many requests a source may make: a token bucket for each, in a bounded table.

Only requests that are not admitted cost a token: a scanner is throttled, a busy office behind one
address is not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

CAPACITY = 50_000
"Sources with a bucket; the one not heard of for longest goes first."
KNOWN = 8_192
"Addresses whose source is remembered; beyond it all are forgotten and found anew."

Network = IPv4Network | IPv6Network


class RequestSource(NamedTuple):
    """The source of a packet, as limits and bans count it."""

    key: str
    "The IPv4 address, or the /64 of an IPv6 address: a subscriber has all of it."
    trusted: bool
    "Never limited, never banned."


class RequestSources:
    """Finds the source of an address; results are kept, since every request needs one."""

    __slots__ = ("_known", "_trusted")

    def __init__(self, trusted: Iterable[Network] = ()) -> None:
        self._trusted = tuple(trusted)
        self._known: dict[str, RequestSource] = {}

    def find(self, host: str) -> RequestSource:
        """The source of a socket's address."""
        source = self._known.get(host)
        if source is None:
            if len(self._known) >= KNOWN:
                self._known.clear()
            source = self._known[host] = self._classify(host)
        return source

    def __len__(self) -> int:
        return len(self._known)

    def _classify(self, host: str) -> RequestSource:
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:  # not an address: a socket of another family
            return RequestSource(host, False)
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        trusted = any(address in network for network in self._trusted)
        if isinstance(address, IPv6Address):
            return RequestSource(str(IPv6Network((address, 64), strict=False)), trusted)
        return RequestSource(str(address), trusted)


class _Bucket:
    __slots__ = ("tokens", "updated")

    def __init__(self, tokens: float, updated: float) -> None:
        self.tokens = tokens
        self.updated = updated


class Rates:
    """A token bucket a source: `rate` tokens a second, at most `burst` of them."""

    __slots__ = ("_buckets", "_burst", "_capacity", "_rate")

    def __init__(
        self, rate: float, burst: float | None = None, *, capacity: int = CAPACITY
    ) -> None:
        self._rate = rate
        self._burst = 2 * rate if burst is None else burst
        self._capacity = capacity
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, source: str, now: float) -> bool:
        """Take a token; False when there is none."""
        bucket = self._buckets.get(source)
        if bucket is None:
            if len(self._buckets) >= self._capacity:
                self._buckets.popitem(last=False)
            bucket = self._buckets[source] = _Bucket(self._burst, now)
        else:
            self._buckets.move_to_end(source)
            grown = max(0.0, now - bucket.updated) * self._rate
            bucket.tokens = min(self._burst, bucket.tokens + grown)
            bucket.updated = now
        if bucket.tokens < 1.0:
            return False
        bucket.tokens -= 1.0
        return True

    def give_back(self, source: str) -> None:
        """Return the token that `take` took."""
        bucket = self._buckets.get(source)
        if bucket is not None:
            bucket.tokens += 1.0

    def forget(self, now: float) -> None:
        """Forget the buckets that are full again, for a new one is full as well."""
        while self._buckets:
            source, bucket = next(iter(self._buckets.items()))
            if bucket.tokens + (now - bucket.updated) * self._rate < self._burst:
                return
            del self._buckets[source]

    def __len__(self) -> int:
        return len(self._buckets)
