"""What codes that change the features of the extension have in common."""

from __future__ import annotations

from collections.abc import Callable

from softswitch.calls.call.call import Call
from softswitch.calls.codes.service_code import refuse
from softswitch.calls.features.features import ChosenFeatures
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering
from softswitch.store.errors import StoreError

NOT_KEPT = said("not_kept")


async def own_extension(answering: Answering, call: Call) -> Extension:
    """The extension that dials; raises CallEnds when it has just been removed."""
    extension = answering.ringer.plan.directory.find(call.caller.extension)
    if extension is None:
        await refuse(answering, call, said("no_extension"))
    return extension


async def change_features(
    answering: Answering, call: Call, change: Callable[[ChosenFeatures], ChosenFeatures]
) -> None:
    """Change what was chosen for the extension that dials; on disk when this returns.

    Raises CallEnds when the disk does not take it.
    """
    number = call.caller.extension
    try:
        await answering.ringer.plan.features.change(number, number, change)
    except StoreError:
        await refuse(answering, call, NOT_KEPT)
