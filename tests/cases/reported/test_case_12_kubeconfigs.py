"""What kubectl can use, a command can use: lists of files, proxies and other names of the server. Seen by
what reaches the server."""

import base64
import json
import os
import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme
from typer.testing import CliRunner, Result

from pulumi_tke_hybrid.cli.commands import app
from tests.unit.kube.servers import Json, kubeconfig, proxying, serving, status

VERIFY = ["verify", "--service", "shop/web", "--structure-only"]
CA = trustme.CA()
AUTHORITY = {"certificate-authority-data": base64.b64encode(CA.cert_pem.bytes()).decode()}


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_proxies: None) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def verified(
    folder: Path, server: str, cluster: Mapping[str, object] | None = None, user: Json | None = None
) -> Result:
    (folder / "config").write_text(json.dumps(kubeconfig(server, user, cluster)))
    return CliRunner().invoke(app, [*VERIFY, "--kubeconfig", str(folder / "config")])


def server_of(*names: str) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert(*names).configure_cert(tls)
    return tls


def test_a_list_of_files_is_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: status(403)) as served:
        whole = kubeconfig(served.url)
        for number, key in enumerate(("users", "clusters", "contexts", "current-context")):
            (tmp_path / f"{number}").write_text(json.dumps({key: whole[key]}))
        names = ["missing", "0", "1", "2", "3"]
        monkeypatch.setenv("KUBECONFIG", os.pathsep.join(str(tmp_path / name) for name in names))
        assert CliRunner().invoke(app, VERIFY).exit_code == 3
    assert served.requests[0].all("Authorization") == ["Bearer s3cr3t"]


def test_the_proxy_of_the_kubeconfig_is_not_passed_by(tmp_path: Path) -> None:
    with proxying() as proxy, serving(lambda _: status(403), server_of("127.0.0.1")) as served:
        address = f"127.0.0.1:{served.port}"
        result = verified(
            tmp_path, f"https://{address}", {**AUTHORITY, "proxy-url": f"http://127.0.0.1:{proxy.port}"}
        )
        assert (result.exit_code, [request.path for request in proxy.requests]) == (3, [address])
    assert served.requests[0].all("Authorization") == ["Bearer s3cr3t"]


def test_a_server_is_recognised_by_its_other_name(tmp_path: Path) -> None:
    with serving(lambda _: status(403), server_of("api.example.com")) as served:
        address = f"https://127.0.0.1:{served.port}"
        assert verified(tmp_path, address, {**AUTHORITY, "tls-server-name": "api.example.com"}).exit_code == 3
        assert len(served.requests) == 1
        other = verified(tmp_path, address, {**AUTHORITY, "tls-server-name": "other.example.com"})
        assert (other.exit_code, len(served.requests)) == (3, 1)
        assert "is not made for the server's name or tls-server-name" in " ".join(other.output.split())


def test_the_user_that_a_kubeconfig_acts_as_is_sent(tmp_path: Path) -> None:
    with serving(lambda _: status(403)) as served:
        assert (
            verified(
                tmp_path, served.url, user={"token": "t", "as": "viewer", "as-groups": ["a", "b"]}
            ).exit_code
            == 3
        )
    assert (served.requests[0].all("Impersonate-User"), served.requests[0].all("Impersonate-Group")) == (
        ["viewer"],
        ["a", "b"],
    )
