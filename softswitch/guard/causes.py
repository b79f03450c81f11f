"""Why the network did not do what was asked, in our words instead of those of its libraries.

They stand in notifications, states of messages and answers; what a peer itself says is no concern
of this module. Errors of the system have the system's words (`connection refused`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl

import aiohttp

CERTIFICATE: dict[int, str] = {
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "the certificate is signed by itself",
    19: "the certificate is signed by an authority that is not trusted",
    20: "the certificate is signed by an authority that is not known",
    21: "the certificate is signed by an authority that is not known",
    23: "the certificate has been revoked",
    62: "the certificate is for another name",
    64: "the certificate is for another address",
}
"By the codes of OpenSSL (x509_vfy.h)."

# A more special kind stands before the kinds that it belongs to.
CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "the certificate cannot be trusted"),
    (ssl.SSLError, "no encrypted connection could be agreed on"),
    (socket.gaierror, "the name cannot be resolved"),
    (TimeoutError, "no answer in time"),
    (aiohttp.ServerDisconnectedError, "the connection ended before an answer"),
    (aiohttp.ClientPayloadError, "the connection ended within the answer"),
    (aiohttp.ClientResponseError, "the answer is no HTTP"),
    (aiohttp.InvalidURL, "not a URL"),
    (asyncio.IncompleteReadError, "the connection ended"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, "the connection ended"),
)
"What went wrong, by the kind of error."
UNKNOWN = "the connection failed"


def cause(error: BaseException) -> str:
    """One clause without the name of any class: `connection refused`."""
    inner = getattr(error, "os_error", None)  # what aiohttp met when it connected
    if isinstance(inner, OSError) and inner is not error:
        return cause(inner)
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in CERTIFICATE:
        return CERTIFICATE[error.verify_code]
    special = isinstance(error, ssl.SSLError | socket.gaierror | TimeoutError)
    if isinstance(error, OSError) and error.errno and not special:
        return os.strerror(error.errno).lower()
    return next((words for kind, words in CAUSES if isinstance(error, kind)), UNKNOWN)
