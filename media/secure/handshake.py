"""The handshake of one leg: its association, whose certificate it must show, how long it may take.

The far end may begin before its description is known (RFC 5763 section 5). Then the association is
made, but its keys are withheld until the fingerprint of its certificate is known, and fits.

Anybody can forge an alert in the clear, and OpenSSL would end the handshake for it. So such alerts
are only noted: they count when nothing else comes any more. A handshake that fails is begun once
more, for whatever else somebody may forge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from media.control.security import Dtls, SrtpKeys
from media.secure import records
from media.secure.association import Association, AssociationFailed, DtlsContext
from media.secure.certificate import fits
from media.secure.records import DtlsRecord

LIMIT = 30.0
"Seconds from the answer until the keys must be agreed; half a handshake lives as long before it."
ALERT_PATIENCE = 3.0
"Seconds without progress after which an alert in the clear is believed."

CLIENT_HELLO = 1
"The type of the handshake message that a far end begins with."

ALERTS: dict[int, str] = {
    10: "unexpected_message",
    20: "bad_record_mac",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    109: "missing_extension",
    116: "certificate_required",
}
"Descriptions of fatal alerts (RFC 8446 section 6)."

WRONG_CERTIFICATE = "the certificate of the far end is not the one that its description announces"
TOO_LATE = f"no DTLS handshake within {LIMIT:.0f} s"


@dataclass(frozen=True, slots=True)
class HandshakeStep:
    """What is to be done after something has happened."""

    datagrams: list[bytes] = field(default_factory=list)
    "These are to be sent."
    keys: SrtpKeys | None = None
    "These protect the leg from now on: they are agreed, and with the right one."
    failure: str = ""
    "A sentence: there will be no keys."


class Handshake:
    """How one leg comes by its keys."""

    def __init__(self, context: DtlsContext, dtls: Dtls, now: float) -> None:
        self._context = context
        self._dtls = dtls
        self._association: Association | None = None
        self._begun_at = now
        self._answered_at = now if dtls.fingerprints else math.inf
        self._retried = False
        self._alert: int | None = None
        self._alert_at = now
        self._secured = self._failed = False

    @property
    def in_progress(self) -> bool:
        """Whether `tick` may have something to do."""
        return not self._secured and not self._failed

    @property
    def waits_to_begin(self) -> bool:
        """Whether `begin` is due as soon as the far end can be reached."""
        return self._dtls.active and self._association is None and not self._failed

    def configure(self, dtls: Dtls, now: float) -> HandshakeStep:
        """Take what another offer or answer says.

        Another number of the association, or another role, asks for a new one (RFC 8842). The keys
        of the old one stay in use until it is agreed.
        """
        renewed = dtls.association != self._dtls.association or dtls.active != self._dtls.active
        known = dtls.fingerprints and not self._dtls.fingerprints
        changed = dtls.fingerprints != self._dtls.fingerprints
        self._dtls = dtls
        if renewed:
            self._association = None
            self._retried = self._secured = self._failed = False
        if dtls.fingerprints and (renewed or known):
            self._answered_at = now
        return self._judge() if changed and not renewed else HandshakeStep()

    def begin(self, now: float) -> HandshakeStep:
        """Send the ClientHello."""
        self._associate(now)
        return self._advance(b"", now)

    def begin_anew(self) -> None:
        """Forget what was begun with the wrong far end; what is agreed stays."""
        if self.in_progress:
            self._association, self._alert = None, None

    def receive(self, datagram: bytes, now: float) -> HandshakeStep:
        """Take a datagram of the far end."""
        leaving: list[bytes] = []
        for record in records.split(datagram):
            if self._failed:
                break
            if self._passes(record, now):
                step = self._advance(record.octets, now)
                leaving += step.datagrams
                if step.keys or step.failure:
                    return HandshakeStep(leaving, step.keys, step.failure)
        return HandshakeStep(leaving)

    def tick(self, now: float) -> HandshakeStep:
        """Repeat what got lost, and give up what takes too long, while in progress."""
        if not self.in_progress:
            return HandshakeStep()
        if self._alert is not None and now - self._alert_at >= ALERT_PATIENCE:
            alert = ALERTS.get(self._alert, f"alert {self._alert}")
            return self._fail(f"the far end ended the DTLS handshake: {alert}")
        if now - self._answered_at >= LIMIT:
            return self._fail(TOO_LATE)
        if self._association is None or self._association.keys is not None:
            return HandshakeStep()
        if self._answered_at == math.inf and now - self._begun_at >= LIMIT:
            self._association = None
            return HandshakeStep()
        return self._repeat(self._association)

    def _repeat(self, association: Association) -> HandshakeStep:
        try:
            return HandshakeStep(association.repeat())
        except AssociationFailed as error:
            return self._fail(f"the DTLS handshake failed: {error}")

    def _passes(self, record: DtlsRecord, now: float) -> bool:
        """Whether a record is fed to the association, which a ClientHello makes."""
        if self._association is not None and self._association.keys is not None:
            return True
        if record.fatal_alert is not None:
            self._alert, self._alert_at = record.fatal_alert, now
            return False
        if record.epoch == 0 and record.kind == records.ALERT:
            return False
        if self._association is None:
            begins = record.kind == records.HANDSHAKE and record.epoch == 0
            if self._dtls.active or not begins or record.octets[records.HEADER] != CLIENT_HELLO:
                return False
            self._associate(now)
        self._alert = None
        return True

    def _associate(self, now: float) -> None:
        self._association = Association(self._context, active=self._dtls.active)
        self._begun_at, self._alert = now, None

    def _advance(self, record: bytes, now: float) -> HandshakeStep:
        assert self._association is not None
        agreed = self._association.keys is not None
        try:
            leaving = self._association.advance(record)
        except AssociationFailed as error:
            if self._retried or error.by_far_end:
                return self._fail(f"the DTLS handshake failed: {error}")
            self._retried = True
            self._association = None
            return self.begin(now) if self._dtls.active else HandshakeStep()
        if agreed or self._association.keys is None:
            return HandshakeStep(leaving)
        judged = self._judge()
        return HandshakeStep(leaving, judged.keys, judged.failure)

    def _judge(self) -> HandshakeStep:
        """Look whether the certificate is the right one, once both are known."""
        association = self._association
        if association is None or association.keys is None or not self._dtls.fingerprints:
            return HandshakeStep()
        assert association.certificate is not None
        if not fits(association.certificate, self._dtls.fingerprints):
            if not self._secured and self._begun_at < self._answered_at:
                # Of several phones that were offered the same, another one has answered.
                self._association = None
                return HandshakeStep()
            return self._fail(WRONG_CERTIFICATE)
        if self._secured:
            return HandshakeStep()
        self._secured = True
        return HandshakeStep(keys=association.keys)

    def _fail(self, why: str) -> HandshakeStep:
        self._failed, self._secured = True, False
        self._association = None
        return HandshakeStep(failure=why)
