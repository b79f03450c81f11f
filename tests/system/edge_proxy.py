"""Kamailio as the outbound proxy of a carrier: requests of the switch come to it over UDP or TLS.

It takes those whose Route names it, sends them on over UDP to the host of their Request-URI, and
stays on the way. What comes for the contact of a registration goes down the connection that the
REGISTER came on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.system.kamailio import INSIDE, OUTSIDE, Kamailio, needed

TLS_MODULE = "kamailio/modules/tls.so"

CONFIG = """#!KAMAILIO
debug=1
children=1
tcp_children=1
enable_tls=yes
auto_aliases=no
listen=udp:{INSIDE}:{inside}
listen=tls:{INSIDE}:{tls}
listen=udp:{OUTSIDE}:{outside}

loadmodule "tls.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "nathelper.so"
loadmodule "xlog.so"
modparam("tls", "certificate", "{certificate}")
modparam("tls", "private_key", "{key}")
modparam("tls", "tls_method", "TLSv1.2+")

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (is_method("OPTIONS") && uri == myself) {{
        sl_send_reply("200", "Here");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{
            xlog("L_NOTICE", "along the route set: $rm by $proto\\n");
            handle_ruri_alias();
            t_relay();
        }} else if (is_method("ACK")) {{
            t_check_trans();
        }} else {{
            xlog("L_NOTICE", "beside the route set: $rm by $proto\\n");
            sl_send_reply("404", "Not along the route set");
        }}
        exit;
    }}
    t_check_trans();
    if (is_present_hf("Route")) {{
        loose_route();
        xlog("L_NOTICE", "from the switch: $rm $ru by $proto\\n");
        add_contact_alias();
        $fs = "udp:{OUTSIDE}:{outside}";
    }} else if ($Rp == {outside}) {{
        handle_ruri_alias();
        xlog("L_NOTICE", "to the switch: $rm $du\\n");
        if ($du == $null) $fs = "udp:{INSIDE}:{inside}";
    }} else {{
        xlog("L_NOTICE", "without a route: $rm by $proto\\n");
        sl_send_reply("403", "No Route");
        exit;
    }}
    record_route();
    if (!t_relay()) sl_reply_error();
}}

onreply_route {{
    if (proto == TLS) add_contact_alias();
}}
"""


@dataclass
class EdgeProxy(Kamailio):
    """One Kamailio with a certificate."""

    certificates: Path = Path()
    "A folder with `edge.pem` and `edge.key`."
    tls_port: int = field(default_factory=free_port)

    def configuration(self, switch: int, peer: int) -> str:
        return CONFIG.format(
            INSIDE=INSIDE,
            OUTSIDE=OUTSIDE,
            inside=self.port,
            tls=self.tls_port,
            outside=self.sip_port,
            certificate=self.certificates / "edge.pem",
            key=self.certificates / "edge.key",
        )


def needed_with_tls() -> None:
    """Skip the test where Kamailio or its module for TLS is not installed."""
    needed()
    if not any(Path("/usr/lib").glob(f"*/{TLS_MODULE}")):
        pytest.skip("Kamailio cannot do TLS (package kamailio-tls-modules)")
