"""Why the switch does not answer, or refuses, in our words; and what to do."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
from pathlib import Path

from softswitch.cli.asking.entrance import Entrance

LONGEST_SENTENCE = 300
"Characters of an answer that is no JSON; what is longer is the page of some other server."
WRONG_LOGIN = 401
"The status of a user or password that the switch does not know."
TOO_MANY_LOGINS = 429
"The status of a source that has sent wrong passwords too often."


def silence(
    error: OSError | http.client.HTTPException, at: Entrance, config: Path, seconds: float
) -> list[str]:
    """What is said where no answer came."""
    return [f"the switch at {at.address} {_why(error, seconds)}", _what_to_do(error, config)]


def refusal(error: urllib.error.HTTPError, at: Entrance, config: Path) -> list[str]:
    """What is said where the answer is no: why, and what to do where it is the login."""
    lines = sentences(error)
    if error.code == WRONG_LOGIN:
        name = at.user or "of this machine"
        return [
            f"the switch does not take user {name!r} with the password that {config} leads to",
            "if that has changed, restart the switch; --config and --user name others",
        ]
    if error.code == TOO_MANY_LOGINS:
        lines.append("on the machine of the switch, `softswitch bans lift --all` ends that")
    return lines


def where(config: Path) -> str:
    """What to do where something else answers."""
    return f"http.listen of {config} is where it is looked for; --config names other settings"


def sentences(error: urllib.error.HTTPError) -> list[str]:
    """Why the switch refuses: it says so in JSON, with all mistakes, or as a text."""
    text = error.read().decode(errors="replace")
    try:
        told = json.loads(text)
        if "mistakes" in told:
            return [
                ": ".join(filter(None, (each["where"], each["wrong"]))) for each in told["mistakes"]
            ]
        return [str(told.get("response_msg") or told["detail"])]
    except (ValueError, LookupError, AttributeError, TypeError):
        said = text.strip()
        if not said or len(said) > LONGEST_SENTENCE or said.startswith("<"):
            said = f"{error.code} {error.reason}, from what is perhaps no switch"
        return [said]


def _why(error: OSError | http.client.HTTPException, seconds: float) -> str:
    """The words of the system, without those of the library around them."""
    cause = _cause(error)
    if isinstance(cause, TimeoutError):
        return f"does not answer: nothing came within {seconds:g} seconds"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "shows another certificate than that of the settings"
    if isinstance(cause, ssl.SSLError):
        return "does not answer by HTTPS"
    if isinstance(cause, OSError) and cause.strerror:
        return f"does not answer: {cause.strerror}"
    return "does not answer: the connection broke"


def _what_to_do(error: OSError | http.client.HTTPException, config: Path) -> str:
    cause = _cause(error)
    if isinstance(cause, ConnectionRefusedError):
        return f"`softswitch serve --config {config}` starts it; --config names other settings"
    if isinstance(cause, ssl.SSLError):
        return f"a switch takes http and tls of {config} at its start: restart it if they are new"
    if isinstance(cause, http.client.HTTPException | ConnectionError):
        return f"it may speak HTTPS, or be no switch: http.tls and http.listen of {config} say how"
    return where(config)


def _cause(error: OSError | http.client.HTTPException) -> object:
    return error.reason if isinstance(error, urllib.error.URLError) else error
