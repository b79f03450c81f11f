"""The panel: what it sends, when it believes a kissoff, and when it gives up."""

from __future__ import annotations

from math import inf

from media.contact_id.message import build_message
from media.contact_id.panel import (
    ContactIdPanel,
    Delivered,
    Effect,
    PanelHangsUp,
    PanelKeys,
    PanelState,
)

ALARM = build_message("1234", "131", group="01", number="015")
OTHER = build_message("1234", "130", group="01", number="001")


def shake_hands(panel: ContactIdPanel, now: float, wrong: float = 1.0) -> None:
    """Let the panel hear the receiver's two tones, from `now` on."""
    for hertz, begin in ((1400.0, now), (2300.0, now + 200)):
        panel.tone_started(hertz * wrong, begin)
        panel.tone_ended(hertz * wrong, begin, begin + 100)


def sending(*messages: object, now: float = 0.0) -> ContactIdPanel:
    """A panel that has just sent its first message; its keys end at 4000 ms."""
    panel = ContactIdPanel([ALARM, OTHER][: len(messages) or 1], now)
    shake_hands(panel, 1000.0)
    assert panel.advance(1574.0) == []
    assert panel.advance(1575.0) == [PanelKeys(ALARM.keys)]
    assert panel.deadline == inf
    panel.keys_sent(4000.0)
    return panel


def test_sends_after_the_handshake_and_hangs_up_after_the_kissoff() -> None:
    panel = sending()
    panel.tone_started(1400.0, 4200.0)
    assert panel.advance(4599.0) == []
    assert panel.advance(4600.0) == [Delivered(ALARM)]
    panel.tone_ended(1400.0, 4200.0, 5100.0)
    assert panel.advance(5374.0) == []
    assert panel.advance(5375.0) == [PanelHangsUp("all delivered")]
    assert panel.deadline == inf


def test_sends_one_message_behind_the_other() -> None:
    panel = sending(1, 2)
    panel.tone_started(1400.0, 4200.0)
    assert panel.advance(5000.0) == [Delivered(ALARM)]
    panel.tone_ended(1400.0, 4200.0, 5100.0)
    assert panel.advance(5375.0) == [PanelKeys(OTHER.keys)]


def test_a_kissoff_that_is_told_of_only_at_its_end() -> None:
    panel = sending()
    panel.tone_started(1400.0, 4200.0)
    assert panel.tone_ended(1400.0, 4200.0, 4950.0) == [Delivered(ALARM)]


def test_repeats_four_times_without_a_kissoff() -> None:
    panel = sending()
    log: list[Effect] = []
    now = 4000.0
    for _ in range(5):
        now += 1200.0
        assert panel.advance(now) == []
        now += 200.0
        log += panel.advance(now)
        now += 1800.0
        panel.keys_sent(now)
    assert log == [PanelKeys(ALARM.keys)] * 3 + [PanelHangsUp("no kissoff", (ALARM,))]


def test_a_success_gives_the_next_message_four_attempts_again() -> None:
    panel = sending(1, 2)
    panel.advance(5500.0)
    panel.keys_sent(7500.0)
    panel.tone_started(1400.0, 7800.0)
    panel.advance(8300.0)
    panel.tone_ended(1400.0, 7800.0, 8700.0)
    now, sent = 8975.0, 0
    while panel.state is not PanelState.OVER:
        sent += panel.advance(now).count(PanelKeys(OTHER.keys))
        panel.keys_sent(now + 1800.0)
        now += 4000.0
    assert sent == 4


def test_a_tone_of_less_than_400_ms_is_no_kissoff() -> None:
    panel = sending()
    panel.tone_started(1400.0, 4200.0)
    assert panel.tone_ended(1400.0, 4200.0, 4550.0) == [PanelKeys(ALARM.keys)]


def test_another_tone_is_no_kissoff() -> None:
    panel = sending()
    panel.tone_started(2300.0, 4200.0)
    panel.tone_ended(2300.0, 4200.0, 5100.0)
    assert panel.advance(5400.0) == [PanelKeys(ALARM.keys)]


def test_a_kissoff_without_an_end_is_not_waited_for() -> None:
    panel = sending()
    panel.tone_started(1400.0, 4200.0)
    assert panel.advance(60_000.0) == [Delivered(ALARM), PanelHangsUp("all delivered")]


def test_tones_five_percent_off_are_taken() -> None:
    for wrong in (0.951, 1.049):
        panel = ContactIdPanel([ALARM], 0.0)
        shake_hands(panel, 1000.0, wrong)
        assert panel.advance(2000.0) == [PanelKeys(ALARM.keys)]


def test_what_is_no_handshake() -> None:
    panel = ContactIdPanel([ALARM], 0.0)
    shake_hands(panel, 1000.0, 0.9)
    panel.tone_ended(2300.0, 2000.0, 2100.0)
    panel.tone_ended(1400.0, 3000.0, 3100.0)
    panel.tone_ended(2300.0, 3600.0, 3700.0)
    panel.tone_ended(1400.0, 4000.0, 4300.0)
    panel.tone_ended(2300.0, 4400.0, 4500.0)
    assert panel.advance(14_999.0) == []
    assert panel.advance(15_000.0) == [PanelHangsUp("no handshake", (ALARM,))]


def test_a_second_handshake_serves_when_the_first_was_missed() -> None:
    panel = ContactIdPanel([ALARM], 0.0)
    panel.tone_ended(2300.0, 1200.0, 1300.0)
    shake_hands(panel, 3500.0)
    assert panel.advance(4075.0) == [PanelKeys(ALARM.keys)]
