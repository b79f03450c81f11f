"""Scripts without a telephone: `softswitch script` checks one, or runs it in the terminal.

- `terminal.py`: checks a document, or runs it for a caller who types.
- `rehearsal.py`: runs a document as far as given keys lead, for an editor.
- `course.py`: runs a script against the simulated caller.
- `simulation.py`: the caller and the switch that the script meets.
- `skipping.py`: the clock that skips waiting.
"""
