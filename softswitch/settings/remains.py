"""What remains of settings without what is wrong in them, so that the rest can still be judged."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import PydanticBaseSettingsSource, SettingsError

from softswitch.settings.connections import FolderConnectionSettings, MessageRouteSettings
from softswitch.settings.dialplan.addressbooks import Addressbook
from softswitch.settings.dialplan.budgets import BudgetSettings
from softswitch.settings.dialplan.calendars import CalendarSettings
from softswitch.settings.dialplan.routes import ClassSettings, RouteSettings
from softswitch.settings.dialplan.trunks import TrunkSettings
from softswitch.settings.exchange.lamps import LampListSettings
from softswitch.settings.exchange.prompts import PromptSettings
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.tables import Environment, Settings


class Remains(NamedTuple):
    """Settings that are right, and what they cannot tell."""

    settings: Settings
    "Wrong keys have their defaults. A stand-in keeps the place and the name of a wrong entry."
    unknown: Set[str]
    "Tables and keys that are not as they were written, and lists with an entry of unknown name."


class _AsGiven(Settings):
    """The same without the environment, which has been merged before."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[Settings],  # type: ignore[override]
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def remains_of(table: Mapping[str, Any], details: Sequence[ErrorDetails]) -> Remains | None:
    """What is left of the file and the environment without what pydantic found wrong.

    None where even that cannot be read.
    """
    kept = _merged(copy.deepcopy(dict(table)), Environment(Settings)())
    unknown: set[str] = set()
    wrong_entries: dict[str, dict[int, object]] = {}
    for detail in details:
        section, *inside = map(str, detail["loc"])
        value = kept.get(section)
        if section in STAND_INS and isinstance(value, list) and inside:
            index = int(inside[0])
            wrong_entries.setdefault(section, {})[index] = value[index]
        elif isinstance(value, dict) and inside:
            value.pop(inside[0], None)
            unknown.add(f"{section}.{inside[0]}")
        else:
            kept.pop(section, None)
            unknown.add(section)
    for section, wrong in wrong_entries.items():
        kept[section] = [each for at, each in enumerate(kept[section]) if at not in wrong]
    try:
        settings = _AsGiven(**kept)
    except (ValidationError, SettingsError):
        return None
    for section, wrong in wrong_entries.items():
        entries = list(getattr(settings, section))
        for index, entry in sorted(wrong.items()):
            stands = stand_in(section, index, entry)
            entries.insert(index, stands.entry)
            unknown |= set() if stands.is_named else {section}
        settings = settings.model_copy(update={section: tuple(entries)})
    return Remains(settings, unknown)


def _merged(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, in which what is above wins."""
    for key, value in above.items():
        old = below.get(key)
        if isinstance(old, dict) and isinstance(value, Mapping):
            _merged(old, value)
        else:
            below[key] = value
    return below


# A stand-in names nothing else, so that nothing can be wrong with what it names.
STAND_INS: Mapping[str, Callable[[str], BaseModel]] = {
    "trunks": lambda name: TrunkSettings.model_construct(name=name, host="unknown.invalid"),
    "lamp_lists": lambda name: LampListSettings.model_construct(name=name, extensions=()),
    "addressbooks": lambda name: Addressbook.model_construct(name=name),
    "prompts": lambda name: PromptSettings.model_construct(name=name),
    "classes": lambda name: ClassSettings.model_construct(name=name),
    "budgets": lambda name: BudgetSettings.model_construct(name=name),
    "calendars": lambda name: CalendarSettings.model_construct(name=name),
    "connections": lambda name: FolderConnectionSettings.model_construct(type="folder", name=name),
    "extensions": lambda _: PhoneExtension.model_construct(type="phone"),
    "routes": lambda _: RouteSettings(number="*", to="extension:*"),
    "message_routes": lambda _: MessageRouteSettings.model_construct(connections=()),
}
"What stands for a wrong entry of a list, by its name."
UNNAMED = ("routes", "message_routes")
"Lists whose entries nobody names."


class StandIn(NamedTuple):
    """What stands for an entry that is wrong."""

    entry: BaseModel
    is_named: bool
    "Whether others that name the wrong entry can be told from others that name nobody."


def stand_in(section: str, index: int, entry: object) -> StandIn:
    """What stands for the wrong entry at this place of a list; `entry` is as it was written."""
    written = entry if isinstance(entry, Mapping) else {}
    if section == "extensions":
        numbers = {key: str(written[key]) for key in ("number", "range") if key in written}
        try:
            return StandIn(PhoneExtension.model_validate({"type": "phone", **numbers}), True)
        except ValidationError:
            return StandIn(STAND_INS[section](""), False)
    name = written.get("name")
    if isinstance(name, str) and name:
        return StandIn(STAND_INS[section](name), True)
    # No name has a question mark: nobody has two of them.
    return StandIn(STAND_INS[section](f"?{index}"), section in UNNAMED)
