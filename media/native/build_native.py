"""Compiles the native parts into one extension module, `softswitch_fast` (cffi, API mode)."""

from pathlib import Path

from cffi import FFI

SOURCES = Path(__file__).parent / "src"
PARTS = ("srtp", "sockets")


def declarations(part: str) -> str:
    """Return what a header declares, without its lines for the preprocessor."""
    lines = (SOURCES / f"{part}.h").read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))


ffibuilder = FFI()
ffibuilder.cdef("\n".join(map(declarations, PARTS)))
ffibuilder.set_source(
    "softswitch_fast",
    "\n".join(f'#include "{part}.h"' for part in PARTS),
    sources=[f"src/{part}.c" for part in PARTS],
    include_dirs=["src"],
    libraries=["crypto"],
    extra_compile_args=["-O3", "-Wall", "-Wextra"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)
