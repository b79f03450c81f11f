"""Every dependency has its line, with its licence, in `docs/dependencies.md`.

The licences are compared with what the installed distributions say of themselves, those that other
distributions bring along included.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/dependencies.md").read_text().partition("## Six candidates")[0]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
OF_THE_CONSOLE = ROOT / "softswitch/console/built/console/licences.md"
"What the build of the console says of the packages that are in it."
NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "BSD",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Public-Domain": "public domain",
}
"Licences by the names of SPDX; the page says which licence of BSD it is."
NO_LICENCES = {"OSI Approved", "DFSG approved"}
LICENCE = re.compile(r"(Apache|BSD|CC0|GPL|ISC|LGPL|MIT|MPL|PSF|Zlib|0BSD|public domain)\b.*")


def explained() -> dict[str, str]:
    """The licence of each library that the page names, by its name in small letters."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", PAGE, re.MULTILINE)
    return {name.strip().split(" ")[0]: licence.strip() for name, licence in rows}


def named(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", Requirement(requirement).name).lower()


def installed(requirements: Iterable[str]) -> dict[str, Distribution]:
    """The distributions that these need and that are installed, those that they need included."""
    found: dict[str, Distribution] = {}
    waiting, seen = [Requirement(each) for each in requirements], set()
    while waiting:
        wanted = waiting.pop()
        key = named(str(wanted)), frozenset(wanted.extras)
        if key in seen:
            continue
        seen.add(key)
        try:
            found[key[0]] = distribution(wanted.name)
        except PackageNotFoundError:  # an extra that is not installed here
            continue
        for each in map(Requirement, found[key[0]].requires or ()):
            extras = ("", *wanted.extras)
            if each.marker is None or any(each.marker.evaluate({"extra": one}) for one in extras):
                waiting.append(each)
    return found


def own_words(one: Distribution) -> set[str]:
    """The licences that a distribution names, in one of the ways in which it can."""
    about = one.metadata
    if "License-Expression" in about:
        return {about["License-Expression"]}
    classifiers = about.get_all("Classifier") or ()
    said = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License ::")]
    said.append(about.get("License", "").partition("\n")[0])
    words = {NAMES.get(each, each) for each in said if each not in NO_LICENCES}
    return {each for each in words if LICENCE.fullmatch(each)}


RUN = installed(PROJECT["dependencies"])
ALL = installed([*PROJECT["dependencies"], *(each for extra in EXTRAS.values() for each in extra)])


def test_every_dependency_is_explained() -> None:
    wanted = [*PROJECT["dependencies"], *(each for extra in EXTRAS.values() for each in extra)]
    assert {named(each) for each in wanted} - explained().keys() == set()


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_licence_on_the_page_is_that_of_the_distribution(name: str) -> None:
    page = explained().get(name, "no line").partition(" AND ")[0]
    words = {each.partition(" AND ")[0] for each in own_words(ALL[name])}
    assert words, f"{name} names no licence that is known here"
    # The parts of a wheel come and go with its versions: what stands before the first AND counts.
    # Where it says no more than BSD, its text was read; of two licences the page says `A OR B`.
    if "BSD" in words and page.startswith("BSD-"):
        page = "BSD"
    assert page in words or set(page.split(" OR ")) <= words, f"not {page}, but {words}"


def test_nothing_that_runs_is_under_the_gpl() -> None:
    said = {name: " ".join((explained()[name], *own_words(one))) for name, one in RUN.items()}
    assert not {name for name, each in said.items() if re.search(r"(?<!L)GPL", each)}
    assert len(RUN) > 40


@pytest.mark.parametrize("name", sorted(RUN))
def test_nothing_that_runs_holds_the_library_of_espeak(name: str) -> None:
    files = [str(file) for file in RUN[name].files or ()]
    assert not [file for file in files if re.search(r"libespeak|espeak-ng-data", file)]


def test_the_packages_in_the_console_are_explained() -> None:
    if not OF_THE_CONSOLE.exists():
        pytest.skip("the console is not built")
    said = re.findall(r"(?m)^## (\S+) - \S+ \(([^)]+)\)$", OF_THE_CONSOLE.read_text())
    assert said
    page = explained()
    assert {name: page.get(name, "no line") for name, _ in said} == dict(said)
