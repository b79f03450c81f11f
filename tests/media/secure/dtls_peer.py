"""An independent far end of DTLS-SRTP, straight on pyOpenSSL, in memory."""

from __future__ import annotations

from OpenSSL import SSL

from media.secure.certificate import DtlsCertificate

GCM = b"SRTP_AEAD_AES_128_GCM"
CM_80 = b"SRTP_AES128_CM_SHA1_80"
CM_32 = b"SRTP_AES128_CM_SHA1_32"
KEY_AND_SALT = {GCM: (16, 12), CM_80: (16, 14)}


class DtlsPeer:
    """A far end with a certificate of its own."""

    def __init__(
        self,
        *,
        active: bool,
        profiles: bytes = GCM + b":" + CM_80,
        shows_certificate: bool = True,
        version: int = 0xFEFD,
        certificate: DtlsCertificate | None = None,
    ) -> None:
        self.active = active
        self.certificate = made = certificate or DtlsCertificate()
        self.fingerprint = made.fingerprint
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_options(SSL.OP_NO_QUERY_MTU)
        context.set_max_proto_version(version)
        if version != 0xFEFD:
            context.set_cipher_list(b"ALL:@SECLEVEL=0")
        if shows_certificate:
            context.use_privatekey(made.key)
            context.use_certificate(made.certificate)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        if profiles:
            context.set_tlsext_use_srtp(profiles)
        self.connection = SSL.Connection(context, None)
        self.connection.set_ciphertext_mtu(400)
        if active:
            self.connection.set_connect_state()
        else:
            self.connection.set_accept_state()
        self.done = False
        self.ended = False
        "Whether the switch has said goodbye, or an alert."

    def go_on(self, datagrams: list[bytes] | tuple[bytes, ...] = ()) -> list[bytes]:
        """Take datagrams; return what leaves, each record in a datagram of its own."""
        for datagram in datagrams:
            self.connection.bio_write(datagram)
            self._turn()
        if not datagrams:
            self._turn()
        return self._leaving()

    def _turn(self) -> None:
        try:
            if not self.done:
                self.connection.do_handshake()
                self.done = True
            self.connection.recv(100)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.ended = True

    def say_goodbye(self) -> list[bytes]:
        self.connection.shutdown()
        return self._leaving()

    def _leaving(self) -> list[bytes]:
        datagrams = []
        try:
            while True:
                flight = self.connection.bio_read(65536)
                while flight:
                    end = 13 + int.from_bytes(flight[11:13], "big")
                    datagrams.append(flight[:end])
                    flight = flight[end:]
        except SSL.WantReadError:
            return datagrams

    def keys(self) -> tuple[bytes, bytes]:
        """Return master key and salt of what this far end sends, and of what it hears."""
        profile = self.connection.get_selected_srtp_profile()
        key, salt = KEY_AND_SALT[profile]
        exported = self.connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        client = exported[:key] + exported[2 * key : 2 * key + salt]
        server = exported[key : 2 * key] + exported[2 * key + salt :]
        return (client, server) if self.active else (server, client)
