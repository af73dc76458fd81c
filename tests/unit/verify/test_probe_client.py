"""Servers that misbehave: each request ends with a reason, in time and in bounds."""

import asyncio
import ssl
import time
from dataclasses import replace

import pytest
import trustme

from pulumi_tke_hybrid.verify.answers import SIGNATURE, Version, read
from pulumi_tke_hybrid.verify.probe_client import ProbeClient, Reply
from pulumi_tke_hybrid.verify.target import Limits, Target
from tests.unit.verify.servers import Handler, always, http, serving

QUICK = Limits(connect=0.05, answer=0.05, quiet=0.03)
PATIENT = Limits(connect=2, answer=2, quiet=0.03)
WHO = b"Hostname: web-0\nRemoteAddr: 127.0.0.1:1\n"


def reply_of(handler: Handler, target: Target | None = None, limits: Limits = PATIENT) -> Reply:
    async def main() -> Reply:
        async with serving(handler) as port:
            return await ProbeClient(
                replace(target or Target("http", "127.0.0.1", 1), port=port), "127.0.0.1", limits
            ).send({"User-Agent": "t"})

    return asyncio.run(main())


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def _endless_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        await writer.drain()


async def _big_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(160):
        writer.write(b"X-Filler: " + b"y" * 65536 + b"\r\n")
        await writer.drain()


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(10)


async def _half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHostname")


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (_endless, "longer than 262144 bytes"),
        (_endless_chunks, "longer than 262144 bytes"),
        (_big_head, "head is longer than 65536 bytes"),
        (_half, "closed in the middle"),
        (always(b"\x00\x01\x02\r\n\r\n"), "not HTTP"),
        (always(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "not HTTP"),
        (always(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), "broken header"),
        (always(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), "broken Content-Length"),
        (always(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), "longer than"),
        (always(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"), "was not requested"),
        (always(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "broken chunk"),
        (always(b"HTTP/1.1 100 Continue\r\n\r\n" * 9), "interim"),
        (
            always(http(b"", "302 Found", "Location: http://elsewhere/?token=secret\r\n")),
            "redirected to http://elsewhere/;",
        ),
        (always(http(b"", "404 Not Found")), "HTTP 404"),
    ],
)
def test_a_hostile_answer_is_a_problem_with_its_reason(handler: Handler, words: str) -> None:
    started = time.monotonic()
    reply = reply_of(handler)
    assert words in reply.problem
    assert "secret" not in reply.problem
    assert not reply.failure
    assert time.monotonic() - started < 2


def test_a_slow_or_silent_server_ends_with_the_limit() -> None:
    assert reply_of(_drip, limits=QUICK).problem == "no complete answer within 0.05 s"
    assert reply_of(_silent, limits=QUICK).failure == "connected, but no answer within 0.05 s"


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (always(b""), "closed without an answer"),
        (always(http(b"", "503 Service Unavailable")), "HTTP 503"),
    ],
)
def test_an_answer_without_a_pod_is_a_failure(handler: Handler, words: str) -> None:
    reply = reply_of(handler)
    assert words in reply.failure
    assert not reply.problem


def test_a_closed_port_is_a_failure() -> None:
    reply = asyncio.run(ProbeClient(Target("http", "127.0.0.1", 9), "127.0.0.1", QUICK).send({}))
    assert "no connection" in reply.failure


@pytest.mark.parametrize(
    "answer",
    [
        http(WHO),
        b"HTTP/1.0 200 OK\r\n\r\n" + WHO,
        b"HTTP/1.1 100 Continue\r\n\r\n" + http(WHO),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nHostn\r\n%x\r\n%b\r\n0\r\n\r\n"
        % (len(WHO) - 5, WHO[5:]),
    ],
)
def test_ordinary_answers_are_read_to_the_byte(answer: bytes) -> None:
    reply = reply_of(always(answer))
    assert reply.body == WHO
    assert reply.local == "127.0.0.1"


def test_plain_tcp_is_read_until_silence() -> None:
    async def greets_and_stays(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"127.0.0.1:40000 web-0\n")
        await asyncio.sleep(10)

    reply = reply_of(greets_and_stays, Target("tcp", "127.0.0.1", 1))
    assert read(reply.body).pod == "web-0"
    for _ in range(20):  # and however close the end follows the answer
        assert (
            read(reply_of(always(b"127.0.0.1:40000 web-0\n"), Target("tcp", "127.0.0.1", 1)).body).pod
            == "web-0"
        )
    assert "longer than" in reply_of(_endless, Target("tcp", "127.0.0.1", 1)).problem
    assert "no answer" in reply_of(_silent, Target("tcp", "127.0.0.1", 1), QUICK).failure


@pytest.mark.parametrize(
    ("version", "begins"), [("v1", b"PROXY UNKNOWN\r\nGET"), ("v2", SIGNATURE + b"\x20\x00\x00\x00GET")]
)
def test_a_port_with_the_proxy_protocol_gets_a_header_without_a_client(
    version: Version, begins: bytes
) -> None:
    seen: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readexactly(len(begins)))
        writer.write(http(WHO))

    assert reply_of(handle, Target("http", "127.0.0.1", 1, proxy_protocol=version)).body == WHO
    assert seen == [begins]


def test_https_checks_the_certificate_unless_insecure() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("shop.example.com").configure_cert(context)

    async def main() -> list[Reply]:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(http(WHO))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        target = Target("https", "127.0.0.1", port, host_header="shop.example.com")
        limits = Limits(connect=2, answer=2)
        replies = [
            await ProbeClient(replace(target, insecure=insecure), "127.0.0.1", limits).send({})
            for insecure in (False, True)
        ]
        server.close()
        return replies

    checked, unchecked = asyncio.run(main())
    assert "certificate" in checked.failure
    assert unchecked.body == WHO


def test_a_query_is_not_shown() -> None:
    assert (
        Target("https", "shop.example.com", 443, "/debug?token=secret").shown
        == "https://shop.example.com:443/debug"
    )


class _Echo(asyncio.DatagramProtocol):
    """Answers each datagram with the address that it came from, or with nothing."""

    def __init__(self, silent: bool) -> None:
        self._silent = silent
        self.transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.transport and not self._silent:
            self.transport.sendto(f'{{"peer": "{addr[0]}", "pod": "web-0"}}'.encode(), addr)


def datagram(silent: bool) -> Reply:
    async def main() -> Reply:
        loop = asyncio.get_running_loop()
        transport, echo = await loop.create_datagram_endpoint(
            lambda: _Echo(silent), local_addr=("127.0.0.1", 0)
        )
        echo.transport = transport
        port = transport.get_extra_info("sockname")[1]
        try:
            return await ProbeClient(
                Target("udp", "127.0.0.1", port), "127.0.0.1", Limits(answer=0.05 if silent else 5)
            ).send({})
        finally:
            transport.close()

    return asyncio.run(main())


def test_a_datagram_is_answered_with_its_source_address() -> None:
    reply = datagram(silent=False)
    assert (reply.local, reply.failure, read(reply.body, "peer", "pod").peer) == (
        "127.0.0.1",
        "",
        "127.0.0.1",
    )


def test_an_application_that_answers_no_datagram_is_the_reason() -> None:
    assert "the application must answer each datagram" in datagram(silent=True).failure


def test_a_closed_port_of_udp_is_no_answer() -> None:
    reply = asyncio.run(ProbeClient(Target("udp", "127.0.0.1", 9), "127.0.0.1", QUICK).send({}))
    assert reply.failure
