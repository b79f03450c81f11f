"""Gives commands of `/api` in the name of a user of `/v1`, and tells what refuses them.

What a command does, whom it reaches and who may give it is said once, in `commands/`; here JSON
becomes its parameters, and its code the status of an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.parameters import shape_of
from softswitch.commands.base.placement import Contexts
from softswitch.commands.base.replies import Reply
from softswitch.commands.base.rights import require_right
from softswitch.guard.rights import User, Whose
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed
from softswitch.ozml.interpreter import Script
from softswitch.ozml.script_context import ScriptContext

STATUSES: Mapping[Code, int] = {
    Code.PARSE_ERROR: 400,
    Code.INVALID_PARAMETER: 400,
    Code.API_EXTENSION_UNAVAILABLE: 400,
    Code.FORBIDDEN_USER: 403,
    Code.CALL_NOT_FOUND: 404,
    Code.INAPPROPRIATE_COMMAND: 409,
    Code.CALL_CONNECT_FAILED: 409,
    Code.DATABASE_AWAY: 503,
}
"The status for each code of a command about a call."

ContextFor = Callable[[Whose], ScriptContext]
"What the commands of a user act through."


class GivenCommand(NamedTuple):
    """A command that a body asks for."""

    command: Command
    words: Mapping[str, str] = MappingProxyType({})
    "By name of a parameter: the field of the body."


class UserCommands:
    """Gives commands as `/api` does."""

    def __init__(self, context_for: ContextFor, users: Users) -> None:
        self._context_for = context_for
        self._users = users

    async def give(self, user: User, given: GivenCommand) -> Reply:
        """What the command answers, with its warnings. Raises NotServed."""
        try:
            context = self._context_for(partial(self._users.as_now, user))
            require_right(type(given.command), context.user)
            script = Script(context, origin=Contexts.HTTP, call=None, user=user.name)
            reply = await given.command.run(script) or Reply()
        except CommandError as error:
            raise _refusal(error, given.words) from None
        return Reply(reply.fields, reply.listing, tuple(script.skipped))


def command_of(
    kind: type[Command], body: msgspec.Struct, names: Mapping[str, str] | None = None, **fixed: str
) -> GivenCommand:
    """The command whose parameters are the fields of a body, and `fixed` fields of its own.

    `names` has the command's fields where the body calls them otherwise. Raises NotServed, whose
    sentence names the field of the body.
    """
    fields = {each.field: each.name for each in shape_of(kind).parameters}
    values, words = {}, {}
    for name in body.__struct_fields__:
        value = getattr(body, name)
        parameter = fields.get((names or {}).get(name, name))
        if value is None or parameter is None:
            continue
        values[parameter] = _text(value)
        words[parameter] = name.rstrip("_")
    values |= {fields[name]: text for name, text in fixed.items()}
    try:
        return GivenCommand(kind.parse(values).based_on("", values), words)
    except CommandError as error:
        raise _refusal(error, words) from None


def _text(value: object) -> str:
    """A value of JSON as parameters are written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _refusal(error: CommandError, words: Mapping[str, str]) -> NotServed:
    """What is answered when a command is refused; `words` are the names of its parameters here."""
    status = STATUSES.get(error.code, 400)
    if error.code is not Code.INVALID_PARAMETER:
        return NotServed(status, error.message)
    parameter, command, *_ = (*error.values, "", "")
    sentence = error.detail.removeprefix(f"{command}: ") or error.message
    word = words.get(parameter)
    if word is None:
        return NotServed(status, sentence)
    if parameter in sentence:
        return NotServed(status, sentence.replace(parameter, word, 1))
    return NotServed(status, f"{word}: {sentence}")
