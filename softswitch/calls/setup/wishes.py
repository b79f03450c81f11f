"""What an extension wants with a call to it: forwarded, not disturbed, not too many at a time.

Asked before its phones ring and after they have not answered, for calls that are dialled, begun by
commands or transferred. A call that is forwarded goes on with the rights of the extension that
forwards it, whoever has called: a caller from outside gets no further than that extension may.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import Ending, NotReached, refused_here
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.endings.states import RINGS
from softswitch.calls.features.callback_requests import CallbackRequests
from softswitch.calls.features.features import Condition, Features
from softswitch.calls.features.recent import Caller, RecentCalls
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.extension import Extension, RingPlan
from softswitch.calls.numbers.forwarding import Forwarded
from softswitch.calls.numbers.routing import INSIDE, Rights, Unroutable
from softswitch.settings.features import FeatureSettings
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request
from softswitch.sip.message.uri import SipUri, Uri
from softswitch.sip.requests.diversion import given_diversions

log = structlog.get_logger("softswitch.features")

TOLD: dict[Condition, tuple[int, str]] = {
    Condition.ALWAYS: (302, "unconditional"),
    Condition.BUSY: (486, "user-busy"),
    Condition.NO_ANSWER: (408, "no-answer"),
    Condition.NOT_REGISTERED: (503, "unavailable"),
}
"The cause of History-Info (RFC 4458 section 3.2) and the reason of Diversion (RFC 5806 section 9)."

DO_NOT_DISTURB = "do-not-disturb"
"The reason of Diversion when a busy extension only does not want to be disturbed."

TIME_OF_DAY = "time-of-day"
"The reason of Diversion where the calendar has sent a call on."

MOST_FORWARDED = 10
"Calls that one extension forwards at a time and nobody has answered; more come round in a circle."

UNREACHABLE = frozenset((408, 430, 503))
"Responses that the core makes where a phone gives none."

DECLINED = 603
"The phone's button that refuses a call: its user is busy."


def rights_of_forwards(extension: Extension) -> Rights:
    """What numbers calls to an extension may be forwarded to."""
    settings = extension.settings
    outside = isinstance(settings, FeatureSettings) and settings.forward_outside
    return Rights(extension.number, outside)


def check_forward(plan: DialPlan, extension: Extension, number: str) -> None:
    """See whether calls to an extension may be forwarded to a number.

    Raises Unroutable: 403 when its rights do not reach that far, 404 when there is no such number,
    482 when the number is its own.
    """
    rights = rights_of_forwards(extension)
    found = plan.routing.explain(number, rights)
    if found.is_emergency:
        raise Unroutable(403, f"no call may be forwarded to {number}")
    if found.status == 403 and not rights.outside:
        sentence = f"{extension.number} has no forward_outside, so its calls do not go to {number}"
        raise Unroutable(403, sentence)
    if found.status:
        raise Unroutable(found.status, found.sentence)
    if found.extension == extension.number:
        raise Unroutable(482, f"{number} is the extension itself")


@dataclass(frozen=True, slots=True)
class Wishes:
    """Follows the features of extensions."""

    plan: DialPlan
    calls: Calls
    recent: RecentCalls
    callbacks: CallbackRequests

    def before(
        self, call: Call, extension: Extension, shown: Party, ring_time: float | None = None
    ) -> RingPlan | None:
        """How it is to be rung now; None for an extension that rings no phones.

        `shown` is who calls it. `ring_time` is in seconds, where it is not for the settings to say.
        Raises Forwarded, and NotReached when it is not to be rung.
        """
        number = self.plan.leads_to(extension)
        if number is not None:
            raise Forwarded(number, Rights(extension.number), reason=TIME_OF_DAY)
        ring_plan = extension.ring_plan
        if ring_plan is not None and ring_time is not None:
            ring_plan = replace(ring_plan, ring_time=ring_time)
        if ring_plan is None or not extension.kind.registers:
            return ring_plan
        caller = Caller(shown.shown_number, shown.name, shown.is_private)
        self.recent.has_called(extension.number, caller)
        features = self.plan.features_of(extension)
        if (target := self._target(call, extension, features, Condition.ALWAYS)) is not None:
            if call.callee.answers_itself:
                raise NotReached(refused_here(480, "its calls are forwarded"))
            raise target
        if features.do_not_disturb:
            raise NotReached(refused_here(486, DO_NOT_DISTURB, outcome=Outcome.REJECTED, cause=17))
        if features.max_calls and self.calls_of(extension.number, call) >= features.max_calls:
            raise NotReached(refused_here(486, "as many calls as it takes"))
        goes_on = features.forward_no_answer.target or (
            ring_plan.ring_time is None and self._voicemail(extension) is not None
        )
        if goes_on:
            after = min(features.forward_after, ring_time or features.forward_after)
            return replace(ring_plan, ring_time=after)
        return ring_plan

    def after(
        self, call: Call, extension: Extension | None, ending: Ending, *, mailbox: bool = True
    ) -> Forwarded | None:
        """Where the call goes on after nobody has answered; None when it ends.

        `mailbox` says whether that of the extension may take it.
        """
        if extension is None or not extension.kind.registers or call.callee.answers_itself:
            return None  # what is spoken to a phone is not for its mailbox, or another phone
        features, conditions = self.plan.features_of(extension), _conditions(ending)
        if Condition.BUSY in conditions and call.caller.extension:
            self.recent.was_busy(call.caller.extension, extension.number)
        for condition in conditions:
            if (target := self._target(call, extension, features, condition, ending)) is not None:
                return target
        if not conditions or not mailbox:
            return None
        return self._mailbox(call, extension, conditions[0], ending)

    def _mailbox(
        self, call: Call, extension: Extension, condition: Condition, ending: Ending
    ) -> Forwarded | None:
        """The voicemail, for an extension with a mailbox; whoever takes the call knows whose."""
        voicemail = self._voicemail(extension)
        if voicemail is None:
            return None
        reason = _reason(condition, ending)
        return _forward(call, extension, voicemail.number, INSIDE, reason)

    def _voicemail(self, extension: Extension) -> Extension | None:
        """The voicemail, for an extension with a mailbox."""
        return None if extension.mailbox is None else self.plan.voicemail

    def calls_of(self, number: str, besides: Call | None = None) -> int:
        """How many calls an extension has, those that ring it included."""
        return sum(each is not besides and _is_at(each, number) for each in self.calls)

    def _comes_round(self, call: Call, extension: Extension) -> bool:
        """Whether a call that this extension has forwarded outside has come back by a trunk.

        A trunk may name the way that the call has come; of one that does not, so many calls at a
        time that nobody answers are a circle.
        """
        if call.caller.trunk and call.invite is not None and self._names(call.invite, extension):
            return True
        forwarded = sum(
            each is not call
            and each.state in RINGS
            and any(_user_of(way.uri) == extension.number for way in each.callee.diversions)
            for each in self.calls
        )
        return forwarded >= MOST_FORWARDED

    def _names(self, invite: Request, extension: Extension) -> bool:
        """Whether an INVITE says that the extension has forwarded it."""
        try:
            ways = given_diversions(invite)
        except MessageError:
            return False
        return any(
            isinstance(way.uri, SipUri)
            and _user_of(way.uri) == extension.number
            and self.plan.routing.is_ours(way.uri.host)
            for way in ways
        )

    def _target(
        self,
        call: Call,
        extension: Extension,
        features: Features,
        condition: Condition,
        ending: Ending | None = None,
    ) -> Forwarded | None:
        """Where calls go under a condition; the one to whom they go reaches the extension."""
        number = features.forward(condition).target
        if not number or number == call.caller.extension:
            return None
        if self._comes_round(call, extension):
            raise NotReached(refused_here(482, "forwarded in a circle"))
        rights = rights_of_forwards(extension)
        if self.plan.routing.is_emergency(number, rights):
            rights = INSIDE  # which leads to no emergency call
        return _forward(call, extension, number, rights, _reason(condition, ending))


def _reason(condition: Condition, ending: Ending | None) -> tuple[int, str]:
    """The cause of History-Info, and the reason of Diversion."""
    status, reason = TOLD[condition]
    disturbs = ending is not None and ending.detail == DO_NOT_DISTURB
    return status, DO_NOT_DISTURB if disturbs else reason


def _forward(
    call: Call, extension: Extension, number: str, rights: Rights, why: tuple[int, str]
) -> Forwarded:
    status, reason = why
    log.info("forwarded", call=call.id, by=extension.number, to=number, reason=reason)
    return Forwarded(number, rights, status=status, reason=reason)


def _conditions(ending: Ending) -> tuple[Condition, ...]:
    """What an ending means for an extension: the condition, or several, the best first."""
    if ending.outcome is Outcome.BUSY or ending.detail == DO_NOT_DISTURB:
        return (Condition.BUSY,)
    if ending.callee_status == DECLINED:
        return (Condition.BUSY,)
    if ending.outcome is Outcome.NOT_REGISTERED or ending.callee_status in UNREACHABLE:
        return (Condition.NOT_REGISTERED, Condition.NO_ANSWER)
    return (Condition.NO_ANSWER,) if ending.outcome is Outcome.NO_ANSWER else ()


def _user_of(uri: Uri) -> str:
    return (uri.user or "") if isinstance(uri, SipUri) else ""


def _is_at(call: Call, number: str) -> bool:
    if call.state in RINGS and call.callee.leg is None and call.callee.number == number:
        return True
    return any(party.extension == number for party in call.parties)
