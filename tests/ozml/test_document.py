"""Reading OzML documents: what is a tree, and where the first mistake stands."""

from __future__ import annotations

import contextlib
import gc
from xml.parsers import expat

import pytest

from softswitch.ozml.document import (
    SENTENCES,
    DocumentError,
    DocumentLimits,
    XmlElement,
    commands_of,
    parse_document,
)


def test_a_tree_with_places() -> None:
    root = parse_document(
        b'<?xml version="1.0"?>\n<Response>\n  <Speak a="1">Hi</Speak>\n</Response>'
    )
    assert root == XmlElement(
        "Response", {}, "", (XmlElement("Speak", {"a": "1"}, "Hi", (), 3, 3),), 2, 1
    )


@pytest.mark.parametrize("name", ["Response", "response", "OzML", "ozml"])
def test_accepted_roots(name: str) -> None:
    root = parse_document(f"<{name}><Beep/></{name}>".encode())
    assert [command.name for command in commands_of(root)] == ["Beep"]


def test_request_as_root_is_a_command_itself() -> None:
    root = parse_document(b'<Request DialedAddress="101"><OnError/></Request>')
    assert commands_of(root) == (root,)


@pytest.mark.parametrize(
    ("source", "line", "column", "sentence"),
    [
        (b"", 1, 1, "there is no element, expected <Response>"),
        (b"<!-- a -->", 1, 11, "there is no element, expected <Response>"),
        (
            b"<Response>\n<Beep>\n</Response>",
            3,
            3,
            "<Beep> of line 2, column 1 is not closed, expected </Beep>",
        ),
        (
            b"<Response>\n <Beep/>",
            2,
            9,
            "<Response> of line 1, column 1 is not closed, expected </Response>",
        ),
        (b"<Response>Tom & Jerry</Response>", 1, 16, "& stands as text, expected &amp;"),
        (b"<Response u='http://a/?b=1&c=2'/>", 1, 29, "& stands as text, expected &amp;"),
        (b"<Response>1 < 2</Response>", 1, 14, "< stands as text, expected &lt;"),
        (
            b"<Response>&nbsp;</Response>",
            1,
            11,
            "an entity that XML does not have, expected &amp; ",
        ),
        (b"<!DOCTYPE x><Response/>", 1, 12, "not allowed"),
        (
            b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Response>&b;</Response>',
            1,
            13,
            "not allowed",
        ),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><Response/>', 1, 40, "not allowed"),
        (b"<html><body/></html>", 1, 1, "the root is <html>"),
        (b"<Response a='1' a='2'/>", 1, 17, "an attribute is there twice, expected it once"),
        (
            b"<Response>\xff</Response>",
            1,
            11,
            "a character that cannot stand here, expected text or a tag",
        ),
        (b"<Response/><Response/>", 1, 12, "more follows the root element, expected the end"),
        (b"<Response/></Response>", 1, 13, "a character that cannot stand here, "),
        (b"<Response", 1, 1, "a tag, comment or reference without its end"),
        (b"<Response>\xc3", 1, 11, "half a character, expected UTF-8"),
        (b"<Response>&#0;</Response>", 1, 11, "the number of no character, expected one such"),
        (b"<Response><?xml version='1.0'?></Response>", 1, 11, "<?xml stands in the middle"),
        (b"<Response><![CDATA[a</Response>", 1, 32, "a CDATA section without its end"),
        (b"Hello", 1, 1, "this is no XML, expected <Response>"),
        (b"<?xml vers='1.0'?><Response/>", 1, 7, "a declaration of no XML, expected <?xml"),
    ],
)
def test_the_error_names_line_and_column(
    source: bytes, line: int, column: int, sentence: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_document(source)
    assert sentence in caught.value.sentence
    assert (caught.value.line, caught.value.column) == (line, column)


def test_no_sentence_is_one_of_the_parser() -> None:
    assert not set(SENTENCES.values()) & set(expat.errors.messages.values())
    assert set(SENTENCES) <= set(expat.errors.messages)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (b"<Response>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</Response>", "nested deeper"),
        (b"<Response>" + b"<a/>" * 100_000 + b"</Response>", "more than 10000 elements"),
        (b"<Response>" + b"x" * 1_000_000 + b"</Response>", "larger than"),
        (b"<Response " + b" ".join(b"a%d=''" % i for i in range(65)) + b"/>", "attributes"),
    ],
)
def test_bounds(source: bytes, sentence: str) -> None:
    with pytest.raises(DocumentError, match=sentence):
        parse_document(source)


def test_limits_are_the_settings() -> None:
    with pytest.raises(DocumentError, match="deeper than 2"):
        parse_document(b"<Response><a><b/></a></Response>", limits=DocumentLimits(depth=2))


def test_the_character_set_of_the_answer_wins() -> None:
    source = (
        '<?xml version="1.0" encoding="utf-8"?><Response><Speak>Gr\u00fc\u00df</Speak></Response>'
    )
    root = parse_document(source.encode("iso-8859-1"), charset="iso-8859-1")
    assert root.children[0].text == "Gr\u00fc\u00df"
    assert parse_document(b"<Response/>", charset="klingon").name == "Response"
    with pytest.raises(DocumentError, match="cannot be read as 'klingon'"):
        parse_document(b"<Response>\xff</Response>", charset="klingon")


GREETING = "<Response>\n<Speak>Gr\u00fc\u00df</Speak></Response>"
UTF_16_DECLARED = f'<?xml version="1.0" encoding="utf-16"?>{GREETING}'
LATIN_1_DECLARED = f"<?xml version='1.0' encoding='iso-8859-1'?>{GREETING}"


@pytest.mark.parametrize(
    ("source", "charset"),
    [
        (GREETING.encode(), None),
        (b"\xef\xbb\xbf" + GREETING.encode(), None),
        (b"\r\n\n  \xef\xbb\xbf\n" + UTF_16_DECLARED.encode(), None),
        (UTF_16_DECLARED.encode(), "utf-8"),
        (UTF_16_DECLARED.encode(), "utf-16"),
        (GREETING.encode(), "utf-16"),
        (UTF_16_DECLARED.encode("utf-16"), None),
        (UTF_16_DECLARED.encode("utf-16-le"), "utf-8"),
        (b"\n" + UTF_16_DECLARED.encode("utf-16"), "iso-8859-1"),
        (b"\xfe\xff" + UTF_16_DECLARED.encode("utf-16-be"), "utf-16"),
        (LATIN_1_DECLARED.encode("iso-8859-1"), None),
        (LATIN_1_DECLARED.encode("iso-8859-1"), "utf-8"),
        (LATIN_1_DECLARED.encode("iso-8859-1"), "punycode"),
        (GREETING.encode("windows-1252"), "windows-1252"),
        (GREETING.replace("\u00df", "\u3042").encode("shift_jis", "ignore"), "shift_jis"),
    ],
)
def test_the_octets_win_over_what_is_said_of_them(source: bytes, charset: str | None) -> None:
    root = parse_document(source, charset=charset)
    assert root.children[0].text.startswith("Gr")
    if charset != "shift_jis":
        assert root.children[0].text == "Gr\u00fc\u00df"


def test_blank_lines_before_the_declaration_count_as_lines() -> None:
    root = parse_document(b"\n\r\n<?xml version='1.0'?>\n<Response>\n<Beep/></Response>")
    assert [root.line, root.children[0].line] == [4, 5]
    with pytest.raises(DocumentError) as caught:
        parse_document(b"\n\n<?xml version='1.0'?>\n<Response>\n<Beep></Response>")
    assert caught.value.line == 5


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (b"\n<!DOCTYPE html><html><head><title>404\n Not found</title>", "titled '404 Not found'"),
        (b"<html><body/></html>", "the root is <html>, expected <Response>: this is an HTML page"),
        (b"<br />\n<b>Warning</b>: Undefined variable <Response/>", "this is an HTML page"),
    ],
)
def test_a_page_for_browsers_is_named(source: bytes, sentence: str) -> None:
    with pytest.raises(DocumentError, match=sentence):
        parse_document(source)


@pytest.mark.parametrize("inside", [b"<Beep/>", b"<Beep>"])
@pytest.mark.usefixtures("no_collector")
def test_a_document_that_was_read_leaves_no_cycle_behind(inside: bytes) -> None:
    with contextlib.suppress(DocumentError):
        parse_document(b"<Response>" + inside + b"</Response>")
    assert gc.collect() == 0
