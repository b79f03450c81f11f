"""All rules of the dial plan together, as the settings have them at one time."""

from __future__ import annotations

from dataclasses import dataclass, field

from softswitch.calls.numbers.rules.classes import Classes
from softswitch.calls.numbers.rules.emergency import EmergencyTerms
from softswitch.calls.numbers.rules.route import Route


@dataclass(frozen=True, slots=True)
class Rules:
    """The routes in their order, and what else decides about numbers."""

    routes: tuple[Route, ...] = ()
    classes: Classes = field(default_factory=Classes)
    rights: tuple[str, ...] | None = None
    "Of extensions without rights of their own; None are all rights."
    emergency: EmergencyTerms = field(default_factory=EmergencyTerms)


NO_RULES = Rules()
"Numbers lead to extensions only."
