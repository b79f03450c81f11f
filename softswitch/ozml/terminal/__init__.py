"""Scripts without a telephone: `softswitch script` checks one, or runs it in the terminal.

- `terminal.py`: checks a document, or runs it on a clock that skips waiting.
- `simulation.py`: the caller and the switch that the script meets.
"""
