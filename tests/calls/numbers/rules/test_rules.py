"""Which rule takes a number, and what is said of the others."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from softswitch.calls.kinds.echo import ECHO
from softswitch.calls.numbers.calendar import Calendar, Calendars
from softswitch.calls.numbers.directory import Directory, block
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.routing import COMMAND, INSIDE, Rights, Routing, Unroutable, Way
from softswitch.calls.numbers.rules.classes import Classes, NumberClass
from softswitch.calls.numbers.rules.emergency import EmergencyCall, EmergencyTerms
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.settings.dialplan.calendars import read_hours
from tests.calls.extensions import extension

FRIDAY = datetime(2026, 11, 27, 10, tzinfo=UTC).timestamp()
NIGHT = FRIDAY + 12 * 3600
OFFICE = Calendars([Calendar("office", (read_hours("mon-fri 08:00-17:00"),), (), UTC)])
PHONES = [
    extension("1000", rights=("internal", "national"), location="Room 1", callback="+49301000"),
    extension("1001"),
    extension("1002", rights=()),
    extension("600", ECHO),
]
CLASSES = Classes(
    (
        NumberClass("national", ("0",)),
        NumberClass("international", ("00", "+"), ("+43",)),
        NumberClass("premium", ("0900",)),
    )
)


def routing(*routes: Route, now: float = FRIDAY, **more: Any) -> Routing:
    phones = Directory(PHONES, [block("1100-1199", extension("1", name="Desk {number}"))])
    rules = Rules(routes, **more)
    return Routing(phones, ["example.org"], rules, calendars=OFFICE, now=lambda: now)


def ways(found: object) -> list[tuple[str, str]]:
    assert isinstance(found, tuple)
    return [(way.trunk, way.number) for way in found]


def refused(plan: Routing, number: str, rights: Rights) -> tuple[int, str]:
    with pytest.raises(Unroutable) as error:
        plan.route(number, rights)
    return error.value.status, str(error.value)


def test_groups_make_the_number_and_the_caller() -> None:
    plan = routing(
        Route(pattern="_00([1-9]X)(X.)", trunk="t", called="+{1}-{2}", caller="+4930{caller}"),
        Route(regex=r"0(?:180)?(\d+)", trunk="u", called="{1}x{number}", caller="{1}"),
    )
    assert plan.route("0049301", Rights("1001")).destination == (
        Way("t", "+49-301", "+49301001", payer="1001"),
        Way("u", "049301x0049301", "049301", payer="1001"),
    )
    assert ways(plan.destination("018055", COMMAND)) == [("u", "55x018055")]


def test_what_a_trunk_could_take_for_more_than_a_number_takes_another_way() -> None:
    plan = routing(Route(regex="(.*)", trunk="t", called="{1}"))
    told = plan.explain("1;phone-context=x", Rights("1001"))
    assert told.status == 404
    assert "no number that a trunk may get remains" in told.steps[-1].why


def test_time_decides_between_two_routes() -> None:
    day = Route(pattern="9", extension="1000", when_open="office")
    night = Route(pattern="9", extension="1001", when_closed="office")
    for now, number in ((FRIDAY, "1000"), (NIGHT, "1001")):
        found = routing(day, night, now=now).destination("9", INSIDE)
        assert isinstance(found, Extension)
        assert found.number == number
    assert (
        refused(routing(Route(pattern="9", extension="1000", when_open="gone")), "9", COMMAND)[0]
        == 404
    )


def test_the_caller_and_the_trunk_decide() -> None:
    plan = routing(
        Route(pattern="9", extension="1000", callers=("_0171X.", "1100-1199", "1001")),
        Route(pattern="9", extension="1001", from_trunks=frozenset({"carrier"})),
        Route(pattern="9", extension="600"),
    )

    def leads(rights: Rights) -> str:
        found = plan.destination("9", rights)
        assert isinstance(found, Extension)
        return found.number

    assert leads(INSIDE._replace(trunk="carrier", caller="017155")) == "1000"
    assert leads(INSIDE._replace(trunk="carrier", caller="017255")) == "1001"
    assert leads(INSIDE._replace(trunk="other", caller="017255")) == "600"
    assert leads(Rights("1150")) == "1000"
    assert leads(Rights("1001")) == "1000"
    assert leads(Rights("1000")) == "600"
    assert leads(INSIDE._replace(caller="11x0")) == "600"
    assert leads(COMMAND) == "1000"  # an application may use all


def test_calls_pass_from_trunk_to_trunk_only_by_a_route_that_says_so() -> None:
    plan = routing(
        Route(pattern="0*", trunk="carrier", from_trunks=frozenset({"pbx"})),
        Route(pattern="0*", trunk="other"),
    )
    assert ways(plan.destination("030", INSIDE._replace(trunk="pbx"))) == [("carrier", "030")]
    assert refused(plan, "030", INSIDE._replace(trunk="evil"))[0] == 403
    assert refused(plan, "030", INSIDE)[0] == 403  # a redirect of a phone
    assert ways(plan.destination("030", Rights("1001"))) == [("other", "030")]


def test_ranges_of_extensions() -> None:
    plan = routing(Route(pattern="0*", trunk="t", extensions=frozenset({"1000", "1100-1149"})))
    assert ways(plan.destination("030", Rights("1149")))
    assert refused(plan, "030", Rights("1150")) == (403, "only for the extensions 1000, 1100-1149")
    assert refused(plan, "030", Rights("11049"))[0] == 403


def test_a_rule_refuses() -> None:
    plan = routing(
        Route(pattern="0900*", refuse=403, reason="Ask the office", name="no premium"),
        Route(pattern="01*", refuse=404),
        Route(pattern="*", trunk="t"),
    )
    with pytest.raises(Unroutable) as error:
        plan.route("0900123", COMMAND)
    assert (error.value.status, error.value.told) == (403, "Ask the office")
    assert refused(plan, "0123", COMMAND) == (404, "refused by the rule 01*")
    assert ways(plan.destination("0230", COMMAND)) == [("t", "0230")]


def test_rights() -> None:
    plan = routing(Route(pattern="*", trunk="t", called="+43{number}"), classes=CLASSES)
    out = routing(Route(pattern="*", trunk="t"), classes=CLASSES)
    assert ways(out.destination("030", Rights("1000")))
    assert refused(out, "0043", Rights("1000")) == (403, "1000 has no right to international")
    assert refused(out, "0900", Rights("1000")) == (403, "1000 has no right to premium")
    assert refused(out, "555", Rights("1000")) == (403, "1000 has no right to a number of no class")
    # What goes out counts as well: a route that makes it international needs that right.
    assert refused(plan, "030", Rights("1000")) == (403, "1000 has no right to international")
    for dialled in ("0043", "0900", "555"):
        assert ways(out.destination(dialled, Rights("1001")))
        assert ways(out.destination(dialled, COMMAND))


def test_without_the_right_to_internal_no_extension_is_reached() -> None:
    plan = routing(classes=CLASSES)
    assert plan.destination("600", Rights("1000"))
    assert refused(plan, "600", Rights("1002")) == (403, "1002 has no right to internal")
    assert plan.destination("600", INSIDE)


def test_rights_of_all_hold_for_extensions_without_their_own() -> None:
    plan = routing(Route(pattern="*", trunk="t"), classes=CLASSES, rights=("national",))
    assert refused(plan, "0043", Rights("1001"))[0] == 403
    assert refused(plan, "600", Rights("1150"))[0] == 403
    assert plan.destination("600", Rights("1000"))  # it has rights of its own
    assert plan.destination("600", INSIDE)  # who comes from outside has none to lose
    assert ways(plan.destination("0043", COMMAND))


EMERGENCY = EmergencyTerms(frozenset({"112"}), ("a", "b"), "+49300", "Main Street 1")


def test_an_extension_that_is_no_longer_there_reaches_no_trunk() -> None:
    """Its call goes on after it was removed, and could be transferred anywhere."""
    plan = routing(
        Route(pattern="*", trunk="t"), emergency=EmergencyTerms(frozenset(("112",)), ("t",))
    )
    assert refused(plan, "0900", Rights("1999")) == (403, "1999 is no extension")
    assert plan.destination("1001", Rights("1999"))
    assert plan.destination("112", Rights("1999"))


def test_emergency_numbers_pass_before_everything_else() -> None:
    plan = routing(
        Route(pattern="112", refuse=404),
        classes=CLASSES,
        emergency=EMERGENCY,
        rights=(),
    )
    told = EmergencyCall("112", "+49301000", "Room 1", is_located=True)
    assert plan.destination("112", Rights("1000")) == (
        Way("a", "112", "+49301000", payer="1000", emergency=told),
        Way("b", "112", "+49301000", payer="1000", emergency=told),
    )
    found = plan.destination("112", Rights("1002"))  # without any right
    assert isinstance(found, tuple)
    assert found[0].emergency == EmergencyCall("112", "+49300", "Main Street 1", is_located=True)
    assert plan.is_emergency("112", COMMAND)
    assert not plan.is_emergency("112", INSIDE)
    assert refused(plan, "112", INSIDE._replace(trunk="a"))[0] == 404


def test_an_explanation_names_every_rule_before_the_one_that_takes_it() -> None:
    plan = routing(
        Route(pattern="1*", trunk="t", name="short"),
        Route(pattern="00*", trunk="t", name="abroad", extensions=frozenset({"1001"})),
        Route(pattern="0*", trunk="day", when_closed="office"),
        Route(pattern="0*", trunk="t", name="out", called="{number}1", caller="5"),
        Route(pattern="0*", trunk="spare"),
        Route(pattern="0*", extension="600"),
        classes=CLASSES,
        emergency=EMERGENCY,
    )
    told = plan.explain("0030", Rights("1000"), FRIDAY)
    assert [step.why for step in told.steps if step.takes] == ["0030 matches 0*"]
    assert told.steps[3].why == "only for the extensions 1001"
    assert told.steps[5].why == "1000 has no right to international"
    assert told.extension == "600"
    told = plan.explain("030", Rights("1000"), FRIDAY)
    assert [(step.rule, step.takes) for step in told.steps] == [
        ("emergency numbers", False),
        ("extensions", False),
        ("short", False),
        ("abroad", False),
        ("0*", False),
        ("out", True),
        ("0*", True),
        ("0*", False),
    ]
    assert told.steps[4].why == "the calendar office is open (mon-fri 08:00-17:00)"
    assert told.steps[5].why == "030 matches 0*"
    assert [way.trunk for way in told.ways] == ["t", "spare"]
    assert told.ways[0] == ("t", "0301", "5")
    assert told.classes == ("national",)
    night = plan.explain("030", Rights("1000"), NIGHT)
    assert [way.trunk for way in night.ways] == ["day", "t", "spare"]
    assert plan.explain("112", Rights("1000")).is_emergency
    assert plan.explain("600", Rights("1000")).extension == "600"
    nowhere = plan.explain("5", Rights("1000"))
    assert (nowhere.status, nowhere.sentence) == (404, "neither extension nor route for '5'")


def test_other_rules_hold_from_the_next_number_on() -> None:
    plan = routing(Route(pattern="0*", trunk="t"))
    plan.exchange(routing(Route(pattern="0*", trunk="u")))
    assert ways(plan.destination("030", COMMAND)) == [("u", "030")]
    assert plan.is_ours("example.org")


def test_no_number_makes_an_expression_slow() -> None:
    plan = routing(Route(regex="(a+)+b", trunk="t"), Route(pattern="_(X.)", trunk="t"))
    began = time.thread_time()
    for _ in range(100):
        assert refused(plan, "a" * 64, COMMAND)[0] == 404
        assert refused(plan, "a" * 100_000, COMMAND)[0] == 404
    assert time.thread_time() - began < 0.5


def test_ten_thousand_rules_do_not_block_the_loop() -> None:
    rules = [Route(pattern=f"_{at:05d}X.", trunk="t") for at in range(10_000)]
    plan = routing(*rules)
    asked = []
    for _ in range(5):
        began = time.thread_time()
        assert ways(plan.destination("0999912", COMMAND))
        asked.append(time.thread_time() - began)
    # The best of some, since other work on the machine only ever adds to what one costs; a run that
    # counts branches costs eight times as much.
    assert min(asked) < (0.1 if sys.gettrace() is None else 1.0), asked
