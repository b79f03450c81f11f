"""What to do about lines of the log: a sentence for people, by how the line begins."""

from __future__ import annotations

from collections.abc import Mapping

OURS = "A mistake of the switch: report it with the lines of the log behind this one."
ADVICE: Mapping[str, str] = {
    "PIN prompt not played": "See whether the file of pin_prompt is there and is a sound.",
    "address not allowed": "If the user may come from there, add the address to its networks.",
    "call failed": OURS,
    "call quality": "See the figures of the call; jitter and loss come from the party's network.",
    "call record not written": "See whether the database is there and its disk has room.",
    "certificate expires soon": "Renew the certificate, replace the file, and reload.",
    "certificate has expired": "Renew the certificate, replace the file, and reload.",
    "certificates not renewed": "See the reason: the files of [tls] cannot be used as they are.",
    "challenge not answered": "See whether username, password and realm of the trunk are right.",
    "command broke": OURS,
    "cross-site request": "A page of another site has used a browser of yours; see where from.",
    "done otherwise": "The script names a voice or a language that is not installed.",
    "emergency call not told": "See whether notifications.emergency can be reached.",
    "error prompt not played": "See whether the file of the error prompt is there and is a sound.",
    "event loop was late": "The machine is too slow or shared: give it processors, or less to do.",
    "few file descriptors": "Raise the limit of open files (ulimit -n) of the service.",
    "folder of a mailbox away": "See whether voicemail.folder is there and may be written to.",
    "mailbox full": "Delete messages of the mailbox, or raise its bound.",
    "media worker": "See the log for why it ended; calls on it have lost their sound.",
    "music not played": "See whether the file of the music is there and is a sound.",
    "no connection can be accepted": "Raise the limit of open files (ulimit -n) of the service.",
    "no room for messages": "Free space on the disk; messages are refused meanwhile.",
    "not allowed": "Give the user another role, if it is to do that.",
    "outside line": "See the reason: registrar, password, network or carrier; calls go elsewhere.",
    "request broke": OURS,
    "request failed": OURS,
    "script ended": "See the reason and the line of the script; `softswitch script` tries it out.",
    "script not started": "See whether the application answers at its URL, and what it answers.",
    "settings not reloaded": "See the lines of the file that the log names; the old settings hold.",
    "too many connections": "See who connects; limits.http_connections_per_address is the bound.",
    "transfer failed": "See the reason; the call has stayed as it was.",
    "trunk not resolved": "See whether the host of the trunk has an address in the DNS.",
    "voicemail folder away": "See whether voicemail.folder is there and may be written to.",
    "wrong PIN": "Somebody guesses, or has forgotten it; the source is banned if it goes on.",
    "wrong password": "Somebody guesses, or has an old one; the source is banned if it goes on.",
}  # fmt: skip
"By the beginning of the event."


def advice_for(event: str) -> str:
    """What to do about a line; empty where there is nothing to say but what it says itself."""
    matching = [beginning for beginning in ADVICE if event.startswith(beginning)]
    return ADVICE[max(matching, key=len)] if matching else ""
