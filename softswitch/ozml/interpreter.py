"""Runs OzML on a call: commands in document order, straight-line, ended by cancellation.

API reference, section 5. Every script has limits; a command that cannot be done is reported and the
next one runs; a document that cannot be read or fetched ends the script.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

import structlog

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.context import ControlledCall, ControlledParty, RouteOrder, Sound
from softswitch.commands.base.elements import Block, Node
from softswitch.commands.base.placement import Contexts, Needs
from softswitch.commands.base.reading import CommandMistake
from softswitch.commands.base.rights import require_right
from softswitch.commands.base.script_flow import BackToMenu, ScriptEnds, ScriptLeaves, ScriptMoves
from softswitch.commands.base.values import Parties
from softswitch.commands.orders.answer import AnswerOrder
from softswitch.commands.orders.hold import AwaitResumeOrder
from softswitch.guard.fetcher import Cookies
from softswitch.ozml.check import Mistake, command_of
from softswitch.ozml.document import XmlElement
from softswitch.ozml.leaving import Leaving
from softswitch.ozml.limits import ScriptLimits, ScriptStopped, ScriptUsage
from softswitch.ozml.loading import checked, read_nested, refuse_mistakes
from softswitch.ozml.notifications import Document, ScriptUnavailable
from softswitch.ozml.script_context import ScriptContext
from softswitch.ozml.variables import VariableError, Variables
from softswitch.trace.lines import Fact, LineKind
from softswitch.trace.masking import masked_text, masked_values

log = structlog.get_logger("script")


PATIENCE = 16
"Commands after which a script lets others do something, even when none of them waits."

LAST_COMMAND = "the last command is done"

SCRIPT_FLOW = (
    ScriptEnds,
    ScriptLeaves,
    ScriptMoves,
    BackToMenu,
    ScriptStopped,
    ScriptUnavailable,
)
"The exceptions that end or move a script; any other exception of a command is a bug."


AtStep = Callable[[str, int, str], AbstractContextManager[None]]
"""Told where a script is while a command of it runs: where the document came from, the line, and
the command as it stands there."""


class Script:
    """One call's script while it runs: the context of its commands."""

    def __init__(
        self,
        context: ScriptContext,
        *,
        origin: Contexts,
        call: ControlledCall | None,
        extension: str | None = None,
        user: str = "",
        start: Mapping[str, str] | None = None,
        variables: Variables | None = None,
        cookies: Cookies | None = None,
        error_url: str | None = None,
        limits: ScriptLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        unknown: Callable[[str], None] | None = None,
        leaving: Leaving | None = None,
        waits: bool = True,
        at_step: AtStep | None = None,
    ) -> None:
        """`start` are the first variables, where no script before it has left `variables`.

        `error_url` hears of errors in place of the application that the settings name; `unknown` is
        told the names of variables that nothing has set, instead of the log. `leaving` may ask the
        script to end. A script that `waits` stops before a command for the caller while the call is
        on hold.
        """
        self._context = context
        self.origin = origin
        self.extension = extension
        self.user = user
        self.switch = context.switch
        self.variables = variables if variables is not None else Variables(start)
        self._usage = ScriptUsage(limits or ScriptLimits(), clock)
        self._unknown = unknown
        self._waits = waits
        self._sounding: set[asyncio.Future[None]] = set()
        "What parties are played that this script has let go on."
        self.menu_depth = 0
        self.cookies = cookies or Cookies()
        self.error_url = error_url
        self.routed: RouteOrder | None = None
        self.skipped: list[str] = []
        "What its commands, and the documents in them, were done without: a sentence each."
        self._call = call
        self._addressed = call
        "The call that the last command was about."
        self._base = ""
        self._leaving = leaving or Leaving()
        self._at_step = at_step or _nowhere
        self.ending = ""
        "Why it has come to an end: the command that ended it, or that the last one is done."

    async def run_document(self, document: Document) -> bool:
        """Run a script, and the scripts that `GoTo` fetches, to the end.

        Returns whether the call goes on without it: it was transferred or forwarded. Raises
        ScriptUnavailable when one cannot be fetched or read, ScriptStopped at a limit.
        """
        return await self._to_the_end(self._commands_of(document))

    async def run_block(self, block: Block) -> bool:
        """Run commands that are no document of their own; as `run_document` does."""
        refuse_mistakes(block, self.origin, "script", self._context.severity)
        return await self._to_the_end(self.run(block))

    async def _to_the_end(self, work: Awaitable[None]) -> bool:
        """Wait for commands, and for the scripts that they go on with; as `run_document` does."""
        while True:
            try:
                await work
            except (ScriptEnds, BackToMenu) as end:
                self.ending = str(end) or LAST_COMMAND
                return False
            except ScriptLeaves as end:
                self.ending = str(end)
                return True
            except ScriptMoves as move:
                work = self._commands_of(await self._moved(move.url))
            else:
                self.ending = LAST_COMMAND
                return False

    async def _commands_of(self, document: Document) -> None:
        self._base = document.url
        await self.run(checked(document, self.origin, self._context.severity))

    async def _moved(self, target: str) -> Document:
        self._usage.move()
        document = await self._context.applications.notify(
            target, "GoTo", self._call.fields() if self._call else {}, self.cookies
        )
        return document or Document(XmlElement("Response", {}, "", (), 1, 1), target)

    async def run(self, block: Block) -> None:
        """Run commands one after the other; one that cannot be done is reported."""
        with self._usage.block():
            for node in block:
                self._usage.step()
                if self._usage.steps % PATIENCE == 0:
                    await asyncio.sleep(0)
                try:
                    with self._at_step(self._base, node.line, node.name):
                        await self._perform(node)
                except CommandError as error:
                    await self._failed(error, node.line)
                except SCRIPT_FLOW:
                    raise
                except Exception as error:
                    log.exception("command broke", call=self._call_id, line=node.line)
                    raise ScriptStopped(f"{node.name[:40]} failed: internal error") from error

    async def _failed(self, error: CommandError, line: int | None = None) -> None:
        """Report a command that could not be done."""
        log.info("command failed", call=self._call_id, line=line, error=error.message)
        about: dict[str, Fact] = {"error": error.message, "line": line}
        self._context.traces.write(self._call_id, LineKind.SCRIPT, "command failed", about)
        self._usage.fail()
        fields = self._call.fields() if self._call is not None else {}
        await self._context.report(error, fields, self.error_url)

    @property
    def _call_id(self) -> str:
        return self._call.id if self._call else ""

    async def _perform(self, node: Node) -> None:
        command_class = command_of(node, self.origin)
        require_right(command_class, self._context.user)
        written = node.attributes
        values = {name: self.replace(value) for name, value in written.items()}
        text = self.replace(node.text)
        self._write_step(node, values, text)
        emptied = {n.lower() for n, value in values.items() if written[n] and not value}
        if node.text and not text.strip():
            emptied.add("")
        command = command_class.parse(
            values,
            text=text,
            inside=tuple(node.children),
            emptied=frozenset(emptied),
            skipped=_is_told,
        ).based_on(self._base, written)
        with self._leaving.command(lasts=command_class.lasts):
            await self._run_command(command)

    def _write_step(self, node: Node, values: Mapping[str, str], text: str) -> None:
        """Write a command with its values into the trace of the call."""
        traces = self._context.traces
        if traces.is_enabled and self._call is not None:
            shown = masked_values({name: value for name, value in values.items() if value})
            told: dict[str, Fact] = {"text": masked_text(text.strip()), **shown, "line": node.line}
            traces.write(self._call.id, LineKind.SCRIPT, node.name, told)

    async def _run_command(self, command: Command) -> None:
        if command.needs is Needs.ANSWERED_CALL and self.origin is Contexts.SCRIPT:
            await self.call().perform(AnswerOrder())
            if self._waits:
                await self.call().perform(AwaitResumeOrder())
        try:
            await command.run(self)
        except VariableError as error:
            raise CommandError(
                Code.INVALID_PARAMETER, "ID", command.name(), detail=str(error)
            ) from None

    def replace(self, text: str) -> str:
        """The text with the variables of the script in it."""
        try:
            return self.variables.replace(text, self._unknown or self._log_unknown)
        except VariableError as error:
            raise CommandError(Code.PARSE_ERROR, text[:40], detail=str(error)) from None

    def _log_unknown(self, name: str) -> None:
        log.info("unknown variable", call=self._call_id, name=name)

    def call(self, call_id: str | None = None) -> ControlledCall:
        """The call of that id, or the one that the script is about."""
        if self._call is not None and (call_id is None or self.origin is Contexts.SCRIPT):
            self._addressed = self._call
            return self._call
        self._addressed = found = self._context.find_call(call_id or "")
        return found

    def parties(
        self, call_id: str | None, side: Parties, command: str
    ) -> Sequence[ControlledParty]:
        """The parties that a command is for; in a script of an extension always the other party."""
        if self.origin is Contexts.SCRIPT:
            return self.call().parties(Parties.ALL, command)
        return self.call(call_id).parties(side, command)

    async def sound(self, source: str) -> Sound:
        """Find an audio file or fetch a URL."""
        return await self._context.find_sound(source, self._base)

    async def perform(self, *work: Awaitable[None], endless: bool = False) -> None:
        """Wait for the work in an extension's script; for third parties let it go on."""
        if self.origin is Contexts.SCRIPT:
            await asyncio.gather(*work)
        elif work:
            going_on = asyncio.ensure_future(_together(*work))
            if not endless:
                self._sounding.add(going_on)
            self.afterwards(going_on)

    async def heard_out(self) -> None:
        """Wait until the parties have heard what this script has let go on."""
        if self._sounding:
            await asyncio.wait(self._sounding)

    def afterwards(self, work: Awaitable[None]) -> None:
        """Let work go on although the script, or its call, has ended; errors are reported."""
        self._context.start(self._reported(work, self._addressed))

    async def _reported(self, work: Awaitable[None], call: ControlledCall | None) -> None:
        """Wait for work about a call, and report its errors."""
        about = self if call is self._call else self._about(call)
        try:
            await self._to_the_end(work)
        except CommandError as error:
            await about._failed(error)
        except (ScriptUnavailable, ScriptStopped) as error:
            await about._failed(CommandError(Code.PARSE_ERROR, "script", detail=str(error)))

    @contextmanager
    def menu(self) -> Iterator[None]:
        """While it lasts, `menu_depth` is one more."""
        self.menu_depth += 1
        try:
            yield
        finally:
            self.menu_depth -= 1

    async def warn(self, error: CommandError) -> None:
        """Tell that a command is done in another way than it was asked to."""
        call = self._addressed
        log.warning("done otherwise", call=call.id if call else "", error=error.message)
        self.skipped.append(error.detail)
        fields = {**(call.fields() if call is not None else {}), "Severity": "warning"}
        await self._context.report(error, fields, self.error_url)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._context.sleep(seconds)

    def route(self, order: RouteOrder) -> None:
        """Take the answer to RoutingInterception."""
        self.routed = order

    def _hear(self, name: str, mistakes: Sequence[Mistake]) -> None:
        self.skipped += map(str, mistakes)
        self._context.severity.skipped(name, mistakes)

    def read_document(self, source: str) -> XmlElement:
        """The root of an OzML document whose commands may stand in a script."""
        return read_nested(source, replace(self._context.severity, skipped=self._hear))

    async def notify(
        self,
        url: str | None,
        name: str,
        fields: Mapping[str, str],
        *,
        call: ControlledCall | None = None,
        needed: bool = False,
    ) -> None:
        """Tell an application, and run the OzML of its answer in place.

        `call` is the one it is about, where that is not the script's own; `needed` makes an answer
        that cannot be had the end of the script.
        """
        if url is None:
            return
        about = call or self._call
        form = {**(about.fields() if about else {}), **fields}
        try:
            document = await self._context.applications.notify(url, name, form, self.cookies)
            if document is None:
                return
            if self.origin is Contexts.HTTP:
                await self._about(about).run_document(document)
                return
            block = checked(document, self.origin, self._context.severity)
        except ScriptUnavailable as error:
            if needed:
                raise
            raise CommandError(Code.PARSE_ERROR, name, detail=str(error)) from None
        base, self._base = self._base, document.url
        try:
            await self.run(block)
        finally:
            self._base = base

    def _about(self, call: ControlledCall | None) -> Script:
        """The script of an answer to something that an HTTP command began."""
        return Script(
            self._context,
            origin=Contexts.THIRD_PARTY,
            call=call,
            user=self.user,
            limits=self._usage.limits,
            clock=self._usage.clock,
        )


def _nowhere(_source: str, _line: int, _command: str) -> AbstractContextManager[None]:
    """Tell nobody where a script is: it controls no call."""
    return nullcontext()


def _is_told(_mistake: CommandMistake) -> None:
    """Nothing: the check of the document has told of what a command runs without."""


async def _together(*work: Awaitable[None]) -> None:
    """Wait for all; the first error is raised at once, later ones are dropped."""
    await asyncio.gather(*work)
