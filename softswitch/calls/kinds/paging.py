"""The numbers of paging; `paging/paging.py` serves them, since it begins calls."""

from __future__ import annotations

from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.settings.extensions.paging import PagingExtension

PAGING = ExtensionKind(name="paging", api_name="Paging", settings=PagingExtension)
