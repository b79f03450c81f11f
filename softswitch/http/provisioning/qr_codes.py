"""A URL as a QR code (ISO/IEC 18004): as a picture, and in characters for a terminal."""

from __future__ import annotations

import io

import segno


def svg(url: str) -> bytes:
    """A picture in SVG, dark on white, with the margin that cameras need."""
    picture = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        picture, kind="svg", scale=6, light="white", xmldecl=True
    )
    return picture.getvalue()


def lines(url: str) -> list[str]:
    """Lines of half blocks for a terminal, two rows of the code in each."""
    rows = [list(row) for row in segno.make(url, error="m", micro=False).matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    # A dark module is a blank and a light one a block, for terminals with light letters on dark.
    shown = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    return [
        "".join(shown[above, below] for above, below in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
