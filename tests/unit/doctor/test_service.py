"""The difference between the clocks of this machine and of the service: a proxy may send any Date, or none.
The fixed host of node pools."""

import email.utils
import time

import httpx2
import pytest

from pulumi_tke_hybrid.cloud.calls import CloudSettings
from pulumi_tke_hybrid.doctor.service import reach, skew

PLAIN = CloudSettings("ap-guangzhou", "nowhere.invalid", protocol="http")


def skew_with(monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]) -> float | None:
    monkeypatch.setattr(httpx2, "head", lambda *_, **__: httpx2.Response(200, headers=headers))
    return skew(PLAIN)


def test_the_date_of_a_response_is_the_services_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert skew_with(monkeypatch, {"date": email.utils.formatdate(time.time() + 100)}) == pytest.approx(
        100, abs=2
    )


@pytest.mark.parametrize(
    "date", [None, "", "yesterday", "Mon, 01 Jan 99999 00:00:00 GMT", f"Mon, 01 Jan {'9' * 40} 00:00:00 GMT"]
)
def test_a_text_that_is_no_date_gives_no_time(monkeypatch: pytest.MonkeyPatch, date: str | None) -> None:
    assert skew_with(monkeypatch, {} if date is None else {"date": date}) is None


@pytest.mark.parametrize(
    "proxy",
    ["http://ci:s3cr3t/x@127.0.0.1:9", "socks5://ci:s3cr3t@127.0.0.1:9", "ftp://ci:s3cr3t@127.0.0.1:9"],
)
def test_a_proxy_that_cannot_be_used_is_no_stack_trace(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("http_proxy", proxy)
    assert skew(PLAIN) is None
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("https_proxy", proxy)
    assert "s3cr3t" not in (reason := reach("nowhere.invalid"))
    assert reason


@pytest.mark.parametrize("code", [200, 403, 405, 502])
def test_any_response_means_that_the_host_is_reached(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    asked: list[str] = []

    def head(url: str, timeout: float) -> httpx2.Response:
        asked.append(url)
        return httpx2.Response(code)

    monkeypatch.setattr(httpx2, "head", head)
    assert reach("tke.tencentcloudapi.com") == ""
    assert asked == ["https://tke.tencentcloudapi.com/"]


@pytest.mark.parametrize(
    "error", [httpx2.ConnectError("x"), httpx2.ProxyError("x"), httpx2.ConnectTimeout("x")]
)
def test_an_error_is_named_by_its_kind(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def head(url: str, timeout: float) -> httpx2.Response:
        raise error

    monkeypatch.setattr(httpx2, "head", head)
    assert reach("tke.tencentcloudapi.com") == type(error).__name__
