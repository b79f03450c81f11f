"""Templates: one file a maker, written by Jinja; files of the operator's folder count first.

Nothing that a template writes can begin a line or an element of its own: in files that end in
`.xml` texts are escaped, in all others a text with a line break or another control character is
refused. Templates run in Jinja's sandbox.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from softswitch.http.provisioning.facts import PhoneFacts, is_control
from softswitch.http.provisioning.makers import BY_NAME, Maker

OWN = Path(__file__).parent / "templates"
"The templates of the program."
ENDINGS = (".xml", ".cfg")
"What templates of the operator end in."
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"Characters that XML 1.0 cannot hold (section 2.2)."
_CONTENT_TYPES = {".xml": "text/xml", ".cfg": "text/plain"}


class NotWritten(Exception):
    """A file that cannot be written: by whose fault, says the sentence. It names no value."""


@dataclasses.dataclass(frozen=True, slots=True)
class WrittenFile:
    """A phone's file."""

    text: str = dataclasses.field(repr=False)
    content_type: str


class Templates:
    """The templates of the program and of the operator."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        places = [OWN] if folder is None else [folder, OWN]
        loader = FileSystemLoader(places)
        self._environments = {
            ".xml": _environment(loader, _for_xml, autoescape=True),
            ".cfg": _environment(loader, _for_lines, autoescape=False),
        }

    def file_of(self, model: str | None, maker: Maker | None) -> str | None:
        """The template of a phone: that of its model in the operator's folder, else its maker's.

        None where there is neither.
        """
        if model is not None and self._folder is not None and model not in BY_NAME:
            for ending in ENDINGS:
                if (self._folder / f"{model}{ending}").is_file():
                    return f"{model}{ending}"
        return None if maker is None else maker.template

    def write(self, template: str, facts: PhoneFacts) -> WrittenFile:
        """The file of a phone. Raises NotWritten."""
        ending = Path(template).suffix
        given = {each.name: getattr(facts, each.name) for each in dataclasses.fields(facts)}
        try:
            text = self._environments[ending].get_template(template).render(given)
        except NotWritten as error:
            raise NotWritten(f"{template} for {facts.number}: {error}") from None
        except TemplateError as error:
            raise NotWritten(f"{template} for {facts.number}: {_wrong(error)}") from None
        except (ArithmeticError, LookupError, OSError, TypeError, ValueError) as error:
            raise NotWritten(f"{template} for {facts.number}: {type(error).__name__}") from None
        return WrittenFile(text, _CONTENT_TYPES[ending])

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the operator's templates, by file and line."""
        if self._folder is None:
            return
        for path in sorted(self._folder.iterdir()):
            if path.suffix not in ENDINGS:
                continue
            try:
                self._environments[path.suffix].parse(path.read_text(encoding="utf-8"))
            except TemplateSyntaxError as error:
                yield f"{path}:{error.lineno}: {error.message}"
            except UnicodeDecodeError:
                yield f"{path}: expected a text in UTF-8"
            except OSError as error:
                yield f"{path} cannot be read: {error.strerror}"


def _environment(
    loader: FileSystemLoader, finalize: Callable[[object], object], *, autoescape: bool
) -> SandboxedEnvironment:
    return SandboxedEnvironment(
        loader=loader,
        autoescape=autoescape,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _wrong(error: TemplateError) -> str:
    """A mistake of a template, without values: those may be passwords."""
    if isinstance(error, TemplateSyntaxError):
        return f"line {error.lineno}: {error.message}"
    return error.message or type(error).__name__


def _for_lines(value: object) -> object:
    """Whatever is written into a file of lines. Raises NotWritten for what would begin another."""
    if isinstance(value, str) and any(map(is_control, value)):
        raise NotWritten("a value holds a line break or another control character")
    return value


def _for_xml(value: object) -> object:
    """Whatever is written into XML, before it is escaped. Raises NotWritten."""
    if isinstance(value, str) and _NOT_XML.search(value):
        raise NotWritten("a value holds a character that XML cannot hold")
    return value
