"""Reads NOTIFYs about lists as a phone does: by a MIME parser, and by the table of RFC 4662 5.6."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser
from xml.etree import ElementTree

RLMI = "{urn:ietf:params:xml:ns:rlmi}"
INFO = "{urn:ietf:params:xml:ns:dialog-info}"


def parts_of(content_type: str, body: bytes) -> dict[str, Message]:
    """The parts by their Content-ID, the root first, which is under an empty text, too."""
    head = f"Content-Type: {content_type}\r\n\r\n"
    message = BytesParser().parsebytes(head.encode() + body)
    assert message.get_content_type() == "multipart/related"
    assert message.get_param("type") == "application/rlmi+xml"
    parts = message.get_payload()
    assert isinstance(parts, list)
    found = {str(part["Content-ID"]): part for part in parts if isinstance(part, Message)}
    assert len(found) == len(parts), "every part has an id of its own"
    root = found[str(message.get_param("start"))]
    assert root is parts[0]
    assert root.get_content_type() == "application/rlmi+xml"
    return {"": root, **found}


def octets(part: Message) -> bytes:
    """The document of a part."""
    found = part.get_payload(decode=True)
    assert isinstance(found, bytes)
    return found


class Table:
    """What a subscriber knows of a list (section 5.6)."""

    def __init__(self) -> None:
        self.version = -1
        self.fulls: list[bool] = []
        "Of each NOTIFY, whether it told everything."
        self.named: list[list[str]] = []
        "The extensions that each NOTIFY named."
        self.rows: dict[str, str] = {}
        "What each extension does, or why that is not known."
        self.names: dict[str, str] = {}
        self.versions: dict[str, int] = {}

    def take(self, content_type: str, body: bytes) -> None:
        """Take a NOTIFY; AssertionError where it breaks a rule."""
        parts = parts_of(content_type, body)
        root = ElementTree.fromstring(octets(parts[""]))
        assert root.tag == f"{RLMI}list"
        version, full = int(root.attrib["version"]), root.attrib["fullState"] == "true"
        assert version == self.version + 1, "every NOTIFY counts one further"
        assert full or version > 0, "the first one tells everything"
        self.version = version
        self.fulls.append(full)
        self.named.append([])
        if full:
            self.rows.clear()
        used = {str(parts[""]["Content-ID"])}
        for resource in root.findall(f"{RLMI}resource"):
            number = resource.attrib["uri"].removeprefix("sip:").partition("@")[0]
            self.named[-1].append(number)
            self.names[number] = resource.findtext(f"{RLMI}name") or ""
            instances = resource.findall(f"{RLMI}instance")
            assert len(instances) <= 1, "nothing is forked"
            self.rows[number] = "unknown"
            for instance in instances:
                assert instance.attrib["id"]
                self.rows[number] = instance.attrib["state"]
                if instance.attrib["state"] == "terminated":
                    self.rows[number] = instance.attrib["reason"]
                else:
                    cid = f"<{instance.attrib['cid']}>"
                    used.add(cid)
                    self.rows[number] = self._state(number, parts[cid])
        assert used == set(parts) - {""}, "every part is named"

    def _state(self, number: str, part: Message) -> str:
        assert part.get_content_type() == "application/dialog-info+xml"
        info = ElementTree.fromstring(octets(part))
        assert info.get("state") == "full"
        assert (info.get("entity") or "").startswith(f"sip:{number}@")
        version = int(info.attrib["version"])
        assert version == self.versions.get(number, -1) + 1, "and every document of an extension"
        self.versions[number] = version
        states = [dialog.findtext(f"{INFO}state") or "" for dialog in info]
        return " ".join(states) or "idle"
