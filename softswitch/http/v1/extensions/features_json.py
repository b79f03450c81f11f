"""The features of an extension as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from softswitch.calls.features.extension_features import Chosen
from softswitch.calls.features.features import ChosenFeatures, Features, ForwardTo
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import moment
from softswitch.http.v1.operations import Operation

Always = Meta(description="Where all calls go; its phones do not ring then.")
Busy = Meta(description="Where calls go while it is busy or does not want to be disturbed.")
NoAnswer = Meta(description="Where calls go that nobody answers within forward_after.")
NotRegistered = Meta(
    description="Where calls go while no phone can be reached; else as forward_no_answer."
)
After = Meta(description="Seconds of ringing before forward_no_answer.", gt=0, le=600)
NotDisturbed = Meta(description="Whether callers hear busy and no phone rings.")
MostCalls = Meta(description="Calls at a time; 1 is no call waiting, 0 no bound.", ge=0)
Slot = Annotated[str, Meta(pattern="^[0-9]{1,2}$")]
Dialled = Annotated[str, Meta(pattern=r"^\+?[0-9*#]{1,64}$")]
SpeedDials = Meta(description="Numbers by one or two digits, which a code dials.")


class FeaturesShown(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the calls to an extension."""

    forward_always: Annotated[ForwardTo, Always]
    forward_busy: Annotated[ForwardTo, Busy]
    forward_no_answer: Annotated[ForwardTo, NoAnswer]
    forward_not_registered: Annotated[ForwardTo, NotRegistered]
    forward_after: Annotated[float, After]
    do_not_disturb: Annotated[bool, NotDisturbed]
    max_calls: Annotated[int, MostCalls]
    speed_dials: Annotated[dict[str, str], SpeedDials]
    changed: Annotated[
        list[str], Meta(description="The features that no longer are as the settings have them.")
    ]
    changed_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description="When they were changed last; null where the settings decide."),
    ]
    changed_by: Annotated[
        str, Meta(description="The extension or the user of the web API that changed them last.")
    ]


class FeaturesPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes of features (RFC 7396): what is left out stays, null is what the settings say."""

    forward_always: Annotated[ForwardTo | None, Always] | UnsetType = UNSET
    forward_busy: Annotated[ForwardTo | None, Busy] | UnsetType = UNSET
    forward_no_answer: Annotated[ForwardTo | None, NoAnswer] | UnsetType = UNSET
    forward_not_registered: Annotated[ForwardTo | None, NotRegistered] | UnsetType = UNSET
    forward_after: Annotated[float, After] | UnsetType | None = UNSET
    do_not_disturb: Annotated[bool | None, NotDisturbed] | UnsetType = UNSET
    max_calls: Annotated[int, MostCalls] | UnsetType | None = UNSET
    speed_dials: Annotated[dict[Slot, Dialled | None] | None, SpeedDials] | UnsetType = UNSET

    def on(self, chosen: ChosenFeatures, features: Features) -> ChosenFeatures:
        """What was chosen with these changes; `features` are those that hold without them."""
        changes = {
            name: value
            for name, value in msgspec.structs.asdict(self).items()
            if value is not UNSET
        }
        dials = self.speed_dials
        if isinstance(dials, dict):
            merged = {**features.speed_dials, **dials}
            changes["speed_dials"] = {slot: to for slot, to in merged.items() if to is not None}
        return msgspec.structs.replace(chosen, **changes)


def show_features(features: Features, chosen: Chosen) -> FeaturesShown:
    """The features that hold, and what of them was changed."""
    changed = msgspec.structs.asdict(chosen.features)
    return FeaturesShown(
        **msgspec.structs.asdict(features),
        changed=[name for name, value in changed.items() if value is not None],
        changed_at=moment(chosen.at) if chosen.by else None,
        changed_by=chosen.by,
    )


FEATURE_OPERATIONS = (
    Operation(
        path="/extensions/{number}/features",
        id="showFeatures",
        right=Right.SEE_OWN,
        summary="What becomes of the calls to an extension.",
        answers={
            200: ("The features, and their ETag.", FeaturesShown),
            404: ("No phones register with such an extension.", Problem),
        },
    ),
    Operation(
        path="/extensions/{number}/features",
        method="patch",
        id="changeFeatures",
        right=Right.OPERATE_OWN,
        summary="Change features; what is left out stays, null is what the settings say.",
        body=FeaturesPatch,
        headers={"If-Match": "The ETag of the features that are to be changed."},
        answers={
            200: ("The features that hold now.", FeaturesShown),
            400: ("A value is wrong; nothing has changed.", Problem),
            404: ("No phones register with such an extension.", Problem),
            412: ("They are no longer those of If-Match; nothing has changed.", Problem),
            503: ("The database takes nothing; nothing has changed.", Problem),
        },
    ),
)
"What `features_api.py` serves."
