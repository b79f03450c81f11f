"""Runs a command of the command line in this process."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from softswitch.cli.main import app

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> tuple[int, str, str]:
    """Its exit code, its output, its complaints."""
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout, result.stderr
