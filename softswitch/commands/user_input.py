"""Ask for keys, and run the branch whose key matches.

<UserInput Timeout="8" Repeat="true">
    <InitialCommands><Speak>Sales, press 1. Support, press 2.</Speak></InitialCommands>
    <Inputs><Input Key="1"><BlindTransfer>201</BlindTransfer></Input></Inputs>
</UserInput>
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context, ControlledParty
from softswitch.commands.base.elements import Block, Part, attribute_of, elements_named
from softswitch.commands.base.parameters import children, parameter
from softswitch.commands.base.placement import SCRIPT, Needs
from softswitch.commands.base.script_flow import BackToMenu
from softswitch.commands.base.values import Keys, Parties, Seconds, Url, VariableName, whole
from softswitch.commands.orders.hold import PassTimeOrder
from softswitch.guard.rights import Right
from softswitch.trace.masking import is_secret_name

Count = Annotated[int, whole(1, 64)]


SHORTEST_ROUND = 1.0
"Seconds that a menu which repeats waits at least: it must not spin."


class NoKeys(Exception):
    """The caller pressed nothing, or too little, in time."""


class BackPressed(Exception):
    """The caller pressed the back key."""


@dataclass(frozen=True, kw_only=True)
class UserInput(Command):
    """Run commands while listening for keys; the first key stops their sound.

    The digits are matched as a whole against the keys of `Inputs`; after a branch the script goes
    on after the menu. Digits that match nothing go to ForwardToURL, or count as no input.
    """

    contexts = SCRIPT
    right = Right.OPERATE_OWN
    needs = Needs.ANSWERED_CALL
    lasts = True
    parts = (
        Part("InitialCommands"),
        Part("Inputs", parts=(Part("Input", required={"Key": "keys"}),)),
    )

    repeat: bool = parameter(default=False, example="true")
    "Begin again when no key was pressed in time."
    timeout: Seconds = parameter(default=0.0, example="10")
    "How long to wait for the first key once the initial commands have ended."
    digits: Count | None = parameter(default=None, example="1")
    "Exact number of digits; 1 by default."
    min_digits: Count | None = parameter(default=None, example="1")
    "Least number of digits."
    max_digits: Count | None = parameter(default=None, example="4")
    "Greatest number of digits; the input ends there."
    back_key: Keys | None = parameter(default=None, example="*")
    "Goes back to the menu around a nested menu, else on after this menu."
    forward_to_url: Url | None = parameter(
        default=None,
        name="ForwardToURL",
        aliases=("enteredUrl",),
        example="http://app.example/digits",
    )
    "Gets DtmfEntered when the digits match no key; its answer runs."
    inter_digit_timeout: Seconds = parameter(default=4.0, example="4")
    "Longest pause between digits."
    finish_key: Keys | None = parameter(default=None, example="#")
    "Ends the input; it is not one of the digits."
    id: VariableName = parameter(default="digits", name="ID", example="digits")
    "The variable that gets the digits."
    inside: Block = children()
    "`<InitialCommands>` and `<Inputs>` with `<Input Key=…>` elements."

    def limits(self) -> tuple[int, int]:
        """The least and the greatest number of digits. Raises CommandError 302."""
        if self.digits is not None:
            return self.digits, self.digits
        low = self.min_digits or min(1, self.max_digits or 1)
        high = self.max_digits or max(low, 1)
        if low > high:
            raise CommandError(
                Code.INVALID_PARAMETER,
                "MinDigits",
                self.name(),
                detail=f"UserInput: MinDigits {low} is more than MaxDigits {high}",
            )
        return low, high

    def branches(self) -> dict[str, Block]:
        """The commands of each `Input`, by its key."""
        return {
            attribute_of(branch, "Key").upper(): tuple(branch.children)
            for inputs in elements_named(self.inside, "Inputs")
            for branch in elements_named(inputs.children, "Input")
        }

    async def run(self, context: Context) -> None:
        party = context.parties(None, Parties.ALL, self.name())[0]
        branches, limits = self.branches(), self.limits()
        if context.menu_depth == 0:
            party.forget_keys()
        while True:
            try:
                digits = await self._asked(context, party, limits)
            except BackPressed:
                if context.menu_depth:
                    raise BackToMenu from None
                return
            except NoKeys:
                if not self.repeat:
                    return
                continue
            context.variables.set(self.id, digits)
            try:
                understood = await self._use(context, branches, digits)
            except BackToMenu:
                continue
            if understood or not self.repeat:
                return

    async def _use(self, context: Context, branches: dict[str, Block], digits: str) -> bool:
        """Run what belongs to the digits; False when nothing does."""
        if digits in branches:
            with context.menu():
                await context.run(branches[digits])
            return True
        if self.forward_to_url is not None:
            await context.notify(
                self.forward_to_url, "DtmfEntered", {"DtmfDigits": digits}, needed=True
            )
            return True
        return False

    async def _asked(
        self, context: Context, party: ControlledParty, limits: tuple[int, int]
    ) -> str:
        """The digits, of which no trace tells where the name of their variable says so."""
        if not is_secret_name(self.id):
            return await self._ask(context, party, limits)
        with party.privately():
            digits = await self._ask(context, party, limits)
        party.hide(digits)
        return digits

    async def _ask(self, context: Context, party: ControlledParty, limits: tuple[int, int]) -> str:
        """The digits. Raises NoKeys or BackPressed."""
        low, high = limits
        digits = self._taken(await self._first_key(context, party))
        while len(digits) < high:
            key = await _key_within(context, party, self.inter_digit_timeout)
            if not key:
                break
            if self.finish_key and key in self.finish_key:
                break
            digits += self._taken(key)
        if len(digits) < low:
            raise NoKeys
        return digits

    def _taken(self, key: str) -> str:
        if self.back_key and key in self.back_key:
            raise BackPressed
        return "" if self.finish_key and key in self.finish_key else key

    async def _first_key(self, context: Context, party: ControlledParty) -> str:
        """Run the initial commands until a key is pressed, then wait for one."""
        key = asyncio.ensure_future(party.key())
        prompt = asyncio.ensure_future(self._prompt(context))
        try:
            await asyncio.wait({key, prompt}, return_when=asyncio.FIRST_COMPLETED)
            if not key.done():
                await prompt
                shortest = SHORTEST_ROUND if self.repeat else 0.0
                await _within(context, key, max(self.timeout, shortest))
            elif not prompt.done():
                party.stop_sound()
            if not key.done():
                raise NoKeys
            return key.result()
        finally:
            for task in (prompt, key):
                task.cancel()
            await asyncio.gather(prompt, key, return_exceptions=True)

    async def _prompt(self, context: Context) -> None:
        for part in elements_named(self.inside, "InitialCommands"):
            await context.run(tuple(part.children))


async def _key_within(context: Context, party: ControlledParty, seconds: float) -> str:
    """The next key; empty when none comes in time."""
    key = asyncio.ensure_future(party.key())
    try:
        await _within(context, key, seconds)
        return key.result() if key.done() else ""
    finally:
        key.cancel()
        await asyncio.gather(key, return_exceptions=True)


async def _within(context: Context, key: asyncio.Future[str], seconds: float) -> None:
    """Wait for a key, or until so much time has passed in which nobody held the call."""
    passing = context.call().perform(PassTimeOrder(seconds))
    patience: asyncio.Future[None] = asyncio.ensure_future(passing)
    either: set[asyncio.Future[object]] = {key, patience}  # type: ignore[arg-type]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        patience.cancel()
        await asyncio.gather(patience, return_exceptions=True)
