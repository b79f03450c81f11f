"""The documents of RFC 4662: the list of section 5.1, the parts of section 6, hostile names."""

from __future__ import annotations

from xml.etree import ElementTree

from softswitch.calls.lamps.lists.rlmi import ListedResource, ListWriter
from tests.calls.lamps.lists.documents import RLMI, octets, parts_of

HOST = "vancouver.example.com"
LIST = f"sip:adam-friends@lists.{HOST}"
# user, name, document, reason
FRIENDS: list[tuple[str, str, bytes | None, str]] = [
    ("bob", "Bob Smith", b"<presence>bob</presence>", ""),
    ("dave", "Dave Jones", b"<presence>dave</presence>", ""),
    ("jim", "Jim", None, "rejected"),
    ("ed", "Ed", None, ""),
]
RESOURCES = [
    ListedResource(user, f"sip:{user}@{HOST}", name, document, reason)
    for user, name, document, reason in FRIENDS
]
WRITER = ListWriter(LIST, "application/pidf+xml", "50UBfW7LSCVLtggUPe5z")


def test_the_list_of_the_rfc() -> None:
    parts = parts_of(WRITER.content_type, WRITER.written(7, RESOURCES, is_full=True))
    root = ElementTree.fromstring(octets(parts[""]))
    assert root.tag == f"{RLMI}list"
    assert root.attrib == {"uri": LIST, "version": "7", "fullState": "true"}
    for (user, name, document, reason), resource in zip(FRIENDS, root, strict=True):
        assert resource.tag == f"{RLMI}resource"
        assert resource.attrib == {"uri": f"sip:{user}@{HOST}"}
        assert resource.findtext(f"{RLMI}name") == name
        instance = resource.find(f"{RLMI}instance")
        if document is None and not reason:
            assert instance is None, "nothing is known yet"
            continue
        assert instance is not None
        assert instance.attrib["id"]
        if reason:
            assert instance.attrib["state"] == "terminated"
            assert instance.attrib["reason"] == reason
            assert "cid" not in instance.attrib
        else:
            assert instance.attrib["state"] == "active"
            part = parts[f"<{instance.attrib['cid']}>"]
            assert part.get_content_type() == "application/pidf+xml"
            assert octets(part) == document
    assert len(parts) == 1 + 3


def test_a_partial_list() -> None:
    parts = parts_of(WRITER.content_type, WRITER.written(8, RESOURCES[:1], is_full=False))
    root = ElementTree.fromstring(octets(parts[""]))
    assert root.attrib["fullState"] == "false"
    assert [each.get("uri") for each in root] == [f"sip:bob@{HOST}"]
    assert len(parts) == 1 + 2


def test_the_content_type() -> None:
    """As section 6 has it; without spaces, since some phones look for it so."""
    assert WRITER.content_type == (
        'multipart/related;type="application/rlmi+xml";'
        'start="<50UBfW7LSCVLtggUPe5z@list>";boundary="50UBfW7LSCVLtggUPe5z"'
    )


def test_nobody_leaves_the_document() -> None:
    name = '"/><list>\r\n--50UBfW7LSCVLtggUPe5z--\r\n'
    hostile = ListedResource("*1#", f"sip:*1%23@{HOST}", name, b"<a/>")
    parts = parts_of(WRITER.content_type, WRITER.written(0, [hostile], is_full=True))
    root = ElementTree.fromstring(octets(parts[""]))
    assert len(root) == 1
    assert (root.findtext(f"{RLMI}resource/{RLMI}name") or "").split() == name.split()
    assert len(parts) == 1 + 2
