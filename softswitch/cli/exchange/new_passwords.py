"""What to type into a phone that was added without a password: the switch has made a random one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from softswitch.cli.asking.entrance import passwords_of, read_plainly
from softswitch.settings.dialplan.patterns import numbers_between

SHOWN = 5
"Phones of a block whose passwords are printed."


def new_passwords(entry: Mapping[str, Any], config: Path) -> Iterator[str]:
    """Lines with the random passwords of an entry of `/v1`; none where it has or needs none.

    They are in a file beside the switch, which another machine does not have.
    """
    body = entry["entry"]
    table = "http" if "username" in body else "phones" if body.get("type") == "phone" else ""
    if not table or "password" in entry.get("secrets", ()):
        return
    file = passwords_of(read_plainly(config))
    try:
        known = json.loads(file.read_bytes()).get(table, {})
    except (OSError, ValueError, AttributeError):
        return
    names = list(islice(_names(body), SHOWN + 1))
    for name in names[:SHOWN]:
        if name in known:
            yield f"  user {name}   password {known[name]}"
    more = "all random passwords are" if len(names) > SHOWN else "random passwords are kept"
    yield f"  ({more} in {file}, beside the switch)"
    if table == "phones":
        yield f"  softswitch provision url {names[0]}   # from where the phone configures itself"


def _names(body: Mapping[str, Any]) -> Iterator[str]:
    if "range" not in body:
        yield str(body.get("number") or body.get("username"))
        return
    first, _, last = body["range"].partition("-")
    yield from numbers_between(first, last)
