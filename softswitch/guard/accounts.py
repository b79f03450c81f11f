"""Users that may authenticate: for each the hashes of its password, never the password."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
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

    __slots__ = ("_accounts", "_nobody", "algorithms", "realm")

    def __init__(self, realm: str, algorithms: Iterable[str], key: bytes) -> None:
        """`algorithms` in the order of the challenges, for accounts that have no others.

        `key` is any secret of the server.

        Raises ValueError for an algorithm that does not exist or that this Python cannot compute.
        """
        self.realm = raw(realm)
        "As it stands between quotes."
        self.algorithms: tuple[Algorithm, ...] = tuple(map(_algorithm, algorithms))
        self._accounts: dict[str, Account] = {}
        # A wrong username is checked against this, so that it takes as long as a wrong password.
        self._nobody = Account(
            "",
            {
                algorithm.name: hmac.digest(key, algorithm.name.encode(), "sha512").hex()[
                    : algorithm.digits
                ]
                for algorithm in self.algorithms
            },
        )

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
        self._accounts[name] = Account(
            extension,
            {algorithm.name: ha1(algorithm, name, self.realm, password) for algorithm in own},
        )

    def remove(self, username: str) -> None:
        """Let that username authenticate no longer."""
        self._accounts.pop(raw(username), None)

    def find(self, username: str) -> tuple[Account, bool]:
        """The account of a raw username and True, or a stand-in that fits no password and False."""
        account = self._accounts.get(username)
        return (self._nobody, False) if account is None else (account, True)

    def __len__(self) -> int:
        return len(self._accounts)


def _algorithm(name: str) -> Algorithm:
    algorithm = ALGORITHMS.get(name.upper())
    if algorithm is None:
        raise ValueError(f"{name} is no digest algorithm; known are {', '.join(ALGORITHMS)}")
    algorithm.hash("")  # raises ValueError where OpenSSL was built without it
    return algorithm
