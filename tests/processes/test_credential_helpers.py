"""Credential helpers of a kubeconfig. A failure is named before any request, without the helper's output."""

import base64
import datetime
import json
import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from pulumi_tke_hybrid.kube import KubeError, client
from pulumi_tke_hybrid.kube.client import connect
from pulumi_tke_hybrid.kube.helper import run_helper
from pulumi_tke_hybrid.kube.kubeconfig import Section
from tests.unit.kube.servers import Json, Objects, kubeconfig, named, serving

V1, V1BETA1 = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"
NEVER = {"apiVersion": V1, "interactiveMode": "Never"}
NO_CLUSTER = Section('cluster "k"', {})
Helper = Callable[[str], Path]


@pytest.fixture
def helper(tmp_path: Path) -> Helper:
    """Write a script as helper `bin/tke-auth`."""

    def write(script: str) -> Path:
        program = tmp_path / "bin" / "tke-auth"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return write


def credential(version: str = V1, **fields: object) -> str:
    """Return a script that prints a credential."""
    answer = json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": fields})
    return f"printf '%s' '{answer}'"


def spec(program: Path | str, **fields: object) -> Section:
    return Section('user "u": exec', {**NEVER, "command": str(program), **fields})


def at_hour(hours: int) -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("version", [V1, V1BETA1])
def test_a_helpers_token_is_sent(helper: Helper, tmp_path: Path, version: str) -> None:
    helper(f"echo hunter2 >&2\n{credential(version, token='s3cr3t', expirationTimestamp=at_hour(1))}")
    with serving(Objects([named("a")])) as served:
        user = {
            "exec": {"apiVersion": version, "command": "./bin/tke-auth", "interactiveMode": "IfAvailable"}
        }
        (tmp_path / "config").write_text(json.dumps(kubeconfig(served.url, user)))
        assert [pod["metadata"]["name"] for pod in connect(tmp_path / "config").list(client.POD)] == ["a"]
    assert served.requests[0].all("Authorization") == ["Bearer s3cr3t"]


def test_a_helpers_certificate_is_shown_to_the_server(helper: Helper, tmp_path: Path) -> None:
    authority = trustme.CA()
    alice = authority.issue_cert("alice@example.com")
    (tmp_path / "answer").write_text(
        json.dumps(
            {
                "apiVersion": V1,
                "kind": "ExecCredential",
                "status": {
                    "clientCertificateData": alice.cert_chain_pems[0].bytes().decode(),
                    "clientKeyData": alice.private_key_pem.bytes().decode(),
                },
            }
        )
    )
    helper(f"cat {tmp_path}/answer")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    with serving(Objects([named("a")]), tls) as served:
        trusted = {"certificate-authority-data": base64.b64encode(authority.cert_pem.bytes()).decode()}
        text = json.dumps(
            kubeconfig(
                f"https://127.0.0.1:{served.port}", {"exec": {**NEVER, "command": "bin/tke-auth"}}, trusted
            )
        )
        (tmp_path / "config").write_text(text)
        assert [pod["metadata"]["name"] for pod in connect(tmp_path / "config").list(client.POD)] == ["a"]
    assert served.requests[0].all("Authorization") == []


def test_a_helper_gets_its_arguments_its_environment_and_the_cluster_and_no_terminal(
    helper: Helper, tmp_path: Path
) -> None:
    program = helper(
        f'printf "%s|" "$@" "$TKE_ROLE" "$HOME" > {tmp_path}/seen; printf "%s" "$KUBERNETES_EXEC_INFO" >'
        f' {tmp_path}/info\ntest -z "$(cat)" || exit 9\n{credential(token="t")}'
    )
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}
    cluster = Section(
        'cluster "k"',
        {
            "server": "https://k",
            "tls-server-name": "n",
            "certificate-authority": "ca.crt",
            "extensions": [extension],
        },
    )
    env = [{"name": "TKE_ROLE", "value": "viewer"}]
    found = run_helper(
        spec(program, args=["get token", "--x"], env=env, provideClusterInfo=True), cluster, b"PEM"
    )
    assert found.token == "t"
    assert (tmp_path / "seen").read_text() == f"get token|--x|viewer|{os.environ['HOME']}|"
    info: Json = json.loads((tmp_path / "info").read_text())
    passed = {
        "server": "https://k",
        "tls-server-name": "n",
        "certificate-authority-data": "UEVN",
        "config": {"audience": "a"},
    }
    assert info == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": passed},
    }
    run_helper(spec(program), cluster, b"PEM")
    assert json.loads((tmp_path / "info").read_text())["spec"] == {"interactive": False}


def test_a_bare_name_is_searched_on_the_path(
    helper: Helper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(credential(token="t"))
    with pytest.raises(KubeError, match='exec: there is no program "tke-auth" on PATH; install the helper'):
        run_helper(spec("tke-auth"), NO_CLUSTER, None)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    assert run_helper(spec("tke-auth"), NO_CLUSTER, None).token == "t"


def test_a_static_token_comes_before_the_helper(helper: Helper, tmp_path: Path) -> None:
    helper(f"touch {tmp_path}/ran; {credential(token='t')}")
    with serving(Objects()) as served:
        user = {"token": "static", "exec": {**NEVER, "command": "bin/tke-auth"}}
        (tmp_path / "config").write_text(json.dumps(kubeconfig(served.url, user)))
        assert list(connect(tmp_path / "config").list(client.POD)) == []
    assert served.requests[0].all("Authorization") == ["Bearer static"]
    assert not (tmp_path / "ran").exists()


OK = json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": {"token": "hunter2"}})


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (
            "echo hunter2 >&2; echo hunter2; exit 3",
            "ended with exit code 3; run the helper by hand to see why",
        ),
        (f"echo '{OK}'; exit 1", "ended with exit code 1"),
        ("kill -9 $$", "ended with exit code -9"),
        ("echo hunter2", "printed no JSON"),
        ("", "printed no JSON"),
        (f"echo 'please log in'; echo '{OK}'", "printed no JSON"),
        ("printf '\\377\\376hunter2'", "printed no JSON"),
        ("echo '[\"hunter2\"]'", "printed no ExecCredential"),
        ('echo \'{"token": "hunter2"}\'', "printed no ExecCredential"),
        (credential(V1BETA1, token="hunter2"), "answered in another apiVersion than v1"),
        (credential(), "returned neither a token nor a client certificate"),
        (credential(token=""), "returned neither a token nor a client certificate"),
        (credential(token={"hunter2": 1}), "token is not a text"),
        (
            credential(clientCertificateData="hunter2"),
            "returned one of clientCertificateData and clientKeyData without the other",
        ),
        (
            credential(clientKeyData="hunter2"),
            "returned one of clientCertificateData and clientKeyData without the other",
        ),
        (
            credential(token="hunter2", expirationTimestamp=at_hour(-1)),
            "returned a credential that has expired",
        ),
        (
            credential(token="hunter2", expirationTimestamp="2001-01-01T00:00:00.123456789+08:00"),
            "returned a credential that has expired",
        ),
        (credential(token="hunter2", expirationTimestamp="hunter2"), "expirationTimestamp is no time"),
        (
            credential(token="hunter2", expirationTimestamp="2099-01-01T00:00:00"),
            "expirationTimestamp has no time zone",
        ),
        ("head -c 2000000 /dev/zero", "printed more than 1048576 bytes"),
        ("exec cat /dev/zero", "printed more than 1048576 bytes"),
    ],
)
def test_a_helper_that_fails_is_refused_by_its_name(
    helper: Helper, capfd: pytest.CaptureFixture[str], script: str, problem: str
) -> None:
    program = helper(script)
    with pytest.raises(KubeError) as caught:
        run_helper(spec(program), NO_CLUSTER, None)
    message = str(caught.value)
    assert message.startswith('user "u": exec: helper "tke-auth"')
    assert problem in message
    assert "hunter2" not in message + "".join(capfd.readouterr())


@pytest.mark.parametrize("script", ["sleep 30", "sleep 30 & exit 0", "exec >&-; sleep 30"])
def test_a_helper_has_a_limit_of_time_and_its_children_too(helper: Helper, script: str) -> None:
    started = time.monotonic()
    with pytest.raises(KubeError, match=r'helper "tke-auth" did not end within 0\.3 s'):
        run_helper(spec(helper(script)), NO_CLUSTER, None, timeout=0.3)
    assert time.monotonic() - started < 10, "the helper was not waited for"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"apiVersion": f"{V1}alpha1"}, "apiVersion is v1alpha1, which kubectl has not supported since 1.24"),
        ({"apiVersion": "hunter2/v1"}, "apiVersion is neither"),
        (
            {"interactiveMode": "Always"},
            "interactiveMode is Always, and this command gives a helper no terminal",
        ),
        ({"interactiveMode": "hunter2"}, "interactiveMode is none of Never, IfAvailable, Always"),
        ({"args": "hunter2"}, "args is not a list"),
        ({"args": [5]}, "args holds something that is not a text"),
        ({"args": ["hunter2\0"]}, "args holds something that is not a text"),
        ({"env": [{"value": "hunter2"}]}, "env holds something that is not a text"),
        ({"env": ["hunter2"]}, "env holds something that is not a text"),
        ({"env": [{"name": "A=hunter2", "value": ""}]}, "env holds a name that cannot be used"),
        ({"env": [{"name": "A", "value": 5}]}, "env holds something that is not a text"),
        ({"command": ""}, "command is missing"),
        ({"command": "/missing/hunter3"}, 'there is no program "hunter3" where command names it'),
        ({"command": "/etc/passwd"}, 'there is no program "passwd" where command names it'),
    ],
)
def test_a_helper_that_cannot_be_run_is_refused_by_its_field(
    helper: Helper, fields: Json, problem: str
) -> None:
    with pytest.raises(KubeError) as caught:
        run_helper(spec(helper(credential(token="t")), **fields), NO_CLUSTER, None)
    assert str(caught.value).startswith('user "u": exec: ')
    assert problem in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_program_that_does_not_start_is_refused(helper: Helper) -> None:
    program = helper("")
    program.write_text("no program\n")
    with pytest.raises(KubeError, match=r'helper "tke-auth" does not start \(Exec format error\)'):
        run_helper(spec(program), NO_CLUSTER, None)
