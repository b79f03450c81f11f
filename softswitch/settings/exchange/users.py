"""The users of the web API: their roles, the extensions that are an application's own, and where
they may come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from softswitch.settings.dialplan.patterns import range_of
from softswitch.settings.values import Network, Secret, read_number

Role = Literal["admin", "operator", "viewer", "application"]
"What a user may do: see `guard/rights.py`."


def read_number_or_range(text: str) -> str:
    """One number, or a range `1100-1199`; raises ValueError."""
    return text if range_of(text) is not None else read_number(text)


class HttpUser(Secret):
    """A user of the web API."""

    username: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^:\s]+$")]
    role: Role = "admin"
    """`admin` may do all; `operator` all but changing settings and seeing secrets; `viewer` sees
    what there is but secrets; `application` does and sees what concerns its own extensions."""
    extensions: tuple[Annotated[str, AfterValidator(read_number_or_range)], ...] = ()
    "The numbers and ranges of numbers that are an application's own."
    networks: tuple[Network, ...] = ()
    "Addresses and networks that the user may come from; without any, from everywhere."

    @model_validator(mode="after")
    def _extensions_of_an_application(self) -> Self:
        if self.role == "application" and not self.extensions:
            raise ValueError("expected extensions beside it: the numbers that are its own")
        if self.role != "application" and self.extensions:
            raise ValueError('expected role = "application" beside extensions')
        return self


def user_contradictions(
    users: Sequence[HttpUser], numbers: Set[str], unknown: Set[str]
) -> Iterator[tuple[str, str]]:
    """No user who may change settings, and extensions of applications that are not there.

    `numbers` are those of all extensions; `unknown` is as in `contradictions`.
    """
    if not unknown.isdisjoint(("http", "http.users")):
        return
    if users and all(user.role != "admin" for user in users):
        yield "http.users", 'expected at least one user with role = "admin"'
    for index, user in enumerate(users) if "extensions" not in unknown else ():
        for number in user.extensions:
            if range_of(number) is None and number not in numbers:
                yield f"http.users[{index}].extensions", f"expected an extension, not {number!r}"
