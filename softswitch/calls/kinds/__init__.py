"""The kinds of extensions, one file each; `KINDS` is the only list of them.

    phone       rings the phones that have registered with it
    api         asks a web application what to do with a call     (served by `ozml/services.py`)
    ivr         runs an OzML script on a call                     (served by `ozml/services.py`)
    echo        plays back what it receives
    conference  lets its callers hear each other
    group       rings the phones of other extensions
    schedule    sends its calls on to one number by day, to another by night
    queue       lets callers wait for an agent                 (served by `queues/waiting.py`)
    paging      lets its caller speak to many phones          (served by `paging/paging.py`)
    parking     keeps calls until they are retrieved          (served by `parking/parking.py`)
    voicemail   takes messages, and plays them    (served by `calls/voicemail/service.py`)
    served      what a kind is that call control serves itself

To add a kind, say `paging`, write its settings, its kind, its documentation and its tests:

1. `settings/extensions/paging.py`, the model of its entries in the settings, and its line in
   `AnyExtension` of `settings/extensions/__init__.py`;
2. `calls/kinds/paging.py`, an `ExtensionKind` with a function `ring` or `leads_to`, or a
   `ServedKind` with an `async def serve`, which answers the call by `Answering` and ends by raising
   `CallEnds`; and its line in `KINDS`;
3. an example in `config/softswitch.toml`, which explains every key, and a line in the docstrings of
   both rooms;
4. tests in `tests/calls/kinds/`, where `test_kinds.py` says what is missing.

Reading and checking the settings, ListExtensionTypes, ListExtensions, routing, transfers and
messages follow from these. A kind that only layers above call control can serve is a plain
`ExtensionKind`; the application names its serving function in its call of `served_by`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.conference import CONFERENCE
from softswitch.calls.kinds.echo import ECHO
from softswitch.calls.kinds.group import GROUP
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.kinds.paging import PAGING
from softswitch.calls.kinds.parking import PARKING
from softswitch.calls.kinds.phone import PHONE
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.kinds.schedule import SCHEDULE
from softswitch.calls.kinds.served import ServedKind
from softswitch.calls.kinds.voicemail import VOICEMAIL
from softswitch.calls.numbers.extension import Extension, ExtensionKind
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.serving import Service
from softswitch.settings.extensions.base import ExtensionSettings

KINDS: tuple[ExtensionKind, ...] = (
    PHONE,
    API,
    IVR,
    ECHO,
    CONFERENCE,
    GROUP,
    SCHEDULE,
    QUEUE,
    PARKING,
    PAGING,
    VOICEMAIL,
)
"All kinds, in the order of ListExtensionTypes."

_BY_SETTINGS = {kind.settings: kind for kind in KINDS}


def extension_of(settings: ExtensionSettings, number: str | None = None) -> Extension:
    """The extension of an entry of the settings; `number` is one of a block, or the only one."""
    kind = _BY_SETTINGS[type(settings)]
    return Extension(number or settings.number or "", kind, settings, settings.name or "")


def served_by(
    answering: Answering, above: Mapping[ExtensionKind, Service]
) -> Mapping[ExtensionKind, Service]:
    """What serves each kind that rings no phones; `above` are the services of the layers above.

    Raises ValueError when a kind is served by nothing, or by `above` although it needs no service.
    """
    services: dict[ExtensionKind, Service] = {
        kind: partial(kind.serve, answering) for kind in KINDS if isinstance(kind, ServedKind)
    }
    for kind in KINDS:
        is_complete = kind.ring is not None or kind.leads_to is not None or kind in services
        if is_complete == (kind in above):
            problem = "needs no other service" if is_complete else "is served by nothing"
            raise ValueError(f"the kind {kind.name} {problem}")
    return {**services, **above}
