"""The makers of phones, and the names of the files that their phones ask for.

A phone is given a base URL and appends a name that its maker documents, with its hardware address
or its model in it. The name says whose template is meant; some makers share a form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAC = "(?P<mac>[0-9a-fA-F]{12})"


@dataclass(frozen=True, slots=True)
class Maker:
    """Phones that take one kind of file."""

    name: str
    "As `model` of the settings names it."
    template: str
    "The file in `templates/`; its ending says how texts are written in it."
    files: re.Pattern[str]
    "The names that its phones ask for, as a whole; the group `mac` is the hardware address."
    example: str
    "Such a name; `{mac}` stands for the hardware address."
    agent: str = ""
    "How its phones' User-Agent begins, in lower case, where the form of names is not its own."

    def mac_of(self, file: str) -> str | None:
        """The hardware address in a name, in lower case; None where it has none."""
        found = self.files.fullmatch(file)
        mac = None if found is None else found.groupdict().get("mac")
        return None if mac is None else mac.lower()


def _names(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


MAKERS: tuple[Maker, ...] = (
    Maker(
        "yealink",
        "yealink.cfg",
        _names(rf"y[0-9]{{12}}\.cfg|{MAC}\.cfg|yealink\.cfg"),
        "{mac}.cfg",
        agent="yealink",
    ),
    Maker(
        "grandstream",
        "grandstream.xml",
        _names(rf"cfg{MAC}\.xml|cfg[a-z]{{2,4}}[0-9]{{3,4}}[a-z]{{0,3}}\.xml|cfg\.xml"),
        "cfg{mac}.xml",
    ),
    Maker(
        "snom",
        "snom.xml",
        _names(rf"snom[A-Za-z0-9]*(?:-{MAC})?\.(?:xml|htm)"),
        "snom-{mac}.xml",
    ),
    Maker(
        "fanvil",
        "fanvil.xml",
        _names(rf"{MAC}\.(?:cfg|xml)|f[0-9A-Za-z]{{3,15}}(?:hw[0-9.]+)?\.cfg|fanvil\.cfg"),
        "{mac}.cfg",
        agent="fanvil",
    ),
    Maker(
        "cisco-spa",
        "cisco-spa.xml",
        _names(rf"spa{MAC}\.(?:xml|cfg)|spa[0-9]{{3}}[A-Za-z0-9]{{0,3}}\.(?:xml|cfg)|spa\.xml"),
        "spa{mac}.xml",
    ),
    Maker("linphone", "linphone.xml", _names(r"linphone\.xml"), "linphone.xml"),
    Maker("zoiper", "zoiper.xml", _names(r"zoiper\.xml"), "zoiper.xml"),
)
"""Every maker; where a name fits several, the settings of the phone or its User-Agent decide, else
the first."""

BY_NAME = {maker.name: maker for maker in MAKERS}


def maker_of(file: str, model: str | None, agent: str) -> Maker | None:
    """Whose phone asks for a file of that name; None when no phone does.

    `model` is what the settings say of the phone, `agent` its User-Agent.
    """
    if model in BY_NAME:
        maker = BY_NAME[model]
        return maker if not file or maker.files.fullmatch(file) else None
    fits = [maker for maker in MAKERS if maker.files.fullmatch(file)]
    for maker in fits:
        if maker.agent and agent.lower().startswith(maker.agent):
            return maker
    return fits[0] if fits else None
