"""What a user needs to give a command, and what an application is kept to (API reference, 4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.guard.rights import NotAllowed, User


@contextmanager
def forbidding(what: str) -> Iterator[None]:
    """Answer 306 to who is not allowed to do something; `what` begins the sentence."""
    try:
        yield
    except NotAllowed as error:
        raise CommandError(Code.FORBIDDEN_USER, detail=f"{what}: {error}") from None


def require_right(command: type[Command], user: User) -> None:
    """See that a user may give a command at all. Raises CommandError 306."""
    with forbidding(command.name()):
        user.require(command.right)
