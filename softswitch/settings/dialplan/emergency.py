"""[emergency]: numbers that always pass, and what is told of their calls."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from softswitch.settings.values import Number, Section, read_line


class EmergencySettings(Section):
    """Emergency numbers; they pass whatever rights, budgets and limits of calls say."""

    numbers: tuple[Number, ...] = ()
    "As phones dial them: `112`, `911`; each goes out as it is."
    trunks: tuple[str, ...] = ()
    "The trunks that they go out by, in this order; without the key, all trunks."
    callback: Number | None = None
    """The number that the other side sees and calls back, of extensions without a `callback` of
    their own; without the key, the caller's as in other calls."""
    location: Annotated[str, Field(max_length=256), AfterValidator(read_line)] = ""
    "Where extensions are that have no `location` of their own."

    send_location: bool = True
    """Whether trunks are told the location, as PIDF-LO (RFC 6442) beside the description of the
    sound; one that refuses the INVITE for it gets another without it."""
    tell: tuple[Annotated[str, Field(min_length=1, max_length=254)], ...] = ()
    """Who is sent a text message about every emergency call: phones of ours by their numbers,
    e-mail addresses, and other numbers by SMS, as [[connections]] carry them."""

    @model_validator(mode="after")
    def _numbers(self) -> Self:
        given = self.model_fields_set - {"numbers"}
        if given and not self.numbers:
            raise ValueError(f"expected numbers beside {', '.join(sorted(given))}")
        return self
