"""Scripts that are written while the switch runs: kept in a folder, with all of their versions.

- `kept_scripts.py`: the folder (`storage.scripts`).
- `guide.py`: the examples of the documentation, for whoever begins.
"""
