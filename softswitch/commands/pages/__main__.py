"""Writes the generated pages: `python -m softswitch.commands.pages docs`."""

from __future__ import annotations

import sys

from softswitch.commands.pages.files import write_files

write_files(sys.argv[1])
