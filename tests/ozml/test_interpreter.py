"""Scripts run on a simulated call, on virtual time: menus, variables, limits, errors, moves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from softswitch.commands.base.codes import CommandError
from softswitch.commands.base.placement import ROUTING, SCRIPT, THIRD_PARTY, Contexts
from softswitch.commands.orders.beep import BeepOrder
from softswitch.guard.fetcher import Cookies
from softswitch.ozml.check import mistakes_of
from softswitch.ozml.document import commands_of, parse_document
from softswitch.ozml.interpreter import Script
from softswitch.ozml.limits import ScriptLimits, ScriptStopped
from softswitch.ozml.loading import Severity, read_script
from softswitch.ozml.notifications import Document, ScriptUnavailable
from softswitch.ozml.script_context import ScriptContext
from softswitch.ozml.terminal.simulation import (
    SimulatedCall,
    SimulatedParty,
    SimulatedSwitch,
    sounds_below,
)
from tests.calls.virtual_time import run


class Pages:
    """Stands where applications stand: answers from a dict, and remembers what was sent."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        self.pages = pages
        self.sent: list[tuple[str, str, dict[str, str]]] = []

    async def notify(
        self, url: str, name: str, fields: Mapping[str, str], cookies: Cookies | None = None
    ) -> Document | None:
        self.sent.append((url, name, dict(fields)))
        if url not in self.pages:
            raise ScriptUnavailable(f"{url}: answered 404")
        source = self.pages[url]
        return Document(parse_document(source.encode()), url) if source else None


class Play:
    """One run: what was said, sent and reported, and when it ended."""

    def __init__(self, keys: list[tuple[float, str]], pages: Mapping[str, str]) -> None:
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.skipped: list[str] = []
        self.pages = Pages(pages)
        self.keys = keys
        self.ended_at = 0.0

    async def ask(self) -> str:
        if not self.keys:
            await asyncio.get_running_loop().create_future()
        at, key = self.keys[0]
        await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
        self.keys.pop(0)
        return key

    async def report(
        self, error: CommandError, _fields: Mapping[str, str], _url: str | None
    ) -> None:
        self.errors.append(error.message)


def play(
    source: str,
    *,
    keys: list[tuple[float, str]] | None = None,
    pages: Mapping[str, str] | None = None,
    origin: Contexts = SCRIPT,
    limits: ScriptLimits | None = None,
    files: Path = Path("/nonexistent"),
    sounds: list[str] | None = None,
    strict: bool = False,
) -> Play:
    result = Play(keys or [], pages or {})

    async def story() -> None:
        loop = asyncio.get_running_loop()
        party = SimulatedParty(result.lines.append, result.ask, sounds)
        call = SimulatedCall(party)
        context = ScriptContext(
            switch=SimulatedSwitch(result.lines.append),
            applications=result.pages,  # type: ignore[arg-type]
            find_call=lambda _id: call,
            find_sound=sounds_below(files),
            report=result.report,
            start=asyncio.ensure_future,
            severity=Severity(strict, lambda _name, found: result.skipped.extend(map(str, found))),
        )
        script = Script(
            context,
            origin=origin,
            call=call,
            extension="9000",
            start={"callid": "simulated", "callerid": "1000", "dialed": "9000"},
            limits=limits,
            clock=loop.time,
        )
        try:
            await script.run_document(read_script(source.encode(), url="http://app.example/s"))
        finally:
            result.ended_at = loop.time()

    run(story())
    return result


def said(result: Play) -> list[str]:
    return [line for line in result.lines if not line.startswith("·")]


def test_a_script_knows_the_url_of_its_recording() -> None:
    result = play("<Response><Record/><Speak>$RecordURL</Speak></Response>")
    assert said(result)[-1] == "“/recording.mp3”"


def test_commands_run_in_order_and_the_first_sound_answers() -> None:
    result = play("<Response><Delay>2</Delay><Speak>one</Speak><Beep/></Response>")
    assert result.lines == ["· answered", "“one”", "beep 1000 Hz, 300 ms"]
    assert result.ended_at == pytest.approx(2)


def test_variables_arrays_and_loops() -> None:
    result = play(
        """<Response>
        <Var id="greeting">Good morning $callerid</Var>
        <Array id="floors"><item>ground of $dialed</item><item>roof</item></Array>
        <Speak>$greeting</Speak>
        <ForEach source="floors"><Speak Language="en-us">Stop at $item</Speak></ForEach>
        <Speak>$item</Speak>
        </Response>"""
    )
    assert said(result) == [
        "“Good morning 1000”",
        "“Stop at ground of 9000” [en-us]",
        "“Stop at roof” [en-us]",
        "“$item”",
    ]


MENU = """<Response>
  <UserInput Timeout="8" {more}>
    <InitialCommands><Speak>menu</Speak></InitialCommands>
    <Inputs>
      <Input Key="1"><Speak>one</Speak></Input>
      <Input Key="12"><Speak>twelve</Speak></Input>
      <Input Key="2"><UserInput Timeout="5" BackKey="*">
         <InitialCommands><Speak>inner</Speak></InitialCommands>
         <Inputs><Input Key="3"><Speak>three</Speak></Input></Inputs>
      </UserInput></Input>
    </Inputs>
  </UserInput>
  <Speak>behind $digits</Speak>
</Response>"""


@pytest.mark.parametrize(
    ("more", "keys", "heard", "seconds"),
    [
        ("", [(3, "1")], ["menu", "one", "behind 1"], 3),
        ("", [], ["menu", "behind $digits"], 8),
        ("", [(7.9, "1")], ["menu", "one", "behind 1"], 7.9),
        ("", [(1, "9")], ["menu", "behind 9"], 1),
        ('Repeat="true"', [(9, "1")], ["menu", "menu", "one", "behind 1"], 9),
        ('Repeat="true"', [(1, "9"), (2, "1")], ["menu", "menu", "one", "behind 1"], 2),
        ('BackKey="*"', [(1, "*")], ["menu", "behind $digits"], 1),
        ("", [(1, "2"), (2, "3")], ["menu", "inner", "three", "behind 3"], 2),
        ("", [(1, "23")], ["menu", "inner", "three", "behind 3"], 1),
        ("", [(1, "2"), (2, "*"), (3, "1")], ["menu", "inner", "menu", "one", "behind 1"], 3),
        ("", [(1, "2")], ["menu", "inner", "behind 2"], 6),
        ('MaxDigits="3"', [(1, "1"), (2, "2")], ["menu", "twelve", "behind 12"], 6),
        ('MaxDigits="2"', [(1, "1"), (2, "2")], ["menu", "twelve", "behind 12"], 2),
        ('MaxDigits="3"', [(1, "1"), (7, "2")], ["menu", "one", "behind 1"], 5),
        ('MaxDigits="3" FinishKey="#"', [(1, "1"), (2, "#")], ["menu", "one", "behind 1"], 2),
        ('MinDigits="2" MaxDigits="3"', [(1, "1")], ["menu", "behind $digits"], 5),
        ('Digits="2" InterDigitTimeout="1"', [(1, "12")], ["menu", "twelve", "behind 12"], 1),
        ('ID="choice"', [(1, "1")], ["menu", "one", "behind $digits"], 1),
    ],
)
def test_user_input(
    more: str, keys: list[tuple[float, str]], heard: list[str], seconds: float
) -> None:
    result = play(MENU.format(more=more), keys=list(keys))
    assert said(result) == [f"“{text}”" for text in heard]
    assert result.ended_at == pytest.approx(seconds, abs=0.1)


DETECT = """<Response><Detect For="answer,silence" Seconds="3" {more}>
    <OnHuman><Speak>human</Speak></OnHuman>
    <OnMachine><Detect For="tones" Timeout="30"><OnBeep><Speak>beep</Speak></OnBeep></Detect>
    </OnMachine><onnothing><Speak>nothing</Speak></onnothing></Detect>
    <Speak>behind $heard.</Speak></Response>"""


@pytest.mark.parametrize(
    ("more", "sounds", "heard", "seconds"),
    [
        ("", ["human"], ["human", "behind human."], 0),
        ("", ["silence"], ["behind silence."], 3),
        ("", ["machine", "beep"], ["beep", "behind beep."], 0),
        ("", ["machine", ""], ["behind ."], 30),
        ("", ["busy"], ["nothing", "behind ."], 10),
        ("", [], ["nothing", "behind ."], 10),
        ("", None, ["human", "behind human."], 0),
        ('Timeout="0"', ["silence"], ["nothing", "behind ."], 0),
        ('Timeout="86400"', [], ["nothing", "behind ."], 86_400),
        ('ID="who"', ["unknown"], ["behind $heard."], 0),
    ],
)
def test_detect(more: str, sounds: list[str] | None, heard: list[str], seconds: float) -> None:
    limits = ScriptLimits(seconds=100_000)
    result = play(DETECT.format(more=more), sounds=sounds, limits=limits)
    assert said(result) == [f"“{text}”" for text in heard]
    assert result.ended_at == pytest.approx(seconds, abs=0.1)
    assert result.errors == []


def test_detect_for_third_parties_waits_and_branches() -> None:
    result = play(
        "<Response><Detect For='answer' Party='callee'><OnMachine><Hangup/></OnMachine></Detect>"
        "<Speak>never</Speak></Response>",
        origin=THIRD_PARTY,
        sounds=["machine"],
    )
    assert result.lines == ["· hears machine", "· hung up"]


def test_a_key_ends_a_detect_among_the_initial_commands() -> None:
    result = play(
        """<Response><UserInput Timeout="8">
        <InitialCommands><Detect For="tones" Timeout="60"/><Speak>a</Speak></InitialCommands>
        <Inputs><Input Key="5"><Speak>five</Speak></Input></Inputs>
        </UserInput></Response>""",
        keys=[(10, "5")],
    )
    assert said(result) == ["“five”"]
    assert result.ended_at == pytest.approx(10, abs=0.1)


def test_a_key_interrupts_the_prompt() -> None:
    result = play(
        """<Response><UserInput Timeout="8"><InitialCommands>
        <Speak>a</Speak><Delay>60</Delay><Speak>b</Speak></InitialCommands>
        <Inputs><Input Key="5"><Speak>five</Speak></Input></Inputs></UserInput></Response>""",
        keys=[(10, "5")],
    )
    assert said(result) == ["“a”", "“five”"]
    assert result.ended_at == pytest.approx(10, abs=0.1)


def test_unmatched_digits_go_to_the_application_and_its_answer_runs() -> None:
    result = play(
        """<Response><UserInput Digits="4" Timeout="5" ForwardToURL="/pin?x=1"/>
        <Speak>behind</Speak></Response>""",
        keys=[(1, "1234")],
        pages={"http://app.example/pin?x=1": "<Response><Speak>welcome</Speak></Response>"},
    )
    assert said(result) == ["“welcome”", "“behind”"]
    url, name, fields = result.pages.sent[0]
    assert (url, name) == ("http://app.example/pin?x=1", "DtmfEntered")
    assert fields["DtmfDigits"] == "1234"
    assert fields["CallId"] == "simulated"


def test_go_to_is_relative_keeps_variables_and_does_not_return() -> None:
    result = play(
        "<Response><Var id='a'>1</Var><GoTo>menu/two</GoTo><Speak>never</Speak></Response>",
        pages={
            "http://app.example/menu/two": "<Response><GoTo Url='three'/></Response>",
            "http://app.example/menu/three": "<Response><Speak>$a</Speak></Response>",
        },
    )
    assert said(result) == ["“1”"]
    assert [name for _, name, _ in result.pages.sent] == ["GoTo", "GoTo"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("<Response><Sing/></Response>", "line 1, column 11: <Sing> is not a command"),
        ("<Response><Say>Hi</Say></Response>", "<Say> is not a command, did you mean <Speak>?"),
        ("<Response><Dial>1</Dial></Response>", "did you mean <CallSetup>?"),
        ("<Response><Gather/></Response>", "did you mean <UserInput>?"),
        ("<Response><Route Destination='1'/></Response>", "Command 'Route' cannot be used here"),
        ("<Response><Delay>soon</Delay></Response>", "Delay: Seconds cannot be 'soon'"),
        ("<Response><Beep/><Reject/></Response>", "Reject counts only as the first command"),
        (
            "<Response><UserInput><Inputs><Input Key='1'><Nop/></Input></Inputs></UserInput>"
            "</Response>",
            "<Nop> is not a command",
        ),
        ("<Response><UserInput><Input/></UserInput></Response>", "expected <InitialCommands>"),
        ("<Response><UserInput MinDigits='x$y' Digitz='1'/></Response>", "did you mean 'Digits'"),
        ("<Response><ForEach><Beep/></ForEach></Response>", "ForEach: Source is missing"),
        ("<Response><Array ID='a'><items/></Array></Response>", "expected <item>"),
        ("<Response><Request><OnFire/></Request></Response>", "<OnFire> is not known here"),
        (
            "<Response><Detect/></Response>",
            "Detect: For is missing, expected one or more of answer",
        ),
        ("<Response><Detect For='answer,'/></Response>", "Detect: For cannot be 'answer,'"),
        ("<Response><Detect For='voices'/></Response>", "Detect: For cannot be 'voices'"),
        ("<Response><Detect For='tones' Timeout='86401'/></Response>", "Timeout cannot be '86401'"),
        ("<Response><Detect For='tones' Timeout='-1'/></Response>", "Timeout cannot be '-1'"),
        ("<Response><Detect For='tones' Tiemout='1'/></Response>", "did you mean 'Timeout'"),
        ("<Response><Detect For='tones'><OnRain/></Detect></Response>", "<OnRain> is not known"),
        (
            "<Response><Detect For='tones'><OnBeep><Nop/></OnBeep></Detect></Response>",
            "<Nop> is not a command",
        ),
    ],
)
def test_a_document_with_a_mistake_does_not_begin(source: str, sentence: str) -> None:
    with pytest.raises(ScriptUnavailable) as caught:
        play(source, strict=True)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("command", "lines", "skipped"),
    [
        ("<Speak Tune='low'>hi</Speak>", ["“hi”"], "Speak: unknown parameter 'Tune', expected one"),
        ("<Speak> </Speak>", [], "Speak: Text is blank"),
        ("<Speak Text=' '/>", [], "Speak: Text is blank"),
        ("<Speak Text='hi'>hi</Speak>", ["“hi”"], "Speak: Text stands twice"),
        ("<Speak Text='hi' TEXT='hi '/>", ["“hi”"], "Speak: Text stands twice"),
        ("<Exit Now='1'/>", [], "Exit: unknown parameter 'Now', Exit has none"),
        ("<Exit>now</Exit>", [], "Exit takes no text between its tags"),
        (
            "<UserInput ExecuteSQL='select'><InitialCommands><Speak>hi</Speak></InitialCommands>"
            "</UserInput>",
            ["“hi”"],
            "UserInput: unknown parameter 'ExecuteSQL', expected one of Repeat, Timeout",
        ),
        (
            "<UserInput><Chorus><Beep/></Chorus></UserInput>",
            [],
            "<Chorus> is not known here, expected <InitialCommands> or <Inputs>",
        ),
        ("<Beep><Beep/></Beep>", ["beep 1000 Hz, 300 ms"], "Beep takes no elements"),
        ("<Array ID='a'><items/><item>1</item></Array><Speak>$a</Speak>", ["“1”"], "<items> is"),
        ("<Detect For='tones'><OnRain/><OnNothing><Beep/></OnNothing></Detect>", None, "<OnRain>"),
        ("<Request DialedAddress='1'><OnFire/></Request>", ["· calls 1"], "<OnFire> is not known"),
    ],
)
def test_what_a_command_can_run_without_is_skipped_with_a_warning(
    command: str, lines: list[str] | None, skipped: str
) -> None:
    result = play(f"<Response>{command}</Response>")
    assert len(result.skipped) == 1
    assert skipped in result.skipped[0]
    assert result.skipped[0].startswith("line 1, column ")
    assert not result.errors
    heard = [line for line in result.lines if not line.startswith("· answered")]
    assert lines is None or heard == lines
    with pytest.raises(ScriptUnavailable, match=re.escape(skipped)):
        play(f"<Response>{command}</Response>", strict=True)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("<Speak/>", "Speak: Text is missing, expected text"),
        ("<Sing Loud='1'/>", "<Sing> is not a command"),
        ("<Speak Text='a'>b</Speak>", "Text stands twice, as 'a' and as 'b'"),
        (
            "<Play AudioFil='a.wav'/>",
            "AudioFile is missing, expected text",
        ),
        ("<Play> </Play>", "Play: AudioFile is missing"),
        ("<Beep Duration='long' Tune='1'/>", "Beep: Duration cannot be 'long'"),
    ],
)
def test_what_a_command_cannot_run_without_stays_an_error(command: str, sentence: str) -> None:
    with pytest.raises(ScriptUnavailable) as caught:
        play(f"<Response>{command}</Response>")
    assert sentence in str(caught.value)


def test_every_mistake_is_found_with_its_line() -> None:
    root = parse_document(
        b"<Response>\n<Play/>\n<Speak>$x</Speak>\n<Beep Frequency='$f' Duration='x'/>\n<Oops/>"
        b"\n</Response>"
    )
    mistakes = [str(mistake) for mistake in mistakes_of(commands_of(root), SCRIPT)]
    assert mistakes == [
        "line 2, column 1: Play: AudioFile is missing, expected text",
        "line 4, column 1: Beep: Duration cannot be 'x', expected a whole number from 1 to 60000",
        "line 5, column 1: <Oops> is not a command",
    ]


def test_a_command_that_cannot_be_done_is_reported_and_the_next_runs() -> None:
    result = play("<Response><Play>missing.wav</Play><Speak>after</Speak></Response>")
    assert said(result) == ["“after”"]
    assert len(result.errors) == 1
    assert "missing.wav: no such file" in result.errors[0]


def test_a_value_that_a_variable_makes_wrong_is_reported() -> None:
    result = play("<Response><Var id='t'>soon</Var><Delay>$t</Delay><Speak>x</Speak></Response>")
    assert said(result) == ["“x”"]
    assert "Delay: Seconds cannot be 'soon'" in result.errors[0]


@pytest.mark.parametrize("end", ["<Exit/>", "<Hangup/>", "<BlindTransfer>102</BlindTransfer>"])
def test_what_ends_a_script(end: str) -> None:
    assert said(play(f"<Response>{end}<Speak>never</Speak></Response>")) == []


def test_reject_does_not_answer() -> None:
    assert play('<Response><Reject Reason="busy"/></Response>').lines == ["· refused with 486"]


def test_route_answers_the_routing_question() -> None:
    result = play("<Response><Route Destination=''/></Response>", origin=ROUTING)
    assert result.errors == []


LOOP = {"http://app.example/s": "<Response><GoTo>s</GoTo></Response>"}


def test_limits() -> None:
    with pytest.raises(ScriptStopped, match="more than 5 GoTo"):
        play(LOOP["http://app.example/s"], pages=LOOP, limits=ScriptLimits(moves=5))
    many = "<Response><Array id='a'><item/><item/><item/></Array><ForEach source='a'><Beep/>"
    with pytest.raises(ScriptStopped, match="more than 4 commands"):
        play(many + "</ForEach></Response>", limits=ScriptLimits(steps=4))
    with pytest.raises(ScriptStopped, match="longer than 3 s"):
        play(
            "<Response><Delay>2</Delay><Delay>2</Delay><Beep/></Response>",
            limits=ScriptLimits(seconds=3),
        )


def test_answers_inside_answers_are_bounded() -> None:
    page = "<Response><UserInput Timeout='5' ForwardToURL='/again'/></Response>"
    with pytest.raises(ScriptStopped, match="nested deeper"):
        play(
            page,
            pages={"http://app.example/again": page},
            keys=[(0.0, "1")] * 100,
            limits=ScriptLimits(depth=10),
        )


def test_an_unreachable_go_to_ends_the_script() -> None:
    with pytest.raises(ScriptUnavailable, match="answered 404"):
        play("<Response><GoTo>gone</GoTo></Response>")


def test_a_menu_that_repeats_without_a_timeout_does_not_spin() -> None:
    result = play(
        "<Response><UserInput Repeat='true'><InitialCommands><Beep/></InitialCommands><Inputs>"
        "<Input Key='1'/></Inputs></UserInput>"
        "</Response>",
        keys=[(3.5, "1")],
    )
    assert len(said(result)) == 4


def test_a_script_that_fails_again_and_again_is_stopped() -> None:
    items = "".join("<item/>" for _ in range(9))
    source = f"<Response><Array ID='a'>{items}</Array><ForEach Source='a'><Play>x</Play></ForEach>"
    with pytest.raises(ScriptStopped, match="more than 5 commands failed"):
        play(source + "</Response>", limits=ScriptLimits(errors=5))


def test_a_fault_of_ours_stops_the_script_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(BeepOrder, "simulate", broken)
    with pytest.raises(ScriptStopped, match="Beep failed: internal error"):
        play("<Response><Beep/></Response>")


def test_relative_urls_are_those_of_the_answer_that_holds_them() -> None:
    result = play(
        "<Response><UserInput Timeout='5' ForwardToURL='keys/digits'/></Response>",
        keys=[(0.0, "1")],
        pages={
            "http://app.example/keys/digits": "<Response><GoTo>next</GoTo></Response>",
            "http://app.example/keys/next": "<Response><Speak>there</Speak></Response>",
        },
    )
    assert said(result) == ["“there”"]


def test_digits_that_nobody_takes_end_the_script() -> None:
    with pytest.raises(ScriptUnavailable, match="answered 404"):
        play(
            "<Response><UserInput Timeout='5' ForwardToURL='gone'/><Beep/></Response>",
            keys=[(0.0, "1")],
        )


def test_a_thousand_kilobytes_of_siblings_are_refused_quickly() -> None:
    source = "<Response>" + "<Beep/>" * 140_000 + "</Response>"
    with pytest.raises(ScriptUnavailable, match="more than 10000 elements"):
        play(source)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("<!DOCTYPE a><Response/>", "document type"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><Response>&b;</Response>", "document type"),
        ("<Response>&b;</Response>", "an entity that XML does not have"),
        ("<Response>" + "<a>" * 100_000, "nested deeper than 64"),
        ("<html><body/></html>", "the root is <html>"),
        ("", "there is no element"),
        ("hello", "this is no XML, expected <Response>"),
        ("<Response><Route Destination='1'/></Response>", "'Route' cannot be used here"),
        ("<Response><ListActiveCalls/></Response>", "cannot be used here"),
        ("<Response><Beep Frequency='high'/></Response>", "Frequency cannot be 'high'"),
        ("<Response><Delay>-1</Delay></Response>", "Seconds cannot be '-1'"),
        ("<Response><Delay>1e3</Delay></Response>", "Seconds cannot be '1e3'"),
        ("<Response><Play Repeat='maybe'>a</Play></Response>", "Repeat cannot be 'maybe'"),
        ("<Response><GoTo>file:///etc/passwd</GoTo></Response>", "Url cannot be"),
        ("<Response><Beep/><Reject/></Response>", "only as the first command"),
    ],
)
def test_bad_documents_say_where_and_why(source: str, sentence: str) -> None:
    with pytest.raises(ScriptUnavailable) as caught:
        play(source)
    assert sentence in str(caught.value)
    assert "line 1, column " in str(caught.value)


def test_a_script_may_set_so_many_variables_and_goes_on() -> None:
    items = "".join("<item/>" for _ in range(10))
    inner = "".join(f"<Var ID='v{number}'>1</Var>" for number in range(1_010))
    result = play(f"<Response><Array ID='a'>{items}</Array>{inner}<Speak>on</Speak></Response>")
    assert said(result) == ["“on”"]
    assert len(result.errors) >= 10
    assert "more than 1000 variables" in result.errors[0]
    assert "command 'Var'" in result.errors[0]


def test_a_text_that_variables_make_too_long_is_reported() -> None:
    long = "x" * 60_000
    result = play(f"<Response><Var ID='a'>{long}</Var><Speak>$a $a</Speak><Beep/></Response>")
    assert len(result.errors) == 1
    assert "more than 100000 characters" in result.errors[0]
    assert result.lines[-1] == "beep 1000 Hz, 300 ms"


def test_a_script_goes_on_where_an_answer_it_does_not_need_cannot_be_had() -> None:
    result = play("<Response><Record FinishedUrl='/gone'/><Speak>on</Speak></Response>")
    assert said(result)[-1] == "“on”"
    assert "answered 404" in result.errors[0]
    assert "RecordCompleted" in result.errors[0]


def test_a_bare_empty_answer_of_go_to_ends_the_script() -> None:
    result = play(
        "<Response><GoTo>/empty</GoTo><Speak>no</Speak></Response>",
        pages={"http://app.example/empty": ""},
    )
    assert said(result) == []
    assert result.errors == []
