"""The JSON Schemas of entries, of which pages make their forms: those of the settings."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from softswitch.http.v1.entries.collections import COLLECTIONS, Collection
from softswitch.live.kinds_of_entries import model_of_type

Schema = dict[str, Any]
_MODE: JsonSchemaMode = "validation"


def entry_schemas(ref_template: str) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The schema of each collection by its name, and the models that these refer to by theirs.

    `ref_template` is where the models will stand, with `{model}` for a name.
    """
    wanted = [(each.name, _MODE, _adapter(each)) for each in COLLECTIONS.values()]
    schemas, models = TypeAdapter.json_schemas(wanted, ref_template=ref_template)
    return {name: schema for (name, _), schema in schemas.items()}, models.get("$defs", {})


def _adapter(of: Collection) -> TypeAdapter[Any]:
    """What reads an entry of a collection; one type of extensions has a model of its own."""
    if not of.type:
        return of.kind.adapter
    return TypeAdapter(model_of_type(of.type))
