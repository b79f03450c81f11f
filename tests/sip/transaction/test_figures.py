"""The four figures of RFC 3261 section 17 with RFC 6026, line by line; every row is walked."""

from __future__ import annotations

import pytest

from softswitch.sip.effects import Flow
from softswitch.sip.message.message import parse_message
from softswitch.sip.transaction.client import FIGURE_6
from softswitch.sip.transaction.invite_client import FIGURE_5
from softswitch.sip.transaction.invite_server import FIGURE_7
from softswitch.sip.transaction.machine import Event, State, TransactionError
from softswitch.sip.transaction.server import FIGURE_8
from tests.sip.transaction.traces import TCP, UDP, missing, request, walk

FIGURES = {
    5: (FIGURE_5, "INVITE"),
    6: (FIGURE_6, "OPTIONS"),
    7: (FIGURE_7, "INVITE"),
    8: (FIGURE_8, "OPTIONS"),
}

TRACES: dict[str, tuple[int, Flow, str]] = {
    "an INVITE that nobody answers": (
        5,
        UDP,
        """
        send  CALLING     send INVITE, A in 0.5 s, B in 32 s
        A     CALLING     send INVITE, A in 1 s
        A     CALLING     send INVITE, A in 2 s
        A     CALLING     send INVITE, A in 4 s
        A     CALLING     send INVITE, A in 8 s
        A     CALLING     send INVITE, A in 16 s
        A     CALLING     send INVITE, A in 32 s
        B     TERMINATED  fail: timeout, finished
        A     TERMINATED  -
        """,
    ),
    "an INVITE that is busy": (
        5,
        UDP,
        """
        send  CALLING     send INVITE, A in 0.5 s, B in 32 s
        486   COMPLETED   send ACK, D in 32 s, pass up 486
        A     COMPLETED   -
        B     COMPLETED   -
        486   COMPLETED   send ACK
        200   COMPLETED   -
        180   COMPLETED   -
        D     TERMINATED  finished
        486   TERMINATED  -
        """,
    ),
    "an INVITE that rings and is answered twice": (
        5,
        UDP,
        """
        send  CALLING     send INVITE, A in 0.5 s, B in 32 s
        180   PROCEEDING  pass up 180
        A     PROCEEDING  -
        183   PROCEEDING  pass up 183
        B     PROCEEDING  -
        200   ACCEPTED    M in 32 s, pass up 200
        200   ACCEPTED    pass up 200
        486   ACCEPTED    -
        M     TERMINATED  finished
        """,
    ),
    "an INVITE that is answered at once over TCP": (
        5,
        TCP,
        """
        send  CALLING     send INVITE, B in 32 s
        200   ACCEPTED    M in 32 s, pass up 200
        M     TERMINATED  finished
        """,
    ),
    "an INVITE that rings and is refused over TCP": (
        5,
        TCP,
        """
        send  CALLING     send INVITE, B in 32 s
        100   PROCEEDING  pass up 100
        603   COMPLETED   send ACK, D in 0 s, pass up 603
        D     TERMINATED  finished
        """,
    ),
    "an INVITE that finds no way": (
        5,
        UDP,
        """
        send             CALLING     send INVITE, A in 0.5 s, B in 32 s
        transport error  TERMINATED  fail: transport error, finished
        """,
    ),
    "an INVITE whose ACK finds no way": (
        5,
        UDP,
        """
        send             CALLING     send INVITE, A in 0.5 s, B in 32 s
        404              COMPLETED   send ACK, D in 32 s, pass up 404
        transport error  TERMINATED  fail: transport error, finished
        """,
    ),
    "a CANCEL that waits for a provisional response": (
        5,
        UDP,
        """
        send    CALLING     send INVITE, A in 0.5 s, B in 32 s
        CANCEL  CALLING     -
        100     PROCEEDING  send CANCEL, after CANCEL in 32 s, pass up 100
        180     PROCEEDING  pass up 180
        487     COMPLETED   send ACK, D in 32 s, pass up 487
        """,
    ),
    "a CANCEL that brings nothing": (
        5,
        UDP,
        """
        send          CALLING     send INVITE, A in 0.5 s, B in 32 s
        180           PROCEEDING  pass up 180
        CANCEL        PROCEEDING  send CANCEL, after CANCEL in 32 s
        after CANCEL  TERMINATED  fail: timeout, finished
        """,
    ),
    "a request that nobody answers": (
        6,
        UDP,
        """
        send  TRYING      send OPTIONS, E in 0.5 s, F in 32 s
        E     TRYING      send OPTIONS, E in 1 s
        E     TRYING      send OPTIONS, E in 2 s
        E     TRYING      send OPTIONS, E in 4 s
        E     TRYING      send OPTIONS, E in 4 s
        F     TERMINATED  fail: timeout, finished
        E     TERMINATED  -
        """,
    ),
    "a request that is answered": (
        6,
        UDP,
        """
        send  TRYING      send OPTIONS, E in 0.5 s, F in 32 s
        200   COMPLETED   K in 5 s, pass up 200
        200   COMPLETED   -
        E     COMPLETED   -
        F     COMPLETED   -
        K     TERMINATED  finished
        """,
    ),
    "a request that is refused over TCP": (
        6,
        TCP,
        """
        send  TRYING      send OPTIONS, F in 32 s
        404   COMPLETED   K in 0 s, pass up 404
        K     TERMINATED  finished
        """,
    ),
    "a request that takes its time": (
        6,
        UDP,
        """
        send  TRYING      send OPTIONS, E in 0.5 s, F in 32 s
        100   PROCEEDING  pass up 100
        E     PROCEEDING  send OPTIONS, E in 4 s
        100   PROCEEDING  pass up 100
        E     PROCEEDING  send OPTIONS, E in 4 s
        200   COMPLETED   K in 5 s, pass up 200
        """,
    ),
    "a request that takes its time and is refused": (
        6,
        UDP,
        """
        send  TRYING      send OPTIONS, E in 0.5 s, F in 32 s
        100   PROCEEDING  pass up 100
        500   COMPLETED   K in 5 s, pass up 500
        """,
    ),
    "a request that takes too long": (
        6,
        UDP,
        """
        send  TRYING      send OPTIONS, E in 0.5 s, F in 32 s
        100   PROCEEDING  pass up 100
        F     TERMINATED  fail: timeout, finished
        """,
    ),
    "a request that finds no way": (
        6,
        UDP,
        """
        send             TRYING      send OPTIONS, E in 0.5 s, F in 32 s
        transport error  TERMINATED  fail: transport error, finished
        """,
    ),
    "a request that finds no way any more": (
        6,
        UDP,
        """
        send             TRYING      send OPTIONS, E in 0.5 s, F in 32 s
        100              PROCEEDING  pass up 100
        transport error  TERMINATED  fail: transport error, finished
        """,
    ),
    "busy until the ACK": (
        7,
        UDP,
        """
        INVITE  PROCEEDING  send 100
        INVITE  PROCEEDING  send 100
        180     PROCEEDING  send 180
        INVITE  PROCEEDING  send 180
        486     COMPLETED   send 486, G in 0.5 s, H in 32 s
        G       COMPLETED   send 486, G in 1 s
        G       COMPLETED   send 486, G in 2 s
        G       COMPLETED   send 486, G in 4 s
        G       COMPLETED   send 486, G in 4 s
        INVITE  COMPLETED   send 486
        ACK     CONFIRMED   I in 5 s
        G       CONFIRMED   -
        H       CONFIRMED   -
        INVITE  CONFIRMED   -
        ACK     CONFIRMED   -
        I       TERMINATED  finished
        """,
    ),
    "refused and never acknowledged": (
        7,
        TCP,
        """
        INVITE           PROCEEDING  send 100
        404              COMPLETED   send 404, H in 32 s
        transport error  COMPLETED   fail: transport error
        H                TERMINATED  fail: no ACK, finished
        """,
    ),
    "refused over TCP": (
        7,
        TCP,
        """
        INVITE  PROCEEDING  send 100
        302     COMPLETED   send 302, H in 32 s
        ACK     CONFIRMED   I in 0 s
        I       TERMINATED  finished
        """,
    ),
    "answered, with repeats of everything": (
        7,
        UDP,
        """
        INVITE           PROCEEDING  send 100
        transport error  PROCEEDING  fail: transport error
        ACK              PROCEEDING  -
        200              ACCEPTED    send 200, L in 32 s
        INVITE           ACCEPTED    -
        200              ACCEPTED    send 200
        transport error  ACCEPTED    fail: transport error
        ACK              ACCEPTED    pass up ACK
        L                TERMINATED  finished
        """,
    ),
    "answered at once": (
        8,
        UDP,
        """
        OPTIONS  TRYING      -
        OPTIONS  TRYING      -
        200      COMPLETED   send 200, J in 32 s
        OPTIONS  COMPLETED   send 200
        J        TERMINATED  finished
        """,
    ),
    "refused at once over TCP": (
        8,
        TCP,
        """
        OPTIONS  TRYING      -
        404      COMPLETED   send 404, J in 0 s
        J        TERMINATED  finished
        """,
    ),
    "answered late": (
        8,
        UDP,
        """
        OPTIONS  TRYING      -
        100      PROCEEDING  send 100
        OPTIONS  PROCEEDING  send 100
        100      PROCEEDING  send 100
        200      COMPLETED   send 200, J in 32 s
        """,
    ),
    "refused late, and the client has gone": (
        8,
        UDP,
        """
        OPTIONS          TRYING      -
        100              PROCEEDING  send 100
        500              COMPLETED   send 500, J in 32 s
        transport error  TERMINATED  fail: transport error, finished
        """,
    ),
    "the client has gone before": (
        8,
        UDP,
        """
        OPTIONS          TRYING      -
        100              PROCEEDING  send 100
        transport error  TERMINATED  fail: transport error, finished
        """,
    ),
}


@pytest.mark.parametrize("name", TRACES)
def test_trace(name: str) -> None:
    number, flow, trace = TRACES[name]
    figure, method = FIGURES[number]
    walk(figure, method, trace, flow)


def test_every_row_of_every_figure_is_walked() -> None:
    for name in TRACES:
        test_trace(name)
    left = {number: missing(figure) for number, (figure, _) in FIGURES.items()}
    assert left == {5: [], 6: [], 7: [], 8: []}


def test_a_figure_has_a_table_for_every_state_it_leads_to() -> None:
    for figure, _ in FIGURES.values():
        reached = {row.state for rows in figure.values() for row in rows.values()}
        assert reached | {State.START} == set(figure)


@pytest.mark.parametrize("event", [Event.SEND_1XX, Event.SEND_2XX, Event.SEND_3XX_6XX])
def test_a_response_after_the_final_one_is_our_own_mistake(event: Event) -> None:
    machine = walk(
        FIGURE_8, "OPTIONS", "OPTIONS  TRYING  -\n200  COMPLETED  send 200, J in 32 s", UDP
    )
    with pytest.raises(TransactionError, match=f"cannot {event.value} in state COMPLETED"):
        machine.feed(event, None, [])


def test_the_ack_of_a_refusal_repeats_branch_route_and_number_of_the_invite() -> None:
    trace = """
        send  CALLING     send INVITE, A in 0.5 s, B in 32 s
        486   COMPLETED   send ACK, D in 32 s, pass up 486
    """
    ack = parse_message(walk(FIGURE_5, "INVITE", trace, UDP).sent)
    invite = request("INVITE")
    assert ack.via == invite.via
    assert ack.headers.get_all("Route") == invite.headers.get_all("Route")
    assert str(ack.cseq) == "7 ACK"
    assert (ack.from_.tag, ack.to.tag, ack.call_id) == ("a", "b", invite.call_id)
