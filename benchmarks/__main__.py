"""All figures of `docs/performance.md`, one benchmark after the other: `python -m benchmarks`.

Each is a program of its own with options; here it runs with its defaults. Give names to run only
those: `python -m benchmarks relay signalling`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ORDER = (
    "core",
    "registrar",
    "lamps",
    "signalling",
    "tls",
    "web_sockets",
    "commands",
    "changes",
    "reload",
    "relay",
    "secure_relay",
    "playing",
    "waiting",
    "handshakes",
    "stages",
)
"From the smallest part to the whole, then the media."
HERE = Path(__file__).parent


def main(wanted: list[str]) -> int:
    """Run the benchmarks; returns how many failed."""
    failed = 0
    for name in wanted or ORDER:
        program = HERE / f"{name}.py"
        if not program.exists():
            sys.exit(f"no benchmark {name!r}; there are {', '.join(ORDER)}")
        sys.stdout.write(f"\n== {name} {'=' * (70 - len(name))}\n")
        sys.stdout.flush()
        failed += subprocess.run([sys.executable, str(program)], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
