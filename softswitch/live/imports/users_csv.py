"""Reads a table of users: a header of column names, then one phone a line.

The names are those of the settings (number, name, password), or those that FreePBX and 3CX export.
"""

from __future__ import annotations

import csv
import io

from softswitch.live.imports.imported import Imported, ImportedEntry, ImportedPlace
from softswitch.settings.extensions.phone import PhoneExtension

NAMES = {
    "extension": "number",
    "ext": "number",
    "user": "number",
    "username": "number",
    "display_name": "name",
    "displayname": "name",
    "full_name": "name",
    "secret": "password",
    "sip_secret": "password",
    "authpassword": "password",
    "devicesecret": "password",
}
"Columns of other switches, and the keys that they are here; cases and spaces do not count."
PARTS_OF_NAMES = ("firstname", "first_name", "lastname", "last_name")
KEYS = (*PhoneExtension.model_fields, "type")
LISTS = ("identities", "digest", "members", "rights")
"Keys whose values are lists, separated by spaces or semicolons."
NUMBER = "number"


def read_users_csv(text: str) -> Imported:
    """The phones of a table; separated by commas, semicolons or tabs, as its header is."""
    found = Imported()
    header = text.lstrip("\ufeff").split("\n", 1)[0]
    separator = max(",;\t", key=header.count)
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=separator, strict=True)
    columns: list[tuple[str, str]] = []
    line = 1
    try:
        for row in rows:
            if not columns:
                columns = [(_column(each, line, found), each.strip()[:60]) for each in row]
                if not any(key in (NUMBER, "range") for key, _ in columns):
                    found.mistakes.append((1, "expected a column number, or extension"))
                    break
            elif any(cell.strip() for cell in row):
                _read(row, columns, line, found)
            line = rows.line_num + 1
    except csv.Error as error:
        found.mistakes.append((rows.line_num, f"expected a table: {error}"))
    return found


def _column(text: str, line: int, found: Imported) -> str:
    """The key that a column is for; empty for a column that has no counterpart."""
    name = text.strip().lower().replace(" ", "_")
    key = NAMES.get(name, name)
    if key in KEYS or name in PARTS_OF_NAMES:
        return key
    if name:
        found.leave_out(line, f"column {text.strip()[:60]}")
    return ""


def _read(row: list[str], columns: list[tuple[str, str]], line: int, found: Imported) -> None:
    if len(row) > len(columns):
        found.mistakes.append((line, f"expected {len(columns)} columns, not {len(row)}"))
        return
    cells = [
        (key, called, cell.strip())
        for (key, called), cell in zip(columns, row, strict=False)
        if cell.strip()
    ]
    body: dict[str, object] = {}
    places = {key: ImportedPlace(line, f"column {called}") for key, called, _ in cells}
    parts = " ".join(cell for key, _, cell in cells if key in PARTS_OF_NAMES)
    for key, _, cell in cells:
        if key and key not in PARTS_OF_NAMES:
            body[key] = cell.replace(";", " ").split() if key in LISTS else cell
    if parts:
        body.setdefault("name", parts)
    if NUMBER not in body and "range" not in body:
        called = next(called for key, called in columns if key in (NUMBER, "range"))
        found.mistakes.append((line, f"column {called}: expected a number"))
        return
    found.entries.append(ImportedEntry("extensions", {"type": "phone", **body}, line, places))
