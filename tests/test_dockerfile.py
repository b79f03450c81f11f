"""The Dockerfile, as far as it can be judged without running it: `.ci/try_dockerfile.py` does."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def trial() -> ModuleType:
    """The script that runs the Dockerfile."""
    spec = importlib.util.spec_from_file_location("trial", ROOT / ".ci/try_dockerfile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def steps(trial: ModuleType) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = trial.instructions(trial.DOCKERFILE.read_text())
    return found


def test_all_that_the_package_is_built_of_is_copied_before(
    trial: ModuleType, steps: list[tuple[str, str]]
) -> None:
    installs = next(at for at, (_, rest) in enumerate(steps) if "pip install" in rest)
    copied = {each for name, rest in steps[:installs] if name == "COPY"
              for each in rest.split()[:-1]}  # fmt: skip
    needed = {"pyproject.toml", "README.md", "LICENSE", "softswitch", "media"}
    for link in (ROOT / "softswitch").rglob("*"):
        if link.is_symlink():
            target = str(link.resolve().relative_to(ROOT))
            assert not trial.is_ignored(target)
            needed.add(target.partition("/")[0])
    assert needed <= copied


def test_it_runs_as_a_user_of_its_own_and_tells_how_it_is(steps: list[tuple[str, str]]) -> None:
    names = [name for name, _ in steps]
    last = dict(steps)
    assert names[0] == "FROM"
    assert last["USER"] == "softswitch"
    assert names.index("USER") < names.index("CMD")
    assert "/healthz" in last["HEALTHCHECK"]
    assert "/srv/softswitch/data" in last["VOLUME"]


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        ("data/passwords.json", True),
        (".git/config", True),
        ("config/tls/server.key", True),
        ("config/softswitch.toml", False),
        ("softswitch/calls/__pycache__/x.pyc", True),
        ("softswitch/console/web/node_modules/vite/x.js", True),
        ("media/native/src/fast.c", True),
        ("softswitch/shipped/hold.ogg", False),
        ("media/worker.py", False),
    ],
)
def test_secrets_and_what_is_not_needed_stay_outside(
    trial: ModuleType, name: str, ignored: bool
) -> None:
    assert trial.is_ignored(name) is ignored
