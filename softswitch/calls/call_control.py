"""Builds call control: every part, in the order in which one needs the other.

For those who start the program, and for tests. Nobody else holds `CallControl`: a part takes from
it, when it is built, the few parts that it works with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from softswitch.calls.call.calls import Calls
from softswitch.calls.call.history import History, Journal
from softswitch.calls.call.port_opening import Ports
from softswitch.calls.call.rooms import ConferenceRooms
from softswitch.calls.call.terms import CallTerms
from softswitch.calls.call_ids import CallIds
from softswitch.calls.call_task import CallTasks
from softswitch.calls.features.callback_requests import CallbackRequests
from softswitch.calls.features.kept import Kept, WriteBehind
from softswitch.calls.features.recent import RecentCalls
from softswitch.calls.leg.leg import Stack
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.paging.paging import Paging
from softswitch.calls.parking.parking import Parking
from softswitch.calls.ports.media_port import WorkerClient
from softswitch.calls.queues.agent_ringing import AgentRinging
from softswitch.calls.queues.callbacks import OF_QUEUE_CALLBACKS, Callbacks
from softswitch.calls.queues.queues import CallQueues
from softswitch.calls.queues.waiting import QueueService
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.conversation import Conversation
from softswitch.calls.setup.dialler import Dialler
from softswitch.calls.setup.phone_call import PhoneCalls
from softswitch.calls.setup.pickup import Pickups
from softswitch.calls.setup.ringing import Ringer
from softswitch.calls.setup.wishes import Wishes
from softswitch.calls.transfer.dialogs import CallDialogs
from softswitch.calls.transfer.joining import Joining
from softswitch.calls.transfer.offers import CallOffers
from softswitch.calls.transfer.referral import Referrals
from softswitch.calls.transfer.replacing import Replacing
from softswitch.calls.transfer.transfer import Transfers
from softswitch.guard.pins import Pins
from softswitch.trace.traces import Traces


class PortSource(Ports, Protocol):
    """The media workers."""

    def choose(self) -> WorkerClient:
        """The worker for something new; raises WorkerGone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallControl:
    """The parts of call control that stand before anybody is served."""

    plan: DialPlan
    calls: Calls
    history: History
    rooms: ConferenceRooms
    dialler: Dialler
    transfers: Transfers
    replacing: Replacing
    joining: Joining
    offers: CallOffers
    phone_calls: PhoneCalls
    answering: Answering
    paging: Paging
    parking: Parking
    tasks: CallTasks
    queues: CallQueues
    queue_service: QueueService
    pins: Pins
    "Who may try PINs."


def build_call_control(
    *,
    plan: DialPlan,
    stack: Stack,
    media: PortSource,
    journal: Journal,
    terms: CallTerms,
    pins: Pins,
    now: Callable[[], float],
    keep: WriteBehind,
    traces: Traces | None = None,
) -> CallControl:
    """All parts; `journal` takes the records of calls, `now` is Unix time in seconds.

    `keep` writes what outlives a restart besides them: who has called, who waits for whom. `pins`
    counts the wrong PINs of callers. `traces` hold what happens to each call.
    """
    calls = Calls(terms, now, CallIds(now), traces or Traces(now))
    history = History(journal, now)
    calls.listeners.append(history.entered)
    rooms = ConferenceRooms(media.choose, pins)
    dialler = Dialler(stack, terms.domain, plan.turns.lines, plan.budgets, plan.emergencies)
    wishes = Wishes(plan, calls, RecentCalls(keep, now), CallbackRequests(keep, now))
    ringer = Ringer(plan, dialler, media, rooms, wishes)
    transfers = Transfers(ringer, calls)
    dialogs = CallDialogs(stack.endpoint, calls, Pickups(calls, plan.directory))
    conversation = Conversation(Referrals(plan.routing, dialogs, transfers).refer)
    answering, tasks = Answering(ringer, history, conversation), CallTasks(calls, history)
    queues = CallQueues(plan)
    callbacks = Callbacks(queues, answering, calls, tasks, Kept(OF_QUEUE_CALLBACKS, keep, now))
    return CallControl(
        plan=plan,
        calls=calls,
        history=history,
        rooms=rooms,
        dialler=dialler,
        transfers=transfers,
        replacing=Replacing(dialogs, media),
        joining=Joining(dialogs, answering, transfers),
        offers=CallOffers(dialogs),
        phone_calls=PhoneCalls(ringer, history, conversation),
        answering=answering,
        paging=Paging(answering, calls, tasks),
        parking=Parking(answering, transfers, now),
        tasks=tasks,
        queues=queues,
        queue_service=QueueService(
            queues=queues,
            answering=answering,
            ringing=AgentRinging(queues, answering, now),
            transfers=transfers,
            callbacks=callbacks,
            now=now,
        ),
        pins=pins,
    )
