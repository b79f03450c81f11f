"""A DTLS association that agrees on keys of SRTP (RFC 5764), without sockets; pyOpenSSL does it."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from OpenSSL import SSL

from media.control.security import SrtpKeys
from media.secure import records
from media.secure.certificate import DtlsCertificate

EXPORTER = b"EXTRACTOR-dtls_srtp"
"The label of section 4.2."
DTLS_1_2 = 0xFEFD
"The oldest version that may be spoken (RFC 8827 section 6.5)."
CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"Suites with forward secrecy and authenticated encryption (RFC 9325 section 4.2)."
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class _Profile:
    """A row of section 4.1.2, or of RFC 7714 section 14.2."""

    suite: str
    "As in `a=crypto`."
    key: int
    salt: int
    "Octets of master key and master salt."


PROFILES: dict[bytes, _Profile] = {
    b"SRTP_AEAD_AES_128_GCM": _Profile("AEAD_AES_128_GCM", 16, 12),
    b"SRTP_AES128_CM_SHA1_80": _Profile("AES_CM_128_HMAC_SHA1_80", 16, 14),
}
"By OpenSSL's name, the preferred one first."


class DtlsContext:
    """What all associations of a worker share."""

    def __init__(self, certificate: DtlsCertificate) -> None:
        context = SSL.Context(SSL.DTLS_METHOD)
        # With OP_NO_QUERY_MTU messages are cut for `MTU`, else for 256 octets. All that is set must
        # be before the first Connection is made.
        context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION)
        context.set_min_proto_version(DTLS_1_2)
        context.set_max_proto_version(DTLS_1_2)
        context.set_cipher_list(CIPHERS)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.use_privatekey(certificate.key)
        context.use_certificate(certificate.certificate)
        # any certificate will do: its fingerprint is looked at
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.set_tlsext_use_srtp(b":".join(PROFILES))
        self.context = context


class AssociationFailed(Exception):
    """The handshake cannot succeed any more; the sentence says why."""

    def __init__(self, why: str, *, by_far_end: bool = False) -> None:
        """Say whether it was the far end, which has shown its certificate, and nobody else."""
        super().__init__(why)
        self.by_far_end = by_far_end


class Association:
    """One association. It must live as long as the call, to repeat its last flight when asked."""

    def __init__(self, context: DtlsContext, *, active: bool) -> None:
        """Send the ClientHello by `advance` if we are `active`, else wait for one."""
        self.active = active
        self._connection = SSL.Connection(context.context, None)
        self._connection.set_ciphertext_mtu(records.MTU)
        if active:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()
        self.certificate: x509.Certificate | None = None
        "The far end's, as soon as it has proved to have the key."
        self.keys: SrtpKeys | None = None
        "What was agreed, at the same time."

    def advance(self, record: bytes = b"") -> list[bytes]:
        """Take a record, go on as far as it goes, and return the datagrams that are to leave.

        Raises `AssociationFailed`; the datagrams that say why to the far end are lost then.
        """
        if record:
            self._connection.bio_write(record)
        try:
            if self.keys is None:
                self._connection.do_handshake()
                self._agree()
            self._read_on()
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            pass  # the far end says goodbye: that ends the association, not the call
        except SSL.Error as error:
            if self.keys is None:
                raise AssociationFailed(_said(error)) from None
        return self._leaving()

    def repeat(self) -> list[bytes]:
        """Return the last flight again if its time has come: after 1 s, 2 s, 4 s …

        Raises `AssociationFailed` after too many times.
        """
        try:
            if not self._connection.DTLSv1_handle_timeout():
                return []
        except SSL.Error as error:
            raise AssociationFailed(_said(error)) from None
        return self._leaving()

    def _read_on(self) -> None:
        """Let OpenSSL look at what comes after the handshake: repeated flights, goodbyes."""
        while self._connection.recv(CHUNK):
            pass  # nobody talks over this association, only its keys are used

    def _agree(self) -> None:
        """Take what was agreed; raises `AssociationFailed` when it is not enough."""
        connection = self._connection
        profile = PROFILES.get(connection.get_selected_srtp_profile())
        if profile is None:
            raise AssociationFailed("no common SRTP profile", by_far_end=True)
        self.certificate = connection.get_peer_certificate(as_cryptography=True)
        key, salt = profile.key, profile.salt
        exported = connection.export_keying_material(EXPORTER, 2 * (key + salt))
        salts = exported[2 * key :]
        client = exported[:key] + salts[:salt]
        server = exported[key : 2 * key] + salts[salt:]
        ours, theirs = (client, server) if self.active else (server, client)
        self.keys = SrtpKeys(profile.suite, ours, theirs)

    def _leaving(self) -> list[bytes]:
        flight = b""
        while True:
            try:
                flight += self._connection.bio_read(CHUNK)
            except SSL.WantReadError:
                return records.pack(flight)


def _said(error: SSL.Error) -> str:
    """Return what OpenSSL says of an error, in its words."""
    told = error.args[0] if error.args else ()
    reasons = [entry[-1] for entry in told if isinstance(entry, tuple) and entry[-1]]
    return "; ".join(reasons) or "the handshake ended"
