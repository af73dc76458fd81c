"""Unusable proxies of the environment: each reader has an error of one line without the proxy's address."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pulumi_tke_hybrid.cli.files import connect
from pulumi_tke_hybrid.cloud.in_cluster import LiveCluster, NotReadable
from pulumi_tke_hybrid.component.live_objects import pods_and_events
from pulumi_tke_hybrid.kube import KubeError

KUBECONFIG = (
    "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], clusters: [{name: k,"
    " cluster: {server: 'https://10.9.9.9:6443'}}], users: [{name: u, user: {token: s3cr3t}}]}"
)


class Handing:
    """A cloud that returns a kubeconfig."""

    def __init__(self, text: str) -> None:
        self._text = text

    def call(self, service: str, action: str, params: object) -> dict[str, Any]:
        return {"Kubeconfig": self._text, "Status": "Created"}


def by_the_command(text: str, folder: Path) -> object:
    (folder / "config").write_text(text)
    return connect(folder / "config", "")


READERS: dict[str, tuple[Callable[[str, Path], object], type[Exception]]] = {
    "a command": (by_the_command, KubeError),
    "a destroy": (lambda text, _: LiveCluster.connect(Handing(text), "cls-12345678"), NotReadable),
    "a rollout": (lambda text, _: pods_and_events(text, "", "shop", {}), KubeError),
}


pytestmark = pytest.mark.usefixtures("no_proxies")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        (
            "socks5://u:hunter2@127.0.0.1:1",
            "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names a SOCKS proxy, which needs another package",
        ),
        ("http://u:hunter2top/x@127.0.0.1:1", "ALL_PROXY is not the address of a proxy that can be used"),
        ("gopher://u:hunter2@127.0.0.1:1", "ALL_PROXY is not the address of a proxy that can be used"),
    ],
)
def test_an_unusable_proxy_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reader: str, proxy: str, why: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    read, refusal = READERS[reader]
    with pytest.raises(refusal, match=why) as refused:
        read(KUBECONFIG, tmp_path)
    trace = "".join(traceback.format_exception(refused.value))
    assert "s3cr3t" not in trace
    assert "hunter2" not in trace
