"""Writes the answers of the command API: in XML as the reference shows, JSON, HTML (section 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from softswitch.commands.base.codes import SENTENCES, Code
from softswitch.commands.base.replies import Listing, Reply

HTML_HEAD = '<!DOCTYPE html>\n<html><head><meta charset="utf-8">'
XML_HEAD = '<?xml version="1.0"?>\n'
NAMESPACES = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"Characters that XML 1.0 cannot hold (section 2.2)."


def xml_text(text: str) -> str:
    """Text as it stands between tags; what XML cannot hold becomes U+FFFD."""
    if text.isprintable() and not ("&" in text or "<" in text or ">" in text):
        return text  # nearly all of a long list
    return escape(_NOT_XML.sub("\ufffd", text))


def xml_reply(code: Code, message: str = "", reply: Reply | None = None) -> str:
    """`<Response>` with code, message and what the command adds."""
    lines = [
        f"{XML_HEAD}<Response {NAMESPACES}>",
        f"  <Code>{int(code)}</Code>",
        f"  <Message>{xml_text(message or SENTENCES[code])}</Message>",
    ]
    if reply is not None:
        lines += [f"  <{n}>{xml_text(v)}</{n}>" for n, v in reply.fields.items()]
        if reply.listing is not None:
            lines += _xml_listing(reply.listing)
        lines += [f"  <Warning>{xml_text(sentence)}</Warning>" for sentence in reply.warnings]
    lines.append("</Response>\n")
    return "\n".join(lines)


def _xml_listing(listing: Listing) -> Iterator[str]:
    if listing.total is not None:
        yield f"  <TotalRecords>{listing.total}</TotalRecords>"
    yield f"  <{listing.name}>"
    for row in listing.rows:
        if isinstance(row, str):
            yield f"    <{listing.row}>{xml_text(row)}</{listing.row}>"
            continue
        yield f"    <{listing.row}>"
        for name, value in row.items():
            yield f"      <{name}>{xml_text(value)}</{name}>"
        yield f"    </{listing.row}>"
    yield f"  </{listing.name}>"


def html_reply(
    code: Code, message: str = "", reply: Reply | None = None, continue_url: str = ""
) -> str:
    """The same as a page for people, with a link to go on."""
    answer = reply or Reply()
    fields = {"Code": str(int(code)), "Message": message or SENTENCES[code], **answer.fields}
    tables = [html_table([fields])]
    if answer.listing is not None:
        rows = answer.listing.rows
        tables.append(html_table([{"": row} if isinstance(row, str) else row for row in rows]))
    tables += [f"<p>{_html(sentence)}</p>" for sentence in answer.warnings]
    return html_page(message or SENTENCES[code], tables, continue_url)


def html_page(title: str, blocks: Iterable[str], continue_url: str) -> str:
    """A page of blocks in HTML, with a link to go on where the URL is one of the web."""
    link = ""
    if continue_url.startswith(("http://", "https://")):
        link = f'<p><a href="{_html(continue_url)}">Continue</a></p>\n'
    head = f"{HTML_HEAD}<title>{_html(title)}</title></head><body>"
    return "\n".join((head, *blocks, f"{link}</body></html>\n"))


def html_table(rows: Sequence[Mapping[str, str]]) -> str:
    """A table with a column for each field of any row."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["<tr>" + "".join(f"<th>{_html(name)}</th>" for name in names) + "</tr>"]
    for row in rows:
        cells = "".join(f"<td>{_html(row.get(name, ''))}</td>" for name in names)
        lines.append(f"<tr>{cells}</tr>")
    return "\n".join(("<table>", *lines, "</table>"))


def _html(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text), {'"': "&quot;", "'": "&#39;"})


def json_reply(code: Code, message: str = "", reply: Reply | None = None) -> str:
    """The same as an object; a list is an array of its rows."""
    answer: dict[str, object] = {"Code": int(code), "Message": message or SENTENCES[code]}
    if reply is not None:
        answer.update(reply.fields)
        if reply.listing is not None:
            if reply.listing.total is not None:
                answer["TotalRecords"] = reply.listing.total
            answer[reply.listing.name] = [
                dict(row) if isinstance(row, Mapping) else row for row in reply.listing.rows
            ]
        if reply.warnings:
            answer["Warnings"] = list(reply.warnings)
    return json.dumps(answer, ensure_ascii=False).encode(errors="replace").decode()
