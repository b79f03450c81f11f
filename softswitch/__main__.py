"""`python -m softswitch` is the same as the command `softswitch`."""

from __future__ import annotations

from softswitch.cli.main import main

if __name__ == "__main__":
    main()
