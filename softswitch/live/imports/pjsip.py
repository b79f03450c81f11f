"""Reads Asterisk's pjsip.conf: endpoints become phones, and trunks where they have an address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from softswitch.live.imports.asterisk_files import AsteriskSection, read_sections
from softswitch.live.imports.imported import Imported, ImportedEntry, ImportedPlace

DTMF = {"rfc4733": "event", "info": "info", "inband": "inband", "auto": "auto", "auto_info": "auto"}
"`dtmf_mode`, and what it is here."
MAPPED: Mapping[str, frozenset[str]] = {
    "endpoint": frozenset(
        ("type", "auth", "aors", "callerid", "dtmf_mode", "media_encryption", "outbound_auth",
         "from_domain", "from_user")
    ),
    "auth": frozenset(("type", "auth_type", "username", "password")),
    "aor": frozenset(("type", "max_contacts", "contact")),
    "identify": frozenset(("type", "endpoint", "match")),
    "registration": frozenset(
        ("type", "server_uri", "client_uri", "outbound_auth", "expiration", "endpoint", "line")
    ),
}  # fmt: skip
"Keys that are imported, by the type of their section."
_URI = re.compile(r"<?sips?:(?:([^@>;]*)@)?([^;>?]+)")


def read_pjsip(text: str) -> Imported:
    """The phones and trunks of the file."""
    found = Imported()
    by_type: dict[str, dict[str, AsteriskSection]] = {kind: {} for kind in MAPPED}
    for section in read_sections(text, found):
        kind = section.get("type").lower()
        if kind not in MAPPED:
            found.leave_out(section.line, f"type = {kind or section.name}")
            continue
        by_type[kind][section.name] = section
        for pair in section.pairs:
            if pair.key not in MAPPED[kind]:
                found.leave_out(pair.line, f"{kind}: {pair.key}")
    for endpoint in by_type["endpoint"].values():
        _Endpoint(endpoint, by_type, found).read()
    return found


class _Endpoint:
    """An endpoint, and the sections that belong to it."""

    def __init__(
        self,
        section: AsteriskSection,
        by_type: Mapping[str, Mapping[str, AsteriskSection]],
        found: Imported,
    ) -> None:
        self._section = section
        self._auths = by_type["auth"]
        self._found = found
        name = section.name
        self._aors = [by_type["aor"][aor] for aor in section.all("aors") if aor in by_type["aor"]]
        self._contacts = [contact for aor in self._aors for contact in aor.all("contact")]
        self._networks = [
            network
            for identify in by_type["identify"].values()
            if identify.get("endpoint") == name
            for network in identify.all("match")
        ]
        out = set(section.all("outbound_auth"))
        self._registration = next(
            (
                each
                for each in by_type["registration"].values()
                if name in (each.get("endpoint"), each.name)
                or out.intersection(each.all("outbound_auth"))
            ),
            None,
        )

    def read(self) -> None:
        """Add the phone or the trunk that it is."""
        is_trunk = self._contacts or self._networks or self._registration is not None
        body = self._trunk() if is_trunk else self._phone()
        if body is not None:
            body |= _srtp(self._section.get("media_encryption"))
            collection = "trunks" if is_trunk else "extensions"
            entry = ImportedEntry(collection, body, self._section.line, self._places(body))
            self._found.entries.append(entry)

    def _places(self, body: Mapping[str, Any]) -> dict[str, ImportedPlace]:
        """Where the keys of the entry stand."""
        encryption = dict.fromkeys(("srtp", "srtp_keys"), "media_encryption")
        found = self._section.places(name="callerid", dtmf="dtmf_mode", **encryption)
        found |= self._section.places(domain="from_domain")
        for aor in self._aors:
            found |= aor.places(max_contacts="max_contacts", host="contact")
        if self._registration is not None:
            found |= self._registration.places(expires="expiration", host="server_uri")
        for name in self._section.all("auth", "outbound_auth"):
            if name in self._auths:
                found |= self._auths[name].places(password="password", username="username")
        return {key: place for key, place in found.items() if key in body}

    def _phone(self) -> dict[str, Any] | None:
        body: dict[str, Any] = {"type": "phone", "number": self._section.name}
        name = self._section.get("callerid").partition("<")[0].strip().strip('"')
        if name:
            body["name"] = name
        dtmf = self._section.get("dtmf_mode").lower()
        if dtmf in DTMF:
            body["dtmf"] = DTMF[dtmf]
        most = next((aor.get("max_contacts") for aor in self._aors), "")
        if most not in ("", "0"):
            body["max_contacts"] = most
        return self._with_password(body, "auth", "number")

    def _trunk(self) -> dict[str, Any] | None:
        server = self._registration.get("server_uri") if self._registration is not None else ""
        uri = _URI.match(next(iter(self._contacts), server))
        host = uri[2] if uri is not None else next(iter(self._networks), "").partition("/")[0]
        body: dict[str, Any] = {"name": self._section.name, "host": host}
        if self._networks:
            body["networks"] = self._networks
        if domain := self._section.get("from_domain"):
            body["domain"] = domain
        if self._registration is not None:
            body["register"] = True
            if expires := self._registration.get("expiration"):
                body["expires"] = expires
        return self._with_password(body, "outbound_auth", "username")

    def _with_password(self, body: dict[str, Any], key: str, user: str) -> dict[str, Any] | None:
        """The entry with what its `auth` section says; None where that cannot be had."""
        names = list(self._section.all(key))
        if key == "outbound_auth" and not names and self._registration is not None:
            names = list(self._registration.all(key))
        auth = next((self._auths[name] for name in names if name in self._auths), None)
        if auth is None:
            return body
        if auth.get("auth_type").lower() in ("md5", "digest") and not auth.get("password"):
            wrong = f"{self._section.name}: its password is there as a hash only, expected password"
            self._found.mistakes.append((auth.line, wrong))
            return None
        if auth.get("password"):
            body["password"] = auth.get("password")
        name = auth.get("username")
        if user == "username" and name:
            body["username"] = name
        elif name not in ("", body[user]):
            self._found.leave_out(auth.line, "auth: a username other than the endpoint's name")
        return body


def _srtp(encryption: str) -> dict[str, str]:
    match encryption.lower():
        case "sdes":
            return {"srtp": "required", "srtp_keys": "sdes"}
        case "dtls":
            return {"srtp": "required", "srtp_keys": "dtls"}
        case _:
            return {}
