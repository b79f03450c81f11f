"""`softswitch provision`: the URL from which a phone configures itself."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import typer

from softswitch.cli.options import DEFAULT_FILE, ConfigFile, HttpUser

ONLY_HERE = (
    "phones fetch over HTTPS only, unless provisioning.insecure says otherwise, and from where\n"
    "they reach the switch: set http.tls and http.listen, or http.public_url (docs/provisioning.md)"
)
"Said of a URL that is of use to programs on this machine only."

app = typer.Typer(help="Phones that configure themselves.", no_args_is_help=True)
Number = Annotated[str, typer.Argument(help="The extension.")]
Model = Annotated[
    str | None, typer.Option("--model", help="The maker, such as yealink; else as in the settings.")
]


@app.command("url")
def url_command(
    number: Number,
    *,
    model: Model = None,
    renew: Annotated[
        bool, typer.Option("--renew", help="Make the old URL worthless and another one.")
    ] = False,
    user: HttpUser = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Print the URL that is typed into the phone, or handed out by DHCP; it is a secret."""
    from softswitch.cli.asking.ask import ask_v1, quoted

    path = f"extensions/{quoted(number)}/provisioning"
    wanted = {} if model is None else {"model": model}
    if renew:
        told = ask_v1(config, user, f"{path}/renew", method="POST", **wanted)
    else:
        told = ask_v1(config, user, path, **wanted)
    typer.echo(told["url"])
    if urlsplit(told["url"]).scheme != "https":
        typer.echo(ONLY_HERE, err=True)
    if told["file_url"]:
        typer.echo(f"file: {told['file_url']}")


@app.command("qr")
def qr_command(
    number: Number, *, model: Model = None, user: HttpUser = None, config: ConfigFile = DEFAULT_FILE
) -> None:
    """Show the URL as a QR code, for the camera of a softphone."""
    from softswitch.cli.asking.ask import ask_v1, quoted
    from softswitch.http.provisioning.qr_codes import lines

    path = f"extensions/{quoted(number)}/provisioning"
    told = ask_v1(config, user, path, **({} if model is None else {"model": model}))
    for line in lines(told["file_url"] or told["url"]):
        typer.echo(line)
