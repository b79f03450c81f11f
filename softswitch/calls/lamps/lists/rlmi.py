"""The body of a NOTIFY about a list: multipart/related with RLMI as its root (RFC 4662 section 5).

The parts stand beside each other as in RFC 2387: the root names each by its Content-ID.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from softswitch.calls.lamps.xml_text import xml_text

CONTENT_TYPE = "application/rlmi+xml"


class ListedResource(NamedTuple):
    """One extension of a list, as a NOTIFY tells of it, or only that it is there."""

    number: str
    uri: str
    name: str = ""
    document: bytes | None = None
    "Its state, where it is told now."
    reason: str = ""
    "Why it cannot be watched."


class ListWriter:
    """Writes the bodies of one subscription."""

    __slots__ = ("_mark", "_part_type", "_uri")

    def __init__(self, uri: str, part_type: str, mark: str) -> None:
        """`uri` is that of the list, `part_type` the type of its states.

        `mark` is a token at random: no text of a document can hold the lines that part them.
        """
        self._uri = uri
        self._part_type = part_type
        self._mark = mark

    @property
    def content_type(self) -> str:
        """Of all these bodies."""
        root = f'type="{CONTENT_TYPE}";start="<{self._mark}@list>"'
        return f'multipart/related;{root};boundary="{self._mark}"'

    def written(self, version: int, resources: Sequence[ListedResource], *, is_full: bool) -> bytes:
        """The body; `is_full` when `resources` are all that the list has."""
        root = self._root(version, resources, is_full)
        parts = [self._part(f"{self._mark}@list", CONTENT_TYPE, root)]
        for each in resources:
            if each.document is not None:
                parts.append(self._part(self._id(each.number), self._part_type, each.document))
        return b"%b--%b--\r\n" % (b"".join(parts), self._mark.encode())

    def _root(self, version: int, resources: Sequence[ListedResource], is_full: bool) -> bytes:
        full = "true" if is_full else "false"
        said = "".join(map(self._resource, resources))
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<list xmlns="urn:ietf:params:xml:ns:rlmi" uri="{xml_text(self._uri)}"'
            f' version="{version}" fullState="{full}">{said}</list>\n'
        ).encode()

    def _resource(self, resource: ListedResource) -> str:
        name = f"<name>{xml_text(resource.name)}</name>" if resource.name else ""
        instance = ""
        if resource.reason:
            instance = f'<instance id="1" state="terminated" reason="{resource.reason}"/>'
        elif resource.document is not None:
            cid = xml_text(self._id(resource.number))
            instance = f'<instance id="1" state="active" cid="{cid}"/>'
        return f'<resource uri="{xml_text(resource.uri)}">{name}{instance}</resource>'

    def _part(self, content_id: str, kind: str, document: bytes) -> bytes:
        head = (
            f"--{self._mark}\r\nContent-Transfer-Encoding: binary\r\n"
            f'Content-ID: <{content_id}>\r\nContent-Type: {kind};charset="UTF-8"\r\n\r\n'
        )
        return b"%b%b\r\n" % (head.encode(), document)

    def _id(self, number: str) -> str:
        """The Content-ID of the state of an extension."""
        return f"{number}@{self._mark}"
