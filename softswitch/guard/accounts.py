"""Users that may authenticate: for each the hashes of its password, never the password.

Accounts may have algorithms of their own (RFC 8760), and a challenge must not tell which numbers
exist. So an unknown name is challenged with one of the lists that accounts have, in the proportion
in which they have them; a keyed hash of the name chooses it, so that it stays the same.
"""

from __future__ import annotations

import hmac
import math
from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from softswitch.sip.requests.digest import ALGORITHMS, Algorithm, ha1, raw


class Account(NamedTuple):
    """One user of the switch."""

    extension: str
    "The number that the user owns."
    secrets: dict[str, str]
    "Name of the algorithm to HA1, in the order of its challenges."

    @property
    def algorithms(self) -> tuple[Algorithm, ...]:
        """What it is challenged with."""
        return tuple(ALGORITHMS[name.upper()] for name in self.secrets)


class Accounts:
    """All accounts by the raw text of their username."""

    __slots__ = ("_accounts", "_key", "_lists", "_stand_ins", "algorithms", "nobody", "realm")

    def __init__(self, realm: str, algorithms: Iterable[str], key: bytes) -> None:
        """`algorithms` in the order of the challenges, for accounts that have no others.

        `key` is any secret of the server that outlives a restart.

        Raises ValueError for an algorithm that does not exist or that this Python cannot compute.
        """
        self.realm = raw(realm)
        "As it stands between quotes."
        self.algorithms: tuple[Algorithm, ...] = tuple(map(_algorithm, algorithms))
        self._key = key
        self._accounts: dict[str, Account] = {}
        self._lists: Counter[tuple[str, ...]] = Counter()
        # A wrong username is checked against one of these, so that it takes as long as a wrong
        # password.
        self._stand_ins: dict[tuple[str, ...], Account] = {}
        self.nobody = self._stand_in_with(self.algorithms)
        "The stand-in for a request that names no user; no password fits it."

    def add(
        self,
        extension: str,
        password: str,
        username: str | None = None,
        algorithms: Iterable[str] | None = None,
    ) -> None:
        """Let the extension authenticate, by default with its number as the username.

        Raises ValueError for algorithms as the constructor does.
        """
        own = self.algorithms if algorithms is None else tuple(map(_algorithm, algorithms))
        name = raw(extension if username is None else username)
        self._forget(name)
        account = self._accounts[name] = Account(
            extension,
            {algorithm.name: ha1(algorithm, name, self.realm, password) for algorithm in own},
        )
        algorithm_names = tuple(account.secrets)
        self._lists[algorithm_names] += 1
        if algorithm_names not in self._stand_ins:
            self._stand_ins[algorithm_names] = self._stand_in_with(own)

    def remove(self, username: str) -> None:
        """Let that username authenticate no longer."""
        self._forget(raw(username))

    def copy(self) -> Accounts:
        """Another one with the same accounts."""
        other = Accounts(self.realm, [each.name for each in self.algorithms], self._key)
        other.realm = self.realm
        other._accounts = dict(self._accounts)
        other._lists = Counter(self._lists)
        other._stand_ins = dict(self._stand_ins)
        return other

    def exchange(self, other: Accounts) -> None:
        """Have the accounts of the other one, which gets those that were here."""
        self._accounts, other._accounts = other._accounts, self._accounts
        self._lists, other._lists = other._lists, self._lists
        self._stand_ins, other._stand_ins = other._stand_ins, self._stand_ins

    def _forget(self, name: str) -> None:
        account = self._accounts.pop(name, None)
        if account is not None:
            names = tuple(account.secrets)
            self._lists[names] -= 1
            if not self._lists[names]:
                del self._lists[names], self._stand_ins[names]

    def find(self, username: str) -> tuple[Account, bool]:
        """The account of a raw username and True, or a stand-in that fits no password and False."""
        stand_in = self._stand_in(username)  # also for those that exist: the same work for both
        account = self._accounts.get(username)
        return (stand_in, False) if account is None else (account, True)

    def _stand_in(self, name: str) -> Account:
        """The stand-in of a name.

        Weighted rendezvous hashing: when an account comes or goes, few names get another list.
        """
        if not self._lists:
            return self.nobody
        if len(self._lists) == 1:
            return self._stand_ins[next(iter(self._lists))]
        chosen = max(self._lists, key=lambda names: self._score(name, names))
        return self._stand_ins[chosen]

    def _score(self, name: str, names: tuple[str, ...]) -> float:
        """How well a list suits a name: greatest, among all lists, in the list's proportion."""
        text = f"{','.join(names)} {name}".encode("utf-8", "replace")
        digest = blake2b(text, key=self._key[:64], digest_size=8, person=b"stand-in").digest()
        chance = (int.from_bytes(digest) + 1) / (1 << 64)
        return math.log(chance) / self._lists[names]

    def _stand_in_with(self, algorithms: Iterable[Algorithm]) -> Account:
        secrets = {
            algorithm.name: hmac.digest(self._key, algorithm.name.encode(), "sha512").hex()
            for algorithm in algorithms
        }
        return Account(
            "",
            {name: secret[: ALGORITHMS[name.upper()].digits] for name, secret in secrets.items()},
        )

    def __len__(self) -> int:
        return len(self._accounts)


def _algorithm(name: str) -> Algorithm:
    algorithm = ALGORITHMS.get(name.upper())
    if algorithm is None:
        raise ValueError(f"{name} is no digest algorithm; known are {', '.join(ALGORITHMS)}")
    algorithm.hash("")  # raises ValueError where OpenSSL was built without it
    return algorithm
