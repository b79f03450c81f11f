"""What a command raises to end its script, or to send it elsewhere."""

from __future__ import annotations


class ScriptEnds(Exception):
    """`Exit`: no later command of the script runs; `str` says for the log why."""


class ScriptMoves(Exception):
    """`GoTo`: the script goes on with the document at this URL, and does not come back."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class ScriptLeaves(Exception):
    """The call goes on without the script: `str` names the command that sent it elsewhere."""


class BackToMenu(Exception):
    """The back key of a nested menu: the menu around it begins again."""
