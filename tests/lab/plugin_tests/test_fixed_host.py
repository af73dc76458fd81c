"""Calls of the stand-in plugin to the vendor's fixed https host: only through a proxy on loopback."""

from collections.abc import Iterator

import pytest

from tests.lab.cloud_tests.sdk import REGION, SECRET_ID, SECRET_KEY, Lab, running_lab
from tests.lab.tencentcloud_plugin.client import Api, ApiError, Settings
from tests.lab.tencentcloud_plugin.timing import Timing

FIXED, CONFIGURED = "tke.tencentcloudapi.com", "tke.lab.test"


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, no_proxies: None) -> Iterator[Lab]:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with running_lab() as running:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{running.port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(running.authority))
        yield running


def call(*, fixed_host: bool = True) -> None:
    settings = Settings(SECRET_ID, SECRET_KEY, region=REGION, protocol="HTTP", domain="lab.test")
    Api(settings, Timing()).call("tke", "DescribeClusters", {}, fixed_host=fixed_host)


def hosts(lab: Lab) -> list[str]:
    return [call["host"] for call in lab.control.get("/calls").json()]


def test_fixed_host_is_called_through_the_door(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{lab.port}")
    call()
    call(fixed_host=False)
    assert hosts(lab) == [FIXED, CONFIGURED]


@pytest.mark.parametrize(
    "proxy",
    ["", "http://proxy.invalid:3128", "http://127.0.0.1.invalid:3128", "http://127.0.0.1@proxy.invalid"],
)
def test_without_a_proxy_on_loopback_nothing_leaves_for_the_fixed_host(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    call()
    assert hosts(lab) == [CONFIGURED]


def test_without_the_labs_authority_the_call_fails(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{lab.port}")
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ApiError, match="CERTIFICATE_VERIFY_FAILED"):
        call()
    assert hosts(lab) == []
