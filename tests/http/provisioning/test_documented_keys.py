"""Each maker's file has the keys that the maker documents, with values of the documented form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

import pytest

from softswitch.http.provisioning.makers import MAKERS
from tests.http.provisioning.facts import BARE, USUAL, written

LINPHONE = "{http://www.linphone.org/xsds/lpconfig.xsd}"


def lines(text: str) -> dict[str, str]:
    """Keys and values of a file of lines, read as Yealink's phones read it."""
    first, *rest = text.splitlines()
    assert first == "#!version:1.0.0.1", "the phone takes no other file"
    found: dict[str, str] = {}
    for line in rest:
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition(" = ")
        assert equals and re.fullmatch(r"[a-z0-9_.]+", key), line
        assert key not in found, f"{key} twice"
        found[key] = value
    return found


def elements(text: str) -> dict[str, str]:
    """The texts of XML by path; an index or a name in an attribute stands behind the tag."""
    found: dict[str, str] = {}

    def walk(element: ElementTree.Element, path: str) -> None:
        for child in element:
            tag = child.tag.removeprefix(LINPHONE)
            mark = child.get("idx") or child.get("index") or child.get("name") or ""
            here = f"{path}{tag}" + (f"[{mark}]" if mark else "")
            if len(child) or "\n" in (child.text or ""):
                walk(child, f"{here}/")
            else:
                assert here not in found or tag in ("codec_id", "priority", "enabled"), here
                found.setdefault(here, child.text or "")

    walk(ElementTree.fromstring(text.encode()), "")
    return found


READ = {"yealink": lines}

ONE_OR_NONE = "[01]"
HOST = r"[A-Za-z0-9.:-]+"
URL = r"https://pbx\.example\.org/provisioning/1000/s3cret/"
PLACE = r"pbx\.example\.org/provisioning/1000/s3cret"
ON_OFF = "on|off"
YES_NO = "Yes|No"

FORMS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "yealink": {
        # SIP IP phones' administrator guide, appendix of configuration parameters
        "account.1.enable": (ONE_OR_NONE, "1"),
        "account.1.label": (".{1,99}", "Reception"),
        "account.1.display_name": (".{1,99}", "Reception"),
        "account.1.user_name": (".{1,99}", "1000"),
        "account.1.auth_name": (".{1,99}", "1000"),
        "account.1.password": (".{1,99}", "p4ss"),
        "account.1.sip_server.1.address": (HOST, "pbx.example.org"),
        "account.1.sip_server.1.port": ("[0-9]{1,5}", "5061"),
        "account.1.sip_server.1.transport_type": ("[0123]", "2"),
        "account.1.sip_server.1.expires": ("[0-9]{2,10}", "1800"),
        "account.1.outbound_proxy_enable": (ONE_OR_NONE, "0"),
        "account.1.srtp_encryption": ("[012]", "2"),
        "account.1.dtmf.type": ("[0123]", "1"),
        "account.1.codec.g722.enable": (ONE_OR_NONE, "1"),
        "account.1.codec.g722.priority": ("[0-9]{1,2}", "1"),
        "account.1.codec.pcma.enable": (ONE_OR_NONE, "1"),
        "account.1.codec.pcma.priority": ("[0-9]{1,2}", "2"),
        "account.1.codec.pcmu.enable": (ONE_OR_NONE, "1"),
        "account.1.codec.pcmu.priority": ("[0-9]{1,2}", "3"),
        "account.1.codec.opus.enable": (ONE_OR_NONE, "1"),
        "account.1.codec.opus.priority": ("[0-9]{1,2}", "4"),
        "account.1.subscribe_mwi": (ONE_OR_NONE, "1"),
        "voice_mail.number.1": (".{1,99}", "*97"),
        "features.pickup.direct_pickup_enable": (ONE_OR_NONE, "1"),
        "features.pickup.direct_pickup_code": (".{1,32}", "**"),
        "lang.gui": ("[A-Z][a-z]+", "German"),
        "lang.wui": ("[A-Z][a-z]+", "German"),
        "local_time.time_zone": (r"[+-][0-9]{1,2}(?::[0-9]{2})?", "+1"),
        "local_time.summer_time": ("[012]", "1"),
        "local_time.dst_time_type": (ONE_OR_NONE, "1"),
        "local_time.start_time": ("[0-9]{1,2}/[1-5]/[1-7]/[0-9]{1,2}", "3/5/7/2"),
        "local_time.end_time": ("[0-9]{1,2}/[1-5]/[1-7]/[0-9]{1,2}", "10/5/7/3"),
        "local_time.offset_time": ("-?[0-9]{1,3}", "60"),
        "linekey.1.type": ("[0-9]{1,2}", "15"),
        "linekey.1.line": ("[0-9]{1,2}", "1"),
        "linekey.2.type": ("[0-9]{1,2}", "16"),
        "linekey.2.line": ("[0-9]{1,2}", "1"),
        "linekey.2.value": (".{1,99}", "1001"),
        "linekey.2.label": (".{1,99}", "Anna"),
        "linekey.2.extension": (".{1,99}", "**1001"),
        "linekey.3.type": ("[0-9]{1,2}", "13"),
        "linekey.3.line": ("[0-9]{1,2}", "1"),
        "linekey.3.value": (".{1,99}", "0123"),
        "linekey.3.label": (".{1,99}", "Home"),
        "static.auto_provision.server.url": (URL, URL.replace("\\", "")),
    },
    "grandstream": {
        # configuration templates of the GXP21xx and GRP26xx
        "mac": ("[0-9a-f]{12}", "805ec0123456"),
        "config/P271": (ONE_OR_NONE, "1"),  # account active
        "config/P270": (".+", "Reception"),  # account name
        "config/P3": (".+", "Reception"),  # display name
        "config/P47": (HOST, "pbx.example.org:5061"),  # SIP server
        "config/P48": (f"(?:{HOST})?", ""),  # outbound proxy
        "config/P35": (".+", "1000"),  # SIP user ID
        "config/P36": (".+", "1000"),  # authenticate ID
        "config/P34": (".+", "p4ss"),  # authenticate password
        "config/P31": (ONE_OR_NONE, "1"),  # registers
        "config/P32": ("[0-9]{1,5}", "30"),  # expires, in minutes
        "config/P130": ("[012]", "2"),  # transport
        "config/P183": ("[012]", "1"),  # SRTP: no, forced, tried
        "config/P2301": (ONE_OR_NONE, "0"),  # keys in audio
        "config/P2302": (ONE_OR_NONE, "1"),  # keys by RTP
        "config/P2303": (ONE_OR_NONE, "0"),  # keys by SIP INFO
        "config/P57": ("[0-9]{1,3}", "9"),
        "config/P58": ("[0-9]{1,3}", "8"),
        "config/P59": ("[0-9]{1,3}", "0"),
        "config/P60": ("[0-9]{1,3}", "123"),
        "config/P61": ("[0-9]{1,3}", "9"),
        "config/P62": ("[0-9]{1,3}", "9"),
        "config/P46": ("[0-9]{1,3}", "9"),
        "config/P98": ("[0-9]{1,3}", "9"),
        "config/P99": (ONE_OR_NONE, "1"),  # subscribes to message-summary
        "config/P33": (".*", "*97"),  # voice mail
        "config/P134": (".*", ""),  # eventlist BLF URI
        "config/P1347": (".*", "**"),  # pickup prefix
        "config/P64": ("customize", "customize"),  # time zone …
        "config/P246": (r"[A-Z<>+0-9a-z,./:-]+", "CET-1CEST,M3.5.0,M10.5.0/3"),  # … as POSIX
        "config/P1362": ("[a-z]{2}", "de"),  # language
        "config/P1363": ("-1|[0-9]{1,2}", "11"),  # multi-purpose key 1: mode …
        "config/P1364": ("[0-9]", "0"),  # … account …
        "config/P1465": (".*", "Anna"),  # … description …
        "config/P1466": (".+", "1001"),  # … value
        "config/P1365": ("-1|[0-9]{1,2}", "10"),
        "config/P1366": ("[0-9]", "0"),
        "config/P1467": (".*", "Home"),
        "config/P1468": (".+", "0123"),
        "config/P212": ("[012]", "2"),  # provisioned by TFTP, HTTP, HTTPS
        "config/P237": (r"[^:/]+(?::[0-9]+)?/.*[^/]", PLACE.replace("\\", "")),  # path
    },
    "snom": {
        # wiki: desk phone configuration files, list of settings
        "phone-settings/user_active[1]": (ON_OFF, "on"),
        "phone-settings/user_realname[1]": (".+", "Reception"),
        "phone-settings/user_idle_text[1]": (".+", "Reception"),
        "phone-settings/user_name[1]": (".+", "1000"),
        "phone-settings/user_pname[1]": (".+", "1000"),
        "phone-settings/user_pass[1]": (".+", "p4ss"),
        "phone-settings/user_host[1]": (HOST, "pbx.example.org"),
        "phone-settings/user_outbound[1]": (
            rf"sip:{HOST};transport=(?:udp|tcp|tls)",
            "sip:pbx.example.org:5061;transport=tls",
        ),
        "phone-settings/user_expiry[1]": ("[0-9]+", "1800"),
        "phone-settings/user_srtp[1]": (ON_OFF, "on"),
        "phone-settings/user_savp[1]": ("off|optional|mandatory", "mandatory"),
        "phone-settings/user_auth_tag[1]": (ON_OFF, "off"),
        "phone-settings/user_dtmf_info[1]": (f"{ON_OFF}|sip_info_only", "off"),
        "phone-settings/codec_priority_list[1]": (
            "(?:[a-z0-9_-]+,)*[a-z0-9_-]*",
            "g722,pcma,pcmu,opus,telephone-event",
        ),
        "phone-settings/user_mailbox[1]": (".*", "*97"),
        "phone-settings/language": (r"\w+", "Deutsch"),
        "phone-settings/web_language": (r"\w+", "Deutsch"),
        "phone-settings/timezone": ("", ""),
        "phone-settings/utc_offset": ("-?[0-9]+", "3600"),
        "phone-settings/dst": (
            r"[0-9]+(?: [0-9]{2}\.[0-9]{2}\.[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}){2}",
            "3600 03.05.07 02:00:00 10.05.07 03:00:00",
        ),
        "phone-settings/setting_server": (rf"{URL}.*", f"{USUAL['url']}snom-{{mac}}.xml"),
        "functionKeys/fkey[1]": (
            r"(?:blf sip:[^@]+@[^|]+(?:\|.+)?|speed .+)",
            "blf sip:1001@pbx.example.org|**",
        ),
        "functionKeys/fkey[2]": ("speed .+", "speed 0123"),
    },
    "fanvil": {
        # configuration that phones of the X series export
        "Version": (r"2\.[0-9]+", "2.0000000000"),
        "phone/display/DefaultLanguage": ("[a-z]{2}", "de"),
        "phone/display/LCDTitle": (".+", "Reception"),
        "phone/date/EnableSNTP": (ONE_OR_NONE, "1"),
        "phone/date/TimeZone": ("-?[0-9]{1,2}", "4"),  # quarters of an hour
        "phone/date/EnableDST": ("[012]", "2"),
        "phone/date/DSTFixedType": ("[012]", "2"),
        "phone/date/DSTMinOffset": ("-?[0-9]{1,3}", "60"),
        "phone/date/DSTStartMon": ("[0-9]{1,2}", "3"),
        "phone/date/DSTStartWeek": ("-1|[1-5]", "-1"),
        "phone/date/DSTStartWday": ("[1-7]", "1"),
        "phone/date/DSTStartHour": ("[0-9]{1,2}", "2"),
        "phone/date/DSTEndMon": ("[0-9]{1,2}", "10"),
        "phone/date/DSTEndWeek": ("-1|[1-5]", "-1"),
        "phone/date/DSTEndWday": ("[1-7]", "1"),
        "phone/date/DSTEndHour": ("[0-9]{1,2}", "3"),
        "sip/line[1]/PhoneNumber": (".+", "1000"),
        "sip/line[1]/DisplayName": (".+", "Reception"),
        "sip/line[1]/RegisterAddr": (HOST, "pbx.example.org"),
        "sip/line[1]/RegisterPort": ("[0-9]{1,5}", "5061"),
        "sip/line[1]/RegisterUser": (".+", "1000"),
        "sip/line[1]/RegisterPswd": (".+", "p4ss"),
        "sip/line[1]/RegisterTTL": ("[0-9]+", "1800"),
        "sip/line[1]/EnableReg": (ONE_OR_NONE, "1"),
        "sip/line[1]/ProxyAddr": (f"(?:{HOST})?", ""),
        "sip/line[1]/ProxyPort": ("[0-9]{1,5}", "5061"),
        "sip/line[1]/ProxyUser": (".*", ""),
        "sip/line[1]/ProxyPswd": (".*", ""),
        "sip/line[1]/Transport": ("[013]", "3"),
        "sip/line[1]/EnableRport": (ONE_OR_NONE, "1"),
        "sip/line[1]/DTMFMode": ("[0123]", "1"),
        "sip/line[1]/MediaCrypto": ("[0123]", "1"),
        "sip/line[1]/EnableOSRTP": (ONE_OR_NONE, "0"),
        "sip/line[1]/VoiceCodecMap": (r"\w+(?:,\w+)*", "G722,PCMA,PCMU,opus"),
        "sip/line[1]/Subscribe": (ONE_OR_NONE, "1"),
        "sip/line[1]/MWINum": (".*", "*97"),
        "sip/line[1]/PickupNum": (".*", "**"),
        "dsskey/internal[1]/Fkey[1]/Type": ("[0-9]{1,2}", "2"),
        "dsskey/internal[1]/Fkey[1]/Value": ("SIP[0-9]+", "SIP1"),
        "dsskey/internal[1]/Fkey[1]/Title": (".*", ""),
        "dsskey/internal[1]/Fkey[2]/Type": ("[0-9]{1,2}", "1"),
        "dsskey/internal[1]/Fkey[2]/Value": (".+@[0-9]+/(?:ba.+|bc.+|f)", "1001@1/ba**1001"),
        "dsskey/internal[1]/Fkey[2]/Title": (".*", "Anna"),
        "dsskey/internal[1]/Fkey[3]/Type": ("[0-9]{1,2}", "1"),
        "dsskey/internal[1]/Fkey[3]/Value": (".+@[0-9]+/f", "0123@1/f"),
        "dsskey/internal[1]/Fkey[3]/Title": (".*", "Home"),
        "ap/DownloadDeviceConf": (ONE_OR_NONE, "1"),
        "ap/FlashServerIP": (r"[^:/]+(?::[0-9]+)?/.*[^/]", PLACE.replace("\\", "")),
        "ap/FlashFileName": (r"\$mac\.cfg", "$mac.cfg"),
        "ap/FlashProtocol": ("[1-5]", "5"),
        "ap/FlashMode": ("[012]", "1"),
    },
    "cisco-spa": {
        # SPA300 and SPA500 administration guide
        "Profile_Rule": (rf"{URL}spa\$MA\.xml", f"{USUAL['url']}spa$MA.xml"),
        "Station_Name": (".+", "Reception"),
        "Line_Enable_1_": (YES_NO, "Yes"),
        "Display_Name_1_": (".+", "Reception"),
        "User_ID_1_": (".+", "1000"),
        "Use_Auth_ID_1_": (YES_NO, "Yes"),
        "Auth_ID_1_": (".+", "1000"),
        "Password_1_": (".+", "p4ss"),
        "Proxy_1_": (HOST, "pbx.example.org:5061"),
        "Use_Outbound_Proxy_1_": (YES_NO, "No"),
        "Outbound_Proxy_1_": (f"(?:{HOST})?", ""),
        "Register_1_": (YES_NO, "Yes"),
        "Register_Expires_1_": ("[0-9]+", "1800"),
        "SIP_Transport_1_": ("UDP|TCP|TLS", "TLS"),
        "Secure_Call_Setting": (YES_NO, "Yes"),
        "SRTP_Method_1_": ("x-sipura|s-descriptor", "s-descriptor"),
        "DTMF_Tx_Method_1_": (r"InBand|AVT|INFO|Auto|InBand\+INFO|AVT\+INFO", "AVT"),
        "Preferred_Codec_1_": ("G711u|G711a|G722|G729a|G726-32", "G722"),
        "Second_Preferred_Codec_1_": ("Unspecified|G711u|G711a|G722", "G711a"),
        "Third_Preferred_Codec_1_": ("Unspecified|G711u|G711a|G722", "G711u"),
        "Use_Pref_Codec_Only_1_": (YES_NO, "No"),
        "Voice_Mail_Number": (".*", "*97"),
        "Call_Pickup_Code": (".*", "**"),
        "Attendant_Console_Call_Pickup_Code": (".*", "**"),
        "Time_Zone": ("GMT(?:[+-][0-9]{2}:[0-9]{2})?", "GMT+01:00"),
        "Daylight_Saving_Time_Rule": (
            "start=[0-9/:-]+;end=[0-9/:-]+;save=-?[0-9:]+",
            "start=3/-1/7/2:0:0;end=10/-1/7/3:0:0;save=1:0:0",
        ),
        "Daylight_Saving_Time_Enable": (YES_NO, "Yes"),
        "Extension_1_": ("Disabled|[0-9]", "1"),
        "Short_Name_1_": (".+", "1000"),
        "Extension_2_": ("Disabled|[0-9]", "Disabled"),
        "Short_Name_2_": (".+", "Anna"),
        "Extended_Function_2_": (
            r"fnc=[a-z+]+(?:;sub=[^;]+)?;ext=[^;]+;nme=[^;]*",
            "fnc=blf+sd+cp;sub=1001@$PROXY;ext=1001@$PROXY;nme=Anna",
        ),
        "Extension_3_": ("Disabled|[0-9]", "Disabled"),
        "Short_Name_3_": (".+", "Home"),
        "Extended_Function_3_": (
            r"fnc=[a-z+]+(?:;sub=[^;]+)?;ext=[^;]+;nme=[^;]*",
            "fnc=sd;ext=0123@$PROXY;nme=Home",
        ),
    },
    "linphone": {
        # remote provisioning; the sections are those of its configuration file
        "section[sip]/entry[default_proxy]": ("[0-9]+", "0"),
        "section[sip]/entry[media_encryption]": ("none|srtp|zrtp|dtls", "srtp"),
        "section[sip]/entry[media_encryption_mandatory]": (ONE_OR_NONE, "1"),
        "section[sip]/entry[use_info]": (ONE_OR_NONE, "0"),
        "section[sip]/entry[use_rfc2833]": (ONE_OR_NONE, "1"),
        "section[sip]/entry[contact]": (
            '".+" <sip:.+>',
            '"Reception" <sip:1000@pbx.example.org>',
        ),
        "section[proxy_0]/entry[reg_proxy]": (
            "<sip:.+;transport=(?:udp|tcp|tls)>",
            "<sip:pbx.example.org:5061;transport=tls>",
        ),
        "section[proxy_0]/entry[reg_route]": (
            "<sip:.+;transport=(?:udp|tcp|tls);lr>",
            "<sip:pbx.example.org:5061;transport=tls;lr>",
        ),
        "section[proxy_0]/entry[reg_identity]": (
            '".+" <sip:.+>',
            '"Reception" <sip:1000@pbx.example.org>',
        ),
        "section[proxy_0]/entry[realm]": (HOST, "pbx.example.org"),
        "section[proxy_0]/entry[reg_expires]": ("[0-9]+", "1800"),
        "section[proxy_0]/entry[reg_sendregister]": (ONE_OR_NONE, "1"),
        "section[proxy_0]/entry[publish]": (ONE_OR_NONE, "0"),
        "section[auth_info_0]/entry[username]": (".+", "1000"),
        "section[auth_info_0]/entry[userid]": (".+", "1000"),
        "section[auth_info_0]/entry[passwd]": (".+", "p4ss"),
        "section[auth_info_0]/entry[domain]": (HOST, "pbx.example.org"),
        "section[audio_codec_0]/entry[mime]": ("PCMU|PCMA|G722|opus", "G722"),
        "section[audio_codec_0]/entry[rate]": ("[0-9]+", "8000"),
        "section[audio_codec_0]/entry[channels]": ("[12]", "1"),
        "section[audio_codec_0]/entry[enabled]": (ONE_OR_NONE, "1"),
        "section[audio_codec_3]/entry[mime]": ("PCMU|PCMA|G722|opus", "opus"),
        "section[audio_codec_3]/entry[rate]": ("[0-9]+", "48000"),
        "section[audio_codec_3]/entry[channels]": ("[12]", "2"),
    },
    "zoiper": {
        # XML configuration
        "accounts/account/ident": (".+", "1000"),
        "accounts/account/name": (".+", "Reception"),
        "accounts/account/username": (".+", "1000"),
        "accounts/account/password": (".+", "p4ss"),
        "accounts/account/protocol": ("SIP|IAX2|XMPP|RTSP", "SIP"),
        "accounts/account/registration_mode": ("default|custom", "custom"),
        "accounts/account/reregistration_time": ("[0-9]+", "1800"),
        "accounts/account/SIP_domain": (HOST, "pbx.example.org:5061"),
        "accounts/account/SIP_use_outbound_proxy": ("true|false", "false"),
        "accounts/account/SIP_outbound_proxy": (f"(?:{HOST})?", ""),
        "accounts/account/SIP_transport_type": ("UDP|TCP|TLS", "TLS"),
        "accounts/account/SIP_use_auth_username": ("true|false", "true"),
        "accounts/account/SIP_auth_username": (".+", "1000"),
        "accounts/account/SIP_callerid": (".+", "Reception"),
        "accounts/account/SIP_use_rport": ("true|false", "true"),
        "accounts/account/SIP_srtp_mode": ("none|SDES", "SDES"),
        "accounts/account/SIP_dtmf_style": (
            "inband|rfc_2833|SIP_info_numeric|SIP_info_ascii|disabled",
            "rfc_2833",
        ),
        "accounts/account/SIP_use_blf": ("true|false", "true"),
        "accounts/account/codecs/codec/codec_id": ("[0-9]+", "7"),
        "accounts/account/codecs/codec/priority": ("[0-9]+", "1"),
        "accounts/account/codecs/codec/enabled": ("true|false", "true"),
    },
}
"""By maker and key: the form of values that the maker documents, and what the usual phone gets."""
MORE = ("section[audio_codec_",)
"Keys that a file may have beside those of the table: further codecs of Linphone."


def read(maker: str, text: str) -> dict[str, str]:
    return READ.get(maker, elements)(text)


def test_every_maker_has_a_table() -> None:
    assert FORMS.keys() == {maker.name for maker in MAKERS}


@pytest.mark.parametrize("maker", FORMS)
def test_a_file_has_the_documented_keys_and_no_others(maker: str) -> None:
    found = read(maker, written(maker))
    assert {key: found.get(key) for key in FORMS[maker]} == {
        key: value for key, (_, value) in FORMS[maker].items()
    }
    assert [key for key in found if key not in FORMS[maker] and not key.startswith(MORE)] == []


VARIETY: list[dict[str, object]] = [
    {},
    BARE,
    *({"transport": each} for each in ("udp", "tcp", "tls")),
    *({"srtp": each} for each in ("off", "optional", "required")),
    *({"dtmf": each} for each in ("event", "info", "inband")),
    *({"codecs": each} for each in (("PCMA",), ("opus",), ("opus", "G722"))),
    {"proxy": True, "server": "192.0.2.5", "host_port": "192.0.2.5:5060"},
    {"pickup": ""},
    {"url": "http://127.0.0.1:9509/provisioning/1000/s3cret/"},
]
"Phones that differ in one thing, or in all."


@pytest.mark.parametrize("maker", FORMS)
@pytest.mark.parametrize("changes", VARIETY, ids=lambda each: ",".join(each) or "usual")
def test_values_always_have_the_documented_form(maker: str, changes: dict[str, object]) -> None:
    found = read(maker, written(maker, **changes))
    for key, value in found.items():
        form, _ = FORMS[maker].get(key, (".*", ""))
        is_url = "provisioning/" in value
        assert is_url or re.fullmatch(form, value), f"{key}: {value!r} is no {form}"


MEANINGS = [
    ("yealink", {"transport": "udp"}, "account.1.sip_server.1.transport_type", "0"),
    ("yealink", {"transport": "tcp"}, "account.1.sip_server.1.transport_type", "1"),
    ("yealink", {"srtp": "off"}, "account.1.srtp_encryption", "0"),
    ("yealink", {"srtp": "optional"}, "account.1.srtp_encryption", "1"),
    ("yealink", {"dtmf": "inband"}, "account.1.dtmf.type", "0"),
    ("yealink", {"dtmf": "info"}, "account.1.dtmf.type", "2"),
    ("yealink", {"codecs": ("PCMA",)}, "account.1.codec.opus.enable", "0"),
    ("grandstream", {"transport": "udp"}, "config/P130", "0"),
    ("grandstream", {"transport": "tcp"}, "config/P130", "1"),
    ("grandstream", {"srtp": "off"}, "config/P183", "0"),
    ("grandstream", {"srtp": "optional"}, "config/P183", "2"),
    ("grandstream", {"dtmf": "inband"}, "config/P2301", "1"),
    ("grandstream", {"dtmf": "info"}, "config/P2303", "1"),
    ("snom", {"srtp": "off"}, "phone-settings/user_srtp[1]", "off"),
    ("snom", {"srtp": "off"}, "phone-settings/user_savp[1]", "off"),
    ("snom", {"srtp": "optional"}, "phone-settings/user_savp[1]", "optional"),
    ("snom", {"dtmf": "info"}, "phone-settings/user_dtmf_info[1]", "on"),
    ("fanvil", {"transport": "udp"}, "sip/line[1]/Transport", "0"),
    ("fanvil", {"transport": "tcp"}, "sip/line[1]/Transport", "1"),
    ("fanvil", {"dtmf": "inband"}, "sip/line[1]/DTMFMode", "0"),
    ("fanvil", {"dtmf": "info"}, "sip/line[1]/DTMFMode", "2"),
    ("fanvil", {"srtp": "off"}, "sip/line[1]/MediaCrypto", "0"),
    ("fanvil", {"srtp": "optional"}, "sip/line[1]/EnableOSRTP", "1"),
    ("cisco-spa", {"transport": "udp"}, "SIP_Transport_1_", "UDP"),
    ("cisco-spa", {"srtp": "off"}, "Secure_Call_Setting", "No"),
    ("cisco-spa", {"dtmf": "inband"}, "DTMF_Tx_Method_1_", "InBand"),
    ("cisco-spa", {"dtmf": "info"}, "DTMF_Tx_Method_1_", "INFO"),
    ("cisco-spa", {"codecs": ("opus",)}, "Preferred_Codec_1_", "G711u"),
    ("linphone", {"srtp": "off"}, "section[sip]/entry[media_encryption]", "none"),
    ("linphone", {"srtp": "optional"}, "section[sip]/entry[media_encryption_mandatory]", "0"),
    ("linphone", {"dtmf": "info"}, "section[sip]/entry[use_info]", "1"),
    ("zoiper", {"srtp": "off"}, "accounts/account/SIP_srtp_mode", "none"),
    ("zoiper", {"transport": "tcp"}, "accounts/account/SIP_transport_type", "TCP"),
    ("zoiper", {"dtmf": "info"}, "accounts/account/SIP_dtmf_style", "SIP_info_numeric"),
]


@pytest.mark.parametrize(("maker", "changes", "key", "value"), MEANINGS)
def test_a_setting_becomes_the_value_that_means_it(
    maker: str, changes: dict[str, object], key: str, value: str
) -> None:
    assert read(maker, written(maker, **changes))[key] == value


PROXIES = {
    "yealink": ("account.1.outbound_proxy.1.address", "192.0.2.5"),
    "grandstream": ("config/P48", "192.0.2.5:5060"),
    "snom": ("phone-settings/user_outbound[1]", "sip:192.0.2.5:5060;transport=tls"),
    "fanvil": ("sip/line[1]/ProxyAddr", "192.0.2.5"),
    "cisco-spa": ("Outbound_Proxy_1_", "192.0.2.5:5060"),
    "linphone": ("section[proxy_0]/entry[reg_route]", "<sip:192.0.2.5:5060;transport=tls;lr>"),
    "zoiper": ("accounts/account/SIP_outbound_proxy", "192.0.2.5:5060"),
}


@pytest.mark.parametrize("maker", FORMS)
def test_a_server_that_the_domain_does_not_name_is_a_proxy(maker: str) -> None:
    found = read(
        maker, written(maker, proxy=True, server="192.0.2.5", host_port="192.0.2.5:5060", port=5060)
    )
    key, value = PROXIES[maker]
    assert found[key] == value
