"""Answers of pods, also hostile answers, which raise no exception."""

import json

import pytest

from pulumi_tke_hybrid.verify import answers
from pulumi_tke_hybrid.verify.answers import Answer, address_in, chain, from_log_line, read

WHOAMI = (
    "Hostname: web-0\nIP: 127.0.0.1\nIP: ::1\nIP: 10.0.64.5\nRemoteAddr: 10.0.0.3:51234\nGET /"
    " HTTP/1.1\nHost: 10.0.8.10\nX-Forwarded-For: 10.0.0.13, 10.0.8.8\nX-Real-Ip: 10.0.0.13\n\n"
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.3", "10.0.0.3"),
        ("10.0.0.3:5123", "10.0.0.3"),
        ("[fd00::3]:5123", "fd00::3"),
        ("fd00::3", "fd00::3"),
        ("::ffff:10.0.0.3", "10.0.0.3"),
        ("fe80::1%eth0", "fe80::1"),
        (" 10.0.0.3 ", "10.0.0.3"),
        ("10.0.0.300", ""),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_addresses_as_servers_write_them(text: str, address: str) -> None:
    assert address_in(text) == address


def test_text_of_whoami() -> None:
    assert read(WHOAMI.encode()) == Answer(
        peer="10.0.0.3",
        forwarded=("10.0.0.13", "10.0.8.8"),
        real_ip="10.0.0.13",
        pod="web-0",
        addresses=("10.0.64.5",),
    )


def test_json_of_whoami() -> None:
    data = {
        "hostname": "web-0",
        "ip": ["127.0.0.1", "10.0.64.5"],
        "headers": {"X-Forwarded-For": ["10.0.0.13"], "X-Real-Ip": ["10.0.0.13"]},
        "remoteAddr": "10.0.0.3:51234",
    }
    assert read(json.dumps(data).encode()) == Answer(
        peer="10.0.0.3", forwarded=("10.0.0.13",), real_ip="10.0.0.13", pod="web-0", addresses=("10.0.64.5",)
    )


def test_a_request_header_never_counts_as_the_pods_own_line() -> None:
    text = (
        "Hostname: web-0\nRemoteAddr: 192.168.0.65:1\nGET / HTTP/1.1\nRemoteAddr: 10.0.0.3:1\nHostname:"
        " other\n"
    )
    answer = read(text.encode())
    assert (answer.peer, answer.pod) == ("192.168.0.65", "web-0")


def test_a_field_of_the_applications_json() -> None:
    body = json.dumps({"client": {"ips": [{"v4": "10.0.0.3:9"}]}, "os": {"hostname": "web-1"}}).encode()
    assert read(body, "client.ips.0.v4") == Answer(peer="10.0.0.3", pod="web-1")
    assert read(body, "client.ips.0.v4", "os.hostname").pod == "web-1"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"a": 1}, "has no client.ip"),
        ({"client": {"ip": "10.0.0.3, 10.0.0.4"}}, "is not one address"),
        ({"client": {"ip": ["10.0.0.3"]}}, "is not one address"),
        ({"client": []}, "has no client.ip"),
        ([1], "not an object"),
    ],
)
def test_a_field_without_an_address_is_a_problem(body: object, words: str) -> None:
    assert words in read(json.dumps(body).encode(), "client.ip").problem


def test_a_plain_line_holds_an_address_and_perhaps_a_name() -> None:
    assert read(b"10.0.0.3:5123 web-2\r\n") == Answer(peer="10.0.0.3", pod="web-2")
    assert read(b"10.0.0.3:5123") == Answer(peer="10.0.0.3")


def test_client_address_of_echoserver() -> None:
    assert read(b"Hostname: web-3\n\nclient_address=10.0.0.3\nmethod=GET\n") == Answer(
        peer="10.0.0.3", pod="web-3"
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "binary"),
        (b"ok\0ok", "binary"),
        (b"<html><h1>Welcome to nginx!</h1></html>", "--from-log"),
        (b'{"remoteAddr": ', "broken JSON"),
        (b'{"hello": 1}', "--peer-field"),
        (b"[" * 100_000, "names no client"),
        (b'{"a":' * 50_000, "broken JSON"),
        (b"Hostname: web-0\nRemoteAddr: nobody\n", "is no address"),
        (b"Hostname: \x1b[31mweb\nRemoteAddr: 10.0.0.3:1\n", "is no name of a pod"),
        (b"Hostname: <script>\nRemoteAddr: 10.0.0.3:1\n", "is no name of a pod"),
    ],
)
def test_an_unreadable_answer_has_a_reason(body: bytes, words: str) -> None:
    answer = read(body)
    assert words in answer.problem
    assert answer.problem.isprintable()
    assert not answer.peer


def test_the_last_hops_of_a_long_forwarding_header_count() -> None:
    hops = chain([", ".join([f"10.9.{i // 250}.{i % 250}" for i in range(5000)] + ["10.0.0.3"])])
    assert len(hops) <= answers.MAX_HOPS
    assert hops[-1] == "10.0.0.3"


def test_log_line_of_nginx() -> None:
    line = (
        '10.0.0.3 - - [05/Feb/2021:09:16:25 +0800] "GET / HTTP/1.1" 200 612 "-" "tke-hybrid-verify/ab"'
        ' "10.0.0.13, 10.0.8.8"'
    )
    assert from_log_line(line, "web-0") == Answer(
        peer="10.0.0.3", pod="web-0", forwarded=("10.0.0.13", "10.0.8.8")
    )
    json_line = (
        '{"time": "2021-02-05T09:16:25+08:00", "remote_addr": "10.0.0.3", "agent": "tke-hybrid-verify/ab"}'
    )
    assert from_log_line(json_line, "web-0").peer == "10.0.0.3"
    assert "no address" in from_log_line("09:16:25 started", "web-0").problem


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_proxy_protocol_header_names_the_client(version: answers.Version) -> None:
    v1 = b"PROXY TCP4 10.0.0.3 10.0.8.10 40000 80\r\n"
    v2 = answers.SIGNATURE + b"\x21\x11\x00\x0c" + bytes([10, 0, 0, 3, 10, 0, 8, 10]) + b"\x9c\x40\x00\x50"
    answer = read((v1 if version == "v1" else v2) + b"10.0.8.10:5123 web-2\n")
    assert answer == Answer(peer="10.0.8.10", pod="web-2", proxied="10.0.0.3")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_our_proxy_protocol_header_names_no_client(version: answers.Version) -> None:
    header = answers.own_connection(version)
    source, rest = answers.source_in(header)
    assert source == ""
    assert rest == (header if version == "v1" else b"")
