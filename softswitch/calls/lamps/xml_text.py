"""Text that may stand in a document of XML, whoever has chosen it."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"What no document may hold, not even escaped (XML 1.0 section 2.2)."
_QUOTES = {'"': "&quot;", "\n": " ", "\r": " ", "\t": " "}
_PLAIN = re.compile(r"[A-Za-z0-9 :;@.,_*#+/-]*")
"What stands for itself, as nearly all numbers and names do."


def xml_text(text: str) -> str:
    """Write text that stands between tags or in double quotes."""
    if _PLAIN.fullmatch(text) is not None:
        return text
    return escape(_FORBIDDEN.sub("", text), _QUOTES)
