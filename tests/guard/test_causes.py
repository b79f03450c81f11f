"""Errors of real connections, told in the words of the switch."""

from __future__ import annotations

import asyncio
import errno
import re
import ssl

import aiohttp
import aiosmtplib
import pytest

from softswitch.guard.causes import CAUSES, CERTIFICATE, UNKNOWN, cause
from softswitch.guard.fetcher import Fetcher, FetchRefused, NoConnection
from tests.ports import free_port

WORDS_OF_LIBRARIES = re.compile(r"Errno|Error|Connect call|_ssl|\[|\(|Cannot connect|None")


@pytest.mark.parametrize(("kind", "words"), CAUSES)
def test_every_row_is_told(kind: type[BaseException], words: str) -> None:
    error = kind.__new__(kind)
    if isinstance(error, ssl.SSLCertVerificationError):
        error.verify_code = 1  # of no row of the codes
    assert cause(error) == words
    assert WORDS_OF_LIBRARIES.search(words) is None


@pytest.mark.parametrize(("code", "words"), CERTIFICATE.items())
def test_every_fault_of_a_certificate_is_told(code: int, words: str) -> None:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify")
    error.verify_code = code
    assert cause(error) == words


def test_the_system_has_its_own_words() -> None:
    assert cause(OSError(errno.EHOSTUNREACH, "Connect call failed")) == "no route to host"
    assert cause(OSError("Multiple exceptions: [Errno 111] Connect call failed")) == UNKNOWN
    assert cause(aiosmtplib.SMTPServerDisconnected("Server not connected")) == (
        "the connection ended"
    )


async def answered(octets: bytes) -> str:
    """What the fetcher says of a server that sends these octets and closes the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(octets)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Fetcher(origins=[f"http://127.0.0.1:{port}"]) as fetcher:
        with pytest.raises(NoConnection) as caught:
            await fetcher.get(f"http://127.0.0.1:{port}/a?b=c")
    return str(caught.value).partition("/a: ")[2]


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "the connection ended before an answer"),
        (b"SSH-2.0-x\r\n\r\n", "the answer is no HTTP"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
            "the connection ended within the answer",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -9\r\n\r\n", "the answer is no HTTP"),
    ],
)
async def test_a_server_that_is_no_web_server(octets: bytes, words: str) -> None:
    assert await answered(octets) == words


async def test_nobody_listens_and_a_name_that_is_none() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with Fetcher(origins=[url, "https://name.invalid"]) as fetcher:
        with pytest.raises(NoConnection, match=f"^{url}: connection refused$"):
            await fetcher.get(url)
        with pytest.raises(
            NoConnection, match=r"^https://name.invalid: the name cannot be resolved$"
        ):
            await fetcher.get("https://name.invalid")


async def test_a_redirect_to_what_is_no_url_is_refused_in_our_words() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://a:b/\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Fetcher(origins=[f"http://127.0.0.1:{port}"]) as fetcher:
        with pytest.raises(FetchRefused) as caught:
            await fetcher.get(f"http://127.0.0.1:{port}/")
    assert str(caught.value).endswith(": it redirects to what is no URL")


def test_aiohttp_has_no_kind_of_error_that_nobody_thought_of() -> None:
    known = tuple(kind for kind, _ in CAUSES)
    kinds = [each for each in vars(aiohttp.client_exceptions).values() if isinstance(each, type)]
    others = {
        each.__name__
        for each in kinds
        if issubclass(each, aiohttp.ClientError) and not issubclass(each, (*known, OSError))
    }
    # The first two are general, the others cannot happen here: no proxy, no redirects of aiohttp.
    assert others <= {
        "ClientError",
        "ClientConnectionError",
        "ServerConnectionError",
        "ServerFingerprintMismatch",
        "NonHttpUrlClientError",
        "RedirectClientError",
        "NonHttpUrlRedirectClientError",
        "UploadAbortedError",
    }
