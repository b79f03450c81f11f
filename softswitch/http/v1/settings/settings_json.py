"""The settings in effect as `/v1/settings` shows them; `openapi.py` describes these classes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from softswitch.commands.pages.texts import meanings
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.entries.entries_json import Reloaded
from softswitch.http.v1.lists import LAST, MOST
from softswitch.http.v1.mistakes_json import MistakesShown
from softswitch.http.v1.operations import Operation
from softswitch.live.effective import EffectiveSetting


class SettingsAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which keys are listed."""

    text: Annotated[str, Meta(description="Part of the key or of what it is for.")] = ""
    source: (
        Annotated[
            Literal["default", "file", "environment", "api"],
            Meta(description="Only those whose value comes from there."),
        ]
        | None
    ) = None
    waiting: (
        Annotated[Literal["true"], Meta(description="true: only those that wait for a restart.")]
        | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=MOST, description="Keys in the answer.")] = MOST
    offset: Annotated[int, Meta(ge=0, le=LAST, description="Keys that are left out at first.")] = 0


class SettingShown(msgspec.Struct, frozen=True, kw_only=True):
    """One key of the settings."""

    key: Annotated[str, Meta(description="Such as sip.domain, or connections[0].host.")]
    value: Annotated[
        Any,
        Meta(
            description="What is in effect, as the file would have it. A secret is ***, or null; "
            "of a list of entries it is how many there are, by where they come from."
        ),
    ]
    source: Annotated[
        Literal["default", "file", "environment", "api"],
        Meta(description="Where the value comes from; api: added while the switch runs."),
    ]
    variable: Annotated[str, Meta(description="The variable, where it is the environment.")]
    secret: bool
    reload: Annotated[bool, Meta(description="Whether a reload takes another value at once.")]
    waiting: Annotated[
        bool, Meta(description="Whether the file has another value, which waits for a restart.")
    ]
    waiting_value: Annotated[Any, Meta(description="That other value.")]
    path: Annotated[str, Meta(description="Of a list of entries the path that shows it.")]
    about: Annotated[str, Meta(description="What the key is for.")]


class SettingsListed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the settings, in the order of the file."""

    file: Annotated[str, Meta(description="The settings file.")]
    total: Annotated[int, Meta(description="Keys that the filter lets through.")]
    offset: int
    limit: int
    settings: list[SettingShown]


def show_setting(setting: EffectiveSetting) -> SettingShown:
    """A key as JSON."""
    about = meanings(setting.model)
    return SettingShown(
        key=setting.key,
        value=setting.value,
        source=setting.source,
        variable=setting.variable,
        secret=setting.is_secret,
        reload=setting.reload,
        waiting=setting.is_waiting,
        waiting_value=setting.waiting,
        path=f"/v1/{setting.entries}" if setting.entries else "",
        about=about.get(setting.name, ""),
    )


SETTING_OPERATIONS = (
    Operation(
        path="/settings",
        id="listSettings",
        right=Right.SEE,
        summary="Every key of the settings as it is in effect, and where its value comes from.",
        query=SettingsAsked,
        answers={200: ("The page.", SettingsListed), 400: ("A parameter is wrong.", Problem)},
    ),
    Operation(
        path="/settings/check",
        method="post",
        id="checkSettings",
        right=Right.ADMINISTER,
        summary="Read the settings file and say what a reload would lead to; nothing changes.",
        answers={
            200: ("What would change.", Reloaded),
            422: ("The file is wrong: these are all mistakes.", MistakesShown),
        },
    ),
)
"What `settings_api.py` serves."
