"""The requests of a client, its results, and the names of failures."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pulumi_tke_hybrid.kube import KubeError, NotAllowed, NotAuthenticated, NotFound, access, client
from pulumi_tke_hybrid.kube import kubeconfig as files
from pulumi_tke_hybrid.kube.client import KubeClient, connect, connect_to
from tests.unit.kube.servers import (
    NOT_FOUND,
    PLAIN_404,
    Json,
    Objects,
    Reply,
    Request,
    kubeconfig,
    named,
    proxying,
    serving,
    status,
)

pytestmark = pytest.mark.usefixtures("no_proxies")


def to(server: str, user: Json | None = None, cluster: Mapping[str, object] | None = None) -> KubeClient:
    return connect_to(json.dumps(kubeconfig(server, user, cluster)))


def sent(user: Json, folder: Path | None = None) -> Request:
    """The request of a user's client."""
    with serving(Objects()) as served:
        text = json.dumps(kubeconfig(served.url, user))
        if folder:
            (folder / "config").write_text(text)
        found = connect(folder / "config") if folder else connect_to(text)
        assert list(found.list(client.POD)) == []
    return served.requests[0]


def test_credentials_are_sent_as_kubectl_sends_them(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-the-file\n")
    assert sent({"token": "s3cr3t"}).all("Authorization") == ["Bearer s3cr3t"]
    assert sent({"token": "old", "tokenFile": "token"}, tmp_path).all("Authorization") == [
        "Bearer of-the-file"
    ]
    assert sent({"username": "me", "password": "p:w"}).all("Authorization") == ["Basic bWU6cDp3"]
    assert sent({}).all("Authorization") == []


def test_impersonation_is_sent() -> None:
    user = {
        "token": "t",
        "as": "Zo\u00eb",
        "as-uid": "7",
        "as-groups": ["dev", "ops"],
        "as-user-extra": {"example.com/Scopes": ["a", "b"]},
    }
    request = sent(user)
    assert request.all("Impersonate-User") == ["Zo\u00eb".encode().decode("latin-1")]
    assert request.all("Impersonate-Uid") == ["7"]
    assert request.all("Impersonate-Group") == ["dev", "ops"]
    assert request.all("Impersonate-Extra-example.com%2Fscopes") == ["a", "b"]


def test_a_context_without_a_user_differs_from_a_user_without_a_credential() -> None:
    text = {**kubeconfig("http://127.0.0.1:1"), "contexts": [{"name": "c", "context": {"cluster": "k"}}]}
    assert connect_to(json.dumps(text))
    for user in (
        {"tokn": "hunter2"},
        {"password": "hunter2"},
        {"token": ""},
        {"client-certificate-data": ""},
    ):
        with pytest.raises(KubeError, match=r'^user "u" holds no credential \(".*"\)'):
            to("http://127.0.0.1:1", user)


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        (
            {"auth-provider": {"name": "oidc", "config": {"id-token": "hunter2"}}},
            'user "u": auth-provider "oidc" is not supported',
        ),
        ({"auth-provider": {}, "token": "hunter2"}, "auth-provider"),
        ({"auth-provider": "hunter2"}, "auth-provider is not a mapping"),
        ({"token": 5}, 'user "u": token is not a text'),
        ({"token": "hunter2\nX-Evil: 1"}, "token is empty or holds characters"),
        ({"token": "hunter2 b"}, "token is empty or holds characters"),
        ({"token": "hunter2\u00e9"}, "token is empty or holds characters"),
        (
            {"tokenFile": "/missing/hunter3"},
            r"the file of tokenFile cannot be read \(No such file or directory\)",
        ),
        ({"tokenFile": "/dev/null"}, "the file of tokenFile is empty"),
        ({"token": "hunter2", "username": "me"}, "token and username exclude each other"),
        ({"token": "t", "as-groups": ["hunter2"]}, "as-groups needs as"),
        ({"token": "t", "as": "a\r\nhunter2: 1"}, "as holds something that is not a text"),
        ({"token": "t", "as": "a", "as-groups": "hunter2"}, "as-groups is not a list"),
        ({"token": "t", "as": "a", "as-user-extra": ["hunter2"]}, "as-user-extra is not a mapping"),
        (
            {"client-certificate": "/missing/hunter2", "client-key-data": "aGk="},
            "the file of client-certificate cannot be read",
        ),
        ({"exec": "hunter2"}, "exec is not a mapping"),
        ({"exec": {"command": "hunter2"}}, "exec: apiVersion is neither client.authentication.k8s.io/v1 nor"),
        (
            {"exec": {"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "hunter2"}},
            "exec: apiVersion is v1alpha1",
        ),
        ({"exec": {"apiVersion": "client.authentication.k8s.io/v1"}}, "exec: command is missing"),
    ],
)
def test_a_user_that_cannot_be_used_is_refused_by_its_field(user: Json, problem: str) -> None:
    with pytest.raises(KubeError, match=problem) as caught:
        to("https://127.0.0.1:1", user)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("cluster", "problem"),
    [
        ({"server": None}, "server is missing"),
        ({"server": "https://"}, "server is not an address"),
        ({"server": "https://a:b"}, "server is not an address"),
        ({"server": "ftp://hunter2"}, "server is not an address"),
        ({"server": "https://u:hunter2@a"}, "server is not an address"),
        ({"server": "https://a/\n"}, "server is not an address"),
        ({"server": "https://a?hunter2"}, "server is not an address"),
        ({"server": ["hunter2"]}, "server is not a text"),
        ({"insecure-skip-tls-verify": "yes"}, "insecure-skip-tls-verify is neither true nor false"),
        (
            {"certificate-authority-data": "hunter2 !"},
            "certificate-authority(-data is not base64| holds no certificate in PEM)",
        ),
        ({"certificate-authority-data": "aHVudGVyMg=="}, "certificate-authority holds no certificate in PEM"),
        ({"certificate-authority": "/missing/hunter2"}, "the file of certificate-authority cannot be read"),
        (
            {"certificate-authority": "/"},
            r"the file of certificate-authority cannot be read \(Is a directory\)",
        ),
        (
            {"certificate-authority-data": "aHVudGVyMg==", "insecure-skip-tls-verify": True},
            "insecure-skip-tls-verify and certificate-authority exclude each other",
        ),
        ({"proxy-url": "ftp://hunter2"}, "proxy-url has none of the schemes http, https, socks5, socks5h"),
        ({"proxy-url": "hunter2:3128"}, "proxy-url has none of the schemes"),
        ({"proxy-url": "http://"}, "proxy-url is not an address"),
        ({"proxy-url": "http://[hunter2"}, "proxy-url is not an address"),
        ({"proxy-url": "http://a:hunter2"}, "proxy-url is not an address"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_refused_by_its_field(cluster: Json, problem: str) -> None:
    with pytest.raises(KubeError, match=f'^cluster "k": {problem}') as caught:
        to("https://127.0.0.1:1", cluster=cluster)
    assert "hunter2" not in str(caught.value)


def test_a_socks_proxy_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(
        KubeError, match=r"^proxy-url names a SOCKS proxy, which needs another package: pip install pysocks$"
    ):
        to("http://127.0.0.1:1", cluster={"proxy-url": "socks5://u:hunter2@127.0.0.1:1"})


def test_a_proxy_of_the_kubeconfig_is_used_with_its_credentials_before_the_exceptions_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with serving(Objects([named("a")])) as proxy:
        found = to("http://api.example.com", cluster={"proxy-url": f"http://me:p%40w@127.0.0.1:{proxy.port}"})
        assert [pod["metadata"]["name"] for pod in found.list(client.POD)] == ["a"]
    assert proxy.requests[0].all("Host") == ["api.example.com"]
    assert proxy.requests[0].all("Proxy-Authorization") == ["Basic bWU6cEB3"]


def test_a_proxy_of_the_environment_is_used_but_for_loopback_and_exceptions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(Objects([named("proxied")])) as proxy, serving(Objects([named("direct")])) as served:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert [pod["metadata"]["name"] for pod in to(served.url).list(client.POD)] == ["direct"]
        assert [pod["metadata"]["name"] for pod in to("http://api.example.com").list(client.POD)] == [
            "proxied"
        ]


def test_a_list_is_read_page_by_page() -> None:
    def page(request: Request) -> Reply:
        following = {"": "1", "1": "2", "2": ""}[request.query.get("continue", "")]
        return Reply(
            {
                "kind": "PodList",
                "metadata": {"continue": following},
                "items": [named(f"p{request.query.get('continue', '0')}")],
            }
        )

    with serving(page) as served:
        pods = to(served.url).list(client.POD, "shop", {"app": "web", "tier": "a"})
        assert next(pods)["metadata"]["name"] == "p0"
        assert len(served.requests) == 1, "the next page is read when it is needed"
        assert [pod["metadata"]["name"] for pod in pods] == ["p1", "p2"]
    first = served.requests[0]
    assert (first.path, first.query) == (
        "/api/v1/namespaces/shop/pods",
        {"limit": "500", "labelSelector": "app=web,tier=a"},
    )


def test_pages_without_an_end_are_no_list() -> None:
    endless = Reply({"kind": "PodList", "metadata": {"continue": "x"}, "items": []})
    with (
        serving(lambda _: endless) as served,
        pytest.raises(KubeError, match="list pods: the response did not come from"),
    ):
        list(to(served.url).list(client.POD))


def test_an_empty_list_may_be_null() -> None:
    with serving(lambda _: Reply({"kind": "PodList", "items": None})) as served:
        assert list(to(served.url).list(client.POD)) == []


def test_objects_are_made_read_and_removed() -> None:
    job = {"metadata": {"name": "j", "namespace": "shop"}}
    path = "/apis/batch/v1/namespaces/shop/jobs"
    replies = {
        ("POST", path): Reply(job, 201),
        ("DELETE", f"{path}/j"): Reply({"kind": "Status", "status": "Success"}),
        ("GET", f"{path}/j"): Reply(job),
        ("GET", "/api/v1/namespaces/shop/pods/p/log"): Reply(
            b"one\n\xfftwo\n", headers={"Content-Type": "text/plain"}
        ),
    }
    with serving(Objects(replies=replies)) as served:
        found = to(f"{served.url}/")
        assert found.create(client.JOB, "shop", job) == job
        assert found.get(client.JOB, "shop", "j") == job
        found.delete(client.JOB, "shop", "j")
        assert found.log("shop", "p", "web", 60) == ["one", "\ufffdtwo"]
    assert served.requests[0].body == job
    assert served.requests[2].body == {"propagationPolicy": "Background"}
    assert served.requests[3].query == {"container": "web", "sinceSeconds": "60"}


def test_a_server_below_a_path_keeps_the_path() -> None:
    with serving(
        lambda request: (
            Reply({"kind": "PodList", "items": []}) if request.path == "/k8s/c-1/api/v1/pods" else PLAIN_404
        )
    ) as served:
        assert list(to(f"{served.url}/k8s/c-1").list(client.POD)) == []


PAGE = Reply(b"<html>hunter2</html>", headers={"Content-Type": "text/html"})


@pytest.mark.parametrize(
    ("reply", "error", "problem"),
    [
        (
            status(401),
            NotAuthenticated,
            "get pods shop/p: the API server does not accept the credentials (401)",
        ),
        (
            Reply(b"hunter2", 401),
            NotAuthenticated,
            "get pods shop/p: the API server does not accept the credentials (401)",
        ),
        (status(403, "hunter2"), NotAllowed, "get pods shop/p: not allowed with this kubeconfig (403)"),
        (NOT_FOUND, NotFound, "get pods shop/p: not found"),
        (
            PLAIN_404,
            KubeError,
            "get pods shop/p: the API server does not serve this resource in this version, or",
        ),
        (
            status(500, "etcd\x1b[2K is gone"),
            KubeError,
            "the API server refused (HTTP 500): etcd?[2K is gone",
        ),
        (PAGE, KubeError, "the response did not come from a Kubernetes API server"),
        (
            Reply(PAGE.body, 403),
            KubeError,
            (
                "the response did not come from a Kubernetes API server; look for a proxy or a login page on"
                " the way (HTTP 403)"
            ),
        ),
        (Reply(PAGE.body, 407), KubeError, "(HTTP 407)"),
        (Reply(PAGE.body, 502), KubeError, "(HTTP 502)"),
        (Reply(b"", 200), KubeError, "the response did not come from a Kubernetes API server"),
        (Reply(b"[1]"), KubeError, "the response did not come from a Kubernetes API server"),
        (Reply(b"{" * 100000), KubeError, "the response did not come from a Kubernetes API server"),
        (Reply(b"\xff{}"), KubeError, "the response did not come from a Kubernetes API server"),
    ],
)
def test_each_kind_of_response_has_one_wording(reply: Reply, error: type[KubeError], problem: str) -> None:
    with serving(lambda _: reply) as served, pytest.raises(KubeError) as caught:
        to(served.url).get(client.POD, "shop", "p")
    assert type(caught.value) is error
    assert problem in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_with_the_credentials(code: int) -> None:
    with serving(Objects()) as other:
        reply = Reply(b"", code, {"Location": f"{other.url}/api/v1/pods"})
        with (
            serving(lambda _: reply) as served,
            pytest.raises(KubeError, match=rf"list pods: the server redirects \({code}\); not followed"),
        ):
            list(to(served.url).list(client.POD))
    assert other.requests == []


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(
        KubeError,
        match="list pods: the API server was not reached: no connection; is this machine in the VPC",
    ):
        list(to("http://127.0.0.1:1").list(client.POD))


def test_a_name_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "hunter2")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(KubeError, match=r"its name was not found in DNS; is this machine in the VPC\?$"):
        list(to("http://cls-12345678.ccs.tencent-cloud.com").list(client.POD))


def test_a_missing_response_and_other_protocols_are_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        entry = files.of_text(
            json.dumps(kubeconfig(f"http://127.0.0.1:{silent.getsockname()[1]}")), "t"
        ).entry()
        with pytest.raises(KubeError, match=r"no response within 0\.05 s"):
            list(KubeClient(access.of_entry(entry), timeout=0.05).list(client.POD))
    with (
        proxying(b"220 smtp.example.com\r\n") as other,
        pytest.raises(KubeError, match="the connection broke, or the response was not HTTP"),
    ):
        list(to(other.url).list(client.POD))


def test_a_pods_own_account_is_used_where_there_is_no_kubeconfig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(KubeError, match="there is no kubeconfig; give --kubeconfig or KUBECONFIG"):
        connect()
    monkeypatch.setattr(access, "ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    assert access.of_pod() is None
    (tmp_path / "token").write_text("mounted\n")
    (tmp_path / "ca.crt").write_text("hunter2")
    with pytest.raises(KubeError, match=r"the pod's own account: ca\.crt holds no certificate in PEM"):
        access.of_pod()
