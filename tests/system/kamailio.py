"""Kamailio, a proxy as carriers run it: a process of its own, without a database.

It stands between the switch and a peer, on a port to either side, relays with transactions of its
own and stays on the way of both directions. In a dialog it refuses what does not come along the
route set.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ports import free_port

INSIDE, OUTSIDE = "127.0.0.2", "127.0.0.3"
"Its addresses: for the switch, and for who is behind it."
SWITCH = "127.0.0.1"
START_SECONDS = 20
STOP_SECONDS = 10
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
"Debian puts servers where the path of most users does not lead."

CONFIG = """#!KAMAILIO
debug=1
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:{INSIDE}:{inside}
listen=udp:{OUTSIDE}:{outside}

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "xlog.so"

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (is_method("OPTIONS") && uri == myself && !has_totag()) {{
        sl_send_reply("200", "Here");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{
            xlog("L_NOTICE", "along the route set: $rm from $si\\n");
            t_relay();
        }} else if (is_method("ACK")) {{
            t_check_trans();
        }} else {{
            xlog("L_NOTICE", "beside the route set: $rm from $si\\n");
            sl_send_reply("404", "Not along the route set");
        }}
        exit;
    }}
    t_check_trans();
    record_route();
    if ($si == "{SWITCH}") {{
        $ru = "sip:" + $rU + "@{OUTSIDE}:{peer}";
        $fs = "udp:{OUTSIDE}:{outside}";
    }} else {{
        $ru = "sip:" + $rU + "@{SWITCH}:{switch}";
        $fs = "udp:{INSIDE}:{inside}";
    }}
    if (!t_relay()) sl_reply_error();
}}
"""


@dataclass
class Kamailio:
    """One Kamailio; its ports are known before it runs, so that both sides can be told."""

    directory: Path
    port: int = field(default_factory=free_port)
    "The port of `INSIDE`, a trunk of the switch."
    sip_port: int = field(default_factory=free_port)
    "The port of `OUTSIDE`, where a peer sends to."
    process: asyncio.subprocess.Process | None = None

    @property
    def log_file(self) -> Path:
        return self.directory / "kamailio.log"

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def configuration(self, switch: int, peer: int) -> str:
        """What it does between these ports."""
        return CONFIG.format(
            INSIDE=INSIDE,
            OUTSIDE=OUTSIDE,
            SWITCH=SWITCH,
            inside=self.port,
            outside=self.sip_port,
            switch=switch,
            peer=peer,
        )

    async def start(self, switch: int, peer: int) -> None:
        """Start it between these ports of the switch and the peer; returns when it answers."""
        binary = shutil.which("kamailio", path=PATH)
        assert binary is not None
        config = self.directory / "kamailio.cfg"
        config.write_text(self.configuration(switch, peer))
        with self.log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(binary, "-DD", "-E", "-f", str(config), "-m", "32", "-M", "8"),
                *("-Y", str(self.directory), "-w", str(self.directory)),
                cwd=self.directory,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # when it gives up, it signals its whole process group
            )
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._answers()
        except BaseException as error:
            await self.stop()
            if isinstance(error, TimeoutError):
                raise AssertionError(f"Kamailio does not answer: {self.log()[-3000:]}") from None
            raise

    async def _answers(self) -> None:
        """Ask until it answers."""
        assert self.process is not None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.bind((OUTSIDE, 0))
            asking.setblocking(False)
            question = options(f"{OUTSIDE}:{asking.getsockname()[1]}", f"{OUTSIDE}:{self.sip_port}")
            while True:
                assert self.process.returncode is None, self.log()[-3000:]
                asking.sendto(question, (OUTSIDE, self.sip_port))
                await asyncio.sleep(0.1)
                try:
                    if asking.recv(65_535).startswith(b"SIP/2.0 200"):
                        return
                except (BlockingIOError, ConnectionRefusedError):
                    continue

    async def stop(self) -> None:
        """End it and its children."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()


def options(from_: str, to: str) -> bytes:
    """A question whether somebody is there."""
    return "\r\n".join(
        (
            f"OPTIONS sip:{to} SIP/2.0",
            f"Via: SIP/2.0/UDP {from_};branch=z9hG4bKthere",
            "Max-Forwards: 70",
            f"From: <sip:{from_}>;tag=1",
            f"To: <sip:{to}>",
            f"Call-ID: there@{from_}",
            "CSeq: 1 OPTIONS",
            "Content-Length: 0",
            "",
            "",
        )
    ).encode()


@asynccontextmanager
async def kamailio(proxy: Kamailio, switch: int, peer: int) -> AsyncIterator[None]:
    """A Kamailio for the length of a test; the test may stop it and start it again."""
    await proxy.start(switch, peer)
    try:
        yield
    finally:
        await proxy.stop()


def needed() -> None:
    """Skip the test where it is not installed."""
    if shutil.which("kamailio", path=PATH) is None:
        pytest.skip("Kamailio is not installed (package kamailio)")
