"""Wide-band legs in the real worker process, alone and beside narrow-band ones."""

from __future__ import annotations
