"""The list of kinds: each has its files, its settings, its documentation, and is served or rung."""

from __future__ import annotations

import re
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest

from softswitch.calls import kinds
from softswitch.calls.kinds import KINDS, extension_of, served_by
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
from softswitch.calls.numbers.extension import ExtensionKind, RingPlan
from softswitch.settings import extensions
from softswitch.settings.extensions import AnyExtension
from softswitch.settings.extensions.conference import ConferenceExtension
from softswitch.settings.extensions.phone import PhoneExtension
from tests.calls.extensions import extension, ivr
from tests.calls.scene import refuse

EXPLAINED = Path("config/softswitch.toml").read_text(encoding="utf-8")
ANSWERING: Any = object()
"What serves is made with it, and not called here."
ABOVE = {
    PAGING: refuse,
    PARKING: refuse,
    API: refuse,
    IVR: refuse,
    QUEUE: refuse,
    VOICEMAIL: refuse,
}
"What layers above serve."
NO_KINDS = {"__init__", "base", "provisioned", "served"}

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def files_of(package: str) -> set[str]:
    return {path.stem for path in Path(package).parent.glob("*.py")} - NO_KINDS


@each_kind
def test_a_kind_stands_in_the_file_of_its_name(kind: ExtensionKind) -> None:
    assert getattr(import_module(f"{kinds.__name__}.{kind.name}"), kind.name.upper()) is kind


@each_kind
def test_a_kind_has_a_model_of_its_settings_in_the_file_of_its_name(kind: ExtensionKind) -> None:
    assert kind.settings.__module__ == f"{extensions.__name__}.{kind.name}"
    assert get_args(kind.settings.model_fields["type"].annotation) == (kind.name,)


def test_every_file_and_every_model_belongs_to_a_kind_of_the_list() -> None:
    names = {kind.name for kind in KINDS}
    assert files_of(kinds.__file__) == files_of(extensions.__file__) == names
    assert set(get_args(AnyExtension)) == {kind.settings for kind in KINDS}


def test_names_are_given_once() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert len({kind.api_name for kind in KINDS}) == len(KINDS)


def test_the_api_lists_the_kinds_under_these_names() -> None:
    names = ["Phone", "API extension", "IVR extension", "Echo test", "Conference", "Group"]
    names += ["Schedule", "Queue", "Parking", "Paging", "Voicemail"]
    assert [kind.api_name for kind in KINDS] == names


@each_kind
def test_the_shipped_settings_explain_a_kind_and_show_an_example(kind: ExtensionKind) -> None:
    (listed,) = re.findall(r"^# Extensions: .*?(?=\n\n)", EXPLAINED, re.MULTILINE | re.DOTALL)
    assert f'"{kind.name}"' in listed
    assert re.search(rf'^(# )?type = "{kind.name}"', EXPLAINED, re.MULTILINE)


@each_kind
def test_the_room_of_kinds_tells_what_a_kind_is(kind: ExtensionKind) -> None:
    assert re.search(rf"^    {kind.name} +\w", kinds.__doc__ or "", re.MULTILINE)
    assert re.search(rf"^    {kind.name} +\w", extensions.__doc__ or "", re.MULTILINE)


# -- what serves them ------------------------------------------------------------------------------


@each_kind
def test_a_kind_rings_or_is_served(kind: ExtensionKind) -> None:
    services = served_by(ANSWERING, ABOVE)
    ways = (kind.ring is not None, kind.leads_to is not None, kind in services)
    assert sum(ways) == 1


def test_a_kind_that_call_control_serves_has_its_service_with_it() -> None:
    services = served_by(ANSWERING, ABOVE)
    assert [kind.name for kind in KINDS if isinstance(kind, ServedKind)] == ["echo", "conference"]
    assert isinstance(ECHO, ServedKind)
    service = services[ECHO]
    assert isinstance(service, partial)
    assert service.func is ECHO.serve
    assert services[API] is refuse


def test_a_kind_that_nothing_serves_is_refused() -> None:
    with pytest.raises(ValueError, match="the kind ivr is served by nothing"):
        served_by(ANSWERING, {kind: refuse for kind in ABOVE if kind is not IVR})


@pytest.mark.parametrize("kind", [PHONE, ECHO], ids=lambda kind: kind.name)
def test_a_second_service_is_refused(kind: ExtensionKind) -> None:
    with pytest.raises(ValueError, match=f"the kind {kind.name} needs no other service"):
        served_by(ANSWERING, {**ABOVE, kind: refuse})


# -- what they say of themselves -------------------------------------------------------------------


def test_what_is_asked_of_kinds() -> None:
    assert [kind for kind in KINDS if kind.ring] == [PHONE, GROUP]
    assert [kind for kind in KINDS if kind.leads_to] == [SCHEDULE]
    assert [kind for kind in KINDS if kind.registers] == [PHONE]
    assert [kind for kind in KINDS if kind.is_room] == [CONFERENCE]
    assert [kind for kind in KINDS if kind.is_scripted] == [API, IVR]
    assert [kind for kind in KINDS if kind.takes_messages] == [API]


def test_whose_phones_ring() -> None:
    team = extension("700", GROUP, members=("1001", "1002"), strategy="in-turn", ring_time=5)
    delays = {"1001": 0.0, "1002": 0.0}
    expected = RingPlan(("1001", "1002"), in_turn=True, ring_time=5, group="700", delays=delays)
    assert team.ring_plan == expected
    assert extension("1000", ring_time=7).ring_plan == RingPlan(("1000",), ring_time=7)
    assert ivr("600").ring_plan is None


def test_an_extension_has_the_kind_and_the_name_of_its_settings() -> None:
    found = extension_of(PhoneExtension(number="1000", name="Reception"))
    assert (found.number, found.kind, found.name) == ("1000", PHONE, "Reception")


def test_the_settings_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="1000 is of kind phone, not a ConferenceExtension"):
        extension("1000").settings_as(ConferenceExtension)
