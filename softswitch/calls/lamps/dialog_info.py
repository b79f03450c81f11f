"""The document of the package `dialog`: application/dialog-info+xml (RFC 4235 section 4).

Every document is full. A dialog has the view of the phone that is watched: its own tag is the
local one, ours the remote one; so an INVITE with Replaces by these tags finds the dialog here.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from softswitch.calls.lamps.package import EventDocument
from softswitch.calls.lamps.xml_text import xml_text
from softswitch.sip.message.uri import sip_uri

CONTENT_TYPE = "application/dialog-info+xml"
REMEMBERED = 4096
"URIs that are kept as they are written: each change of a lamp writes one or two of them."
_HEAD = b"""<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version=\""""


class DialogState(StrEnum):
    """The states of section 3.7.1 that are told."""

    TRYING = "trying"
    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class WatchedDialog(NamedTuple):
    """One dialog of a phone, as its watchers see it."""

    id: str
    state: DialogState
    is_initiator: bool
    "Whether the phone has called; otherwise it is called."
    call_id: str = ""
    "Empty where the switch itself serves the number."
    local_tag: str = ""
    remote_tag: str = ""
    remote: tuple[str, str] | None = None
    "Number and name of the other party; None where they are not shown."
    is_held: bool = False
    "Whether the phone holds the call."


def dialog_info(number: str, domain: str, dialogs: Iterable[WatchedDialog]) -> EventDocument:
    """Write the document of an extension."""
    entity = _uri(number, domain)
    said = [_dialog(dialog, entity, domain) for dialog in dialogs]
    tail = f'" state="full" entity="{entity}">{"".join(said)}</dialog-info>\n'
    return EventDocument(_HEAD, tail.encode())


@lru_cache(maxsize=REMEMBERED)
def _uri(number: str, domain: str) -> str:
    """The URI of a number, as XML."""
    return xml_text(str(sip_uri(number, domain)))


def _dialog(dialog: WatchedDialog, entity: str, domain: str) -> str:
    direction = "initiator" if dialog.is_initiator else "recipient"
    ends = ""
    if dialog.state is not DialogState.TERMINATED:
        ends = _local(entity, is_held=dialog.is_held) + _remote(dialog.remote, domain)
    return (
        f'<dialog id="{xml_text(dialog.id)}"{_told("call-id", dialog.call_id)}'
        f"{_told('local-tag', dialog.local_tag)}{_told('remote-tag', dialog.remote_tag)}"
        f' direction="{direction}"><state>{dialog.state.value}</state>{ends}</dialog>'
    )


def _told(name: str, value: str) -> str:
    """An attribute, where there is something to tell."""
    return f' {name}="{xml_text(value)}"' if value else ""


def _local(entity: str, *, is_held: bool) -> str:
    held = '<param pname="+sip.rendering" pvalue="no"/>' if is_held else ""
    target = f'<target uri="{entity}">{held}</target>' if held else f'<target uri="{entity}"/>'
    return f"<local><identity>{entity}</identity>{target}</local>"


def _remote(remote: tuple[str, str] | None, domain: str) -> str:
    if remote is None:
        return ""
    number, name = remote
    uri = _uri(number, domain)
    display = f' display="{xml_text(name)}"' if name else ""
    return f'<remote><identity{display}>{uri}</identity><target uri="{uri}"/></remote>'
