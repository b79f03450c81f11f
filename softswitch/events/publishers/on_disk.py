"""Events of what is kept on disk, written in the transaction of the change itself.

Whoever was told that a message, a registration, an alarm or a setting is kept finds its event, also
after `kill -9`; and no event tells of what is not kept.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from softswitch.events.event import moment
from softswitch.events.event_journal import News
from softswitch.settings.values import join_host_port
from softswitch.store import alarms, bindings, messages
from softswitch.store.bindings import BindingRow
from softswitch.store.database.changes import Change, ChangeKind
from softswitch.store.database.given import Row
from softswitch.store.exchange import agents, choices, settings_entries, voicemails
from softswitch.store.exchange.voicemails import Voicemail
from softswitch.store.messages import TextMessage

REMEMBERED = 20_000
"Messages of which the addresses are remembered, for the events of their later changes."
LONGEST_TEXT = 2_000
"Characters of a message in its event; `/v1/messages` has all of it."

OURS = ("", "sip")
"Connections whose addresses are extensions."

Found = Iterator[News]


class KeptChanges:
    """Says which events changes on disk are; `derive` is for `EventJournal.deriving`."""

    def __init__(
        self,
        bound: Iterable[BindingRow] = (),
        known: Iterable[TextMessage] = (),
        left: Iterable[Voicemail] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`bound` are the contacts on disk, `known` the latest messages, the newest last.

        `left` are the messages in mailboxes.
        """
        self._clock = clock
        self._mailboxes = {each.id: each.mailbox for each in left}
        self._contacts = {row.id: _contact(msgspec.structs.asdict(row)) for row in bound}
        self._messages: OrderedDict[str, MessageAbout] = OrderedDict()
        for message in known:
            self._remember(message.id, _about(msgspec.structs.asdict(message)))
        self._by_kind: Mapping[ChangeKind, Callable[[Row], Found]] = {
            bindings.SAVE: self._bound,
            bindings.DROP: self._unbound,
            messages.INSERT: self._message,
            messages.ADVANCE: self._progress,
            alarms.REPORT: self._alarm,
            alarms.ACKNOWLEDGE: self._acknowledged,
            settings_entries.SAVE: self._entry,
            settings_entries.DROP: self._no_entry,
            choices.SAVE: self._choice,
            choices.DROP: self._choice,
            agents.SAVE_LOGIN: self._login,
            agents.DROP_LOGIN: self._logout,
            agents.SAVE_PAUSE: self._pause,
            agents.DROP_PAUSE: self._no_pause,
            voicemails.SAVE_MESSAGE: self._voicemail,
            voicemails.DROP_MESSAGE: self._no_voicemail,
        }

    def derive(self, changes: Sequence[Change]) -> Iterable[News]:
        """The events of what is about to be written."""
        for change in changes:
            found = self._by_kind.get(change.kind)
            if found is not None:
                yield from found(change.row)

    def _news(self, kind: str, subject: str, data: Mapping[str, object], *numbers: str) -> News:
        return News(kind, subject, data, "", numbers, self._clock())

    # -- contacts ----------------------------------------------------------------------------------

    def _bound(self, row: Row) -> Found:
        """A contact that is new, or elsewhere; a phone that only says that it is still there is
        no news."""
        contact, before = _contact(row), self._contacts.get(row["id"])
        self._contacts[row["id"]] = contact
        if contact != before:
            change = "registered" if before is None else "moved"
            yield self._contact_news(contact, change, expires_at=moment(row["expires_at"]))

    def _unbound(self, row: Row) -> Found:
        contact = self._contacts.pop(row["id"], None)
        if contact is not None:
            yield self._contact_news(contact, "gone")

    def _contact_news(self, contact: Contact, change: str, **more: str) -> News:
        data = {"change": change, **contact._asdict(), **more}
        return self._news("registration.changed", contact.number, data, contact.number)

    # -- messages ----------------------------------------------------------------------------------

    def _message(self, row: Row) -> Found:
        if row["kind"] == "receipt":
            return  # a report on its way, which is no message of anybody
        about = _about(row)
        self._remember(row["id"], about)
        kind = "message.received" if row["from_connection"] else "message.changed"
        data = {
            **about.data,
            "state": row["state"],
            "subject": row["subject"][:LONGEST_TEXT],
            "text": row["text"][:LONGEST_TEXT],
        }
        yield self._news(kind, row["id"], data, *about.numbers)

    def _progress(self, row: Row) -> Found:
        about = self._messages.get(row["message"])
        if row["new_state"] is None or about is None:
            return
        data = {**about.data, "state": row["new_state"], "error": row["new_error"] or ""}
        yield self._news("message.changed", row["message"], data, *about.numbers)

    def _remember(self, message_id: str, about: MessageAbout) -> None:
        self._messages[message_id] = about
        if len(self._messages) > REMEMBERED:
            self._messages.popitem(last=False)

    def _voicemail(self, row: Row) -> Found:
        number, is_new = row["mailbox"], row["id"] not in self._mailboxes
        self._mailboxes[row["id"]] = number
        names = ("id", "folder", "caller", "caller_name", "call_id", "seconds")
        change = "arrived" if is_new else "changed"
        data = {"number": number, "change": change, **{name: row[name] for name in names}}
        yield self._news("voicemail.changed", number, data, number)

    def _no_voicemail(self, row: Row) -> Found:
        number = self._mailboxes.pop(row["id"], "")
        data = {"number": number, "change": "removed", "id": row["id"]}
        yield self._news("voicemail.changed", number, data, number)

    # -- alarms, settings, agents ------------------------------------------------------------------

    def _alarm(self, row: Row) -> Found:
        data = {name: row[name] for name in row if name != "received_at"}
        yield self._news("alarm.received", row["id"], data)

    def _acknowledged(self, row: Row) -> Found:
        data = {"id": row["alarm"], "change": "acknowledged", "by": row["by"]}
        yield self._news("alarm.changed", row["alarm"], data)

    def _entry(self, row: Row) -> Found:
        change = "added" if row["version"] == 1 else "changed"
        names = ("kind", "name", "version")
        data = {**{name: row[name] for name in names}, "change": change, "by": row["changed_by"]}
        yield self._news("settings.changed", row["name"], data)

    def _no_entry(self, row: Row) -> Found:
        data = {"kind": row["kind"], "name": row["name"], "change": "removed"}
        yield self._news("settings.changed", row["name"], data)

    def _choice(self, row: Row) -> Found:
        """What somebody has chosen for an extension: do not disturb, forwarding, a calendar."""
        is_extension = row["of"] == "extension"
        data = {
            "kind": f"choices of {row['of']}",
            "name": row["name"],
            "change": "changed" if "value" in row else "removed",
            "by": row.get("changed_by", ""),
        }
        yield self._news("settings.changed", row["name"], data, row["name"] * is_extension)

    def _login(self, row: Row) -> Found:
        yield self._agent("logged in", row["agent"], row["queue"])

    def _logout(self, row: Row) -> Found:
        yield self._agent("logged out", row["agent"], row["queue"])

    def _pause(self, row: Row) -> Found:
        yield self._agent("paused", row["agent"], reason=row["reason"])

    def _no_pause(self, row: Row) -> Found:
        yield self._agent("resumed", row["agent"])

    def _agent(self, change: str, agent: str, queue: str = "", **more: str) -> News:
        data = {"number": queue, "change": change, "agent": agent, **more}
        return self._news("queue.changed", queue or agent, data, queue, agent)


class Contact(NamedTuple):
    """Where a phone is."""

    number: str
    contact: str
    transport: str
    source: str
    user_agent: str


def _contact(row: Row) -> Contact:
    source = join_host_port(row["remote_host"], row["remote_port"])
    return Contact(row["extension"], row["uri"], row["transport"], source, row["user_agent"])


class MessageAbout(NamedTuple):
    """What all events of a message tell."""

    data: Mapping[str, object]
    numbers: tuple[str, ...]


def _about(row: Row) -> MessageAbout:
    names = ("id", "kind", "from_connection", "from_address", "to_connection", "to_address")
    sides = (row["from_connection"], row["from_address"]), (row["to_connection"], row["to_address"])
    # What comes by a network may show any sender, also one that looks like an extension.
    ours = (address.partition("@")[0] for via, address in sides if via in OURS)
    data = {name: row[name] for name in names} | {"user": row["user"], "folder": row["folder"]}
    return MessageAbout(data, (row["extension"], *ours))
