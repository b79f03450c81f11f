"""What of budgets is used, and what they refuse."""

from __future__ import annotations

from datetime import datetime

import pytest

from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.routing import COMMAND, Rights, Routing, Unroutable, Way
from softswitch.calls.numbers.rules.budgets import Budget, Budgets, CallOut, Used
from softswitch.calls.numbers.rules.emergency import EmergencyCall, EmergencyTerms
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.guard.events import SecurityEvent, SecurityEvents
from tests.calls.extensions import extension

NOON = datetime(2026, 11, 30, 12).timestamp()


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


class Till:
    """Budgets, their clock, and what they write."""

    def __init__(self, *budgets: Budget) -> None:
        self.clock, self.written, self.ended = Clock(), list[Used](), list[str]()
        self.events = SecurityEvents()
        self.budgets = Budgets(self.clock, self.written.append, self.events)
        self.budgets.replace(budgets)

    def way(self, payer: str | None = "1000", trunk: str = "t", *classes: str) -> Way:
        return Way(trunk, "0", payer=payer, classes=classes)

    def ring(self, way: Way | None = None, name: str = "") -> CallOut:
        return self.budgets.begin(way or self.way(), lambda: self.ended.append(name))

    def talk(self, seconds: float, way: Way | None = None) -> None:
        call = self.ring(way)
        call.answered()
        self.clock.now += seconds
        call.ended()

    def is_free(self, way: Way | None = None) -> bool:
        return not self.budgets.refusal(way or self.way())


def test_answered_calls_count_and_those_that_ring_hold_their_place() -> None:
    till = Till(Budget(name="b", calls=2))
    first, second = till.ring(), till.ring()
    assert not till.is_free()
    assert till.budgets.refusal(till.way()) == "the budget b of 1000 is used up for today"
    first.ended()  # nobody answered
    assert till.is_free()
    second.answered()
    second.answered()
    third = till.ring()
    third.answered()
    third.ended()
    third.ended()
    second.ended()
    assert not till.is_free()
    assert till.is_free(till.way("1001"))
    assert till.written[-1] == ("2026-11-30", "b", "1000", 2, 0.0)


def test_minutes_count_while_a_call_is_up() -> None:
    till = Till(Budget(name="b", seconds=60))
    till.talk(30)
    assert till.is_free()
    call = till.ring()
    call.answered()
    till.clock.now += 29
    assert till.is_free()
    till.clock.now += 1
    assert not till.is_free()
    till.budgets.look()
    assert till.ended == []  # only new calls are refused
    call.ended()
    assert till.written[-1].seconds == 60


def test_calls_end_when_the_minutes_are_used_up_where_the_budget_says_so() -> None:
    till = Till(
        Budget(name="b", seconds=60, ends_calls=True), Budget(name="c", per="trunk", calls=9)
    )
    mine, others = till.ring(name="mine"), till.ring(till.way("1001"), name="others")
    ringing = till.ring(name="ringing")
    mine.answered()
    others.answered()
    till.clock.now += 59
    till.budgets.look()
    assert till.ended == []
    till.clock.now += 1
    others.ended()
    till.budgets.look(keep=True)
    assert sorted(till.ended) == ["mine", "ringing"]
    assert ("2026-11-30", "b", "1000", 1, 60.0) in till.written
    ringing.ended()


@pytest.mark.parametrize(
    ("budget", "counted", "free"),
    [
        (Budget(name="b", per="trunk", calls=1), Way("t", "0", payer=None), None),
        (Budget(name="b", per="all", calls=1), Way("u", "0", payer="1"), None),
        (
            Budget(name="b", per="all", calls=1, trunks=frozenset({"t"})),
            Way("t", "0", payer="1"),
            Way("u", "0", payer="1"),
        ),
        (
            Budget(name="b", per="all", calls=1, classes=frozenset({"premium"})),
            Way("t", "0", classes=("national", "premium")),
            Way("t", "0", classes=("national",)),
        ),
        (
            Budget(name="b", per="all", calls=1, extensions=("1000-1099", "2000")),
            Way("t", "0", payer="1050"),
            Way("t", "0", payer="1100"),
        ),
        (Budget(name="b", calls=1), Way("t", "0", payer="1"), Way("t", "0", payer=None)),
    ],
)
def test_which_calls_it_counts(budget: Budget, counted: Way, free: Way | None) -> None:
    till = Till(budget)
    till.talk(1, counted)
    assert not till.is_free(counted)
    if free is not None:
        till.talk(1, free)
        assert till.is_free(free)


def test_an_emergency_call_is_counted_by_none() -> None:
    till = Till(Budget(name="b", per="all", calls=1))
    way = Way("t", "112", payer="1000", emergency=EmergencyCall("112"))
    till.talk(1, way)
    assert till.is_free()
    till.talk(1)
    assert till.is_free(way)


def test_midnight_begins_a_new_day_also_for_calls_that_go_on() -> None:
    till = Till(Budget(name="b", calls=2, seconds=3600 * 13))
    till.talk(1)
    long, ringing = till.ring(), till.ring(till.way("1001"))
    long.answered()
    till.clock.now += 13 * 3600
    assert till.is_free()
    till.clock.now += 60
    ringing.answered()
    long.ended()
    ringing.ended()
    used = {row.subject: row for row in till.budgets.used()}
    assert used["1000"][0] == "2026-12-01"
    assert used["1000"].calls == 0  # it was answered yesterday
    assert used["1000"].seconds == pytest.approx(60)
    assert used["1001"].calls == 1


def test_a_restart_and_other_settings_forget_nothing() -> None:
    till = Till(Budget(name="b", calls=1), Budget(name="gone", calls=1))
    till.budgets.restore(
        [Used("2026-11-29", "b", "1001", 1, 5), Used("2026-11-30", "b", "1000", 1, 5)]
    )
    assert not till.is_free()
    assert till.is_free(till.way("1001"))
    till.budgets.replace([Budget(name="b", calls=2)])
    assert till.is_free()
    till.talk(1)
    assert not till.is_free()
    assert till.written[-1] == ("2026-11-30", "b", "1000", 2, 6.0)


def test_it_is_told_once_that_a_budget_is_used_up_and_every_refusal_counts() -> None:
    till = Till(Budget(name="b", calls=1))
    phones = Directory([extension("1000")])
    rules = Rules(
        (Route(pattern="0*", trunk="t"),), emergency=EmergencyTerms(frozenset({"112"}), ("t",))
    )
    routing = Routing(phones, ["h"], rules, spending=till.budgets)
    till.talk(1)
    for _ in range(3):
        with pytest.raises(Unroutable) as error:
            routing.route("030", Rights("1000"))
        assert error.value.status == 403
        assert error.value.told == "the budget b of 1000 is used up for today"
    assert routing.explain("030", Rights("1000")).status == 403
    assert not routing.may_call_back("030", Rights("1000"))
    assert routing.leading(["030"], Rights("1000")) == "030"
    assert till.budgets.refused == {"b": 3}  # neither an explanation nor a look is a call
    assert till.events.counts[SecurityEvent.SESSION_LIMIT] == 4
    assert routing.route("112", Rights("1000"))
    assert routing.route("030", COMMAND)
    values = {metric.name: metric.read() for metric in till.budgets.metrics()}
    assert values == {
        "budget_calls": {"b": 1},
        "budget_seconds": {"b": 1.0},
        "budget_refusals_total": {"b": 3},
    }


def test_another_trunk_is_tried_where_the_budget_of_one_is_used_up() -> None:
    till = Till(Budget(name="b", per="trunk", trunks=frozenset({"t"}), calls=1))
    rules = Rules((Route(pattern="0*", trunk="t"), Route(pattern="0*", trunk="u")))
    routing = Routing(Directory([extension("1000")]), ["h"], rules, spending=till.budgets)
    till.talk(1)
    found = routing.destination("030", Rights("1000"))
    assert isinstance(found, tuple)
    assert [way.trunk for way in found] == ["u"]


def test_what_is_used_says_how_much_and_when_it_begins_again() -> None:
    till = Till(Budget(name="b", calls=2, seconds=90), Budget(name="c", per="all", calls=5))
    assert [(each.budget.name, each.subject, each.calls) for each in till.budgets.uses()] == [
        ("c", "", 0)
    ]
    till.talk(60)
    till.ring().answered()
    till.ring(till.way("1001"))
    till.clock.now += 40
    uses = {(each.budget.name, each.subject): each for each in till.budgets.uses()}
    assert uses.keys() == {("b", "1000"), ("b", "1001"), ("c", "")}
    anna, ben, both = uses["b", "1000"], uses["b", "1001"], uses["c", ""]
    assert (anna.calls, anna.ringing, anna.seconds, anna.is_used_up) == (2, 0, 100, True)
    assert (ben.calls, ben.ringing, ben.is_used_up) == (0, 1, False)
    assert (both.calls, both.ringing, both.is_used_up) == (2, 1, False)
    assert datetime.fromtimestamp(anna.begins_again) == datetime(2026, 12, 1)
    till.budgets.replace([Budget(name="c", per="all", calls=5)])
    assert [each.budget.name for each in till.budgets.uses()] == ["c"]


def test_a_budget_begins_again_and_running_calls_count_from_then_on() -> None:
    till = Till(Budget(name="b", calls=2, seconds=90), Budget(name="c", per="all", seconds=900))
    till.talk(60)
    call = till.ring()
    call.answered()
    till.clock.now += 40
    till.talk(0, till.way("1001"))
    till.budgets.look()
    assert not till.is_free()
    assert till.budgets.begin_again("b", "1000") == [("2026-11-30", "b", "1000", 2, 100.0)]
    assert till.written[-1] == ("2026-11-30", "b", "1000", 0, 0.0)
    assert till.is_free()
    till.clock.now += 30
    call.ended()
    used = {(each.budget.name, each.subject): each.seconds for each in till.budgets.uses()}
    assert used == {("b", "1000"): 30, ("b", "1001"): 0, ("c", ""): 130}
    assert len(till.budgets.begin_again("b")) == 2
    assert till.budgets.begin_again("b", "1002") == []
    till.talk(90)
    assert not till.is_free()
