"""Unusable kubeconfigs in each command that reads a cluster: could not tell or wrong use, one line without a
secret."""

import contextlib
import json
import os
import stat
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from pulumi_tke_hybrid.cloud import api_client
from pulumi_tke_hybrid.cloud.calls import CloudError
from tests.unit.kube.servers import Json, Objects, Reply, Served, kubeconfig, serving, status

V1 = "client.authentication.k8s.io/v1"
CLUSTER = ["--cluster-id", "cls-12345678", "--region", "ap-guangzhou"]
COMMANDS = {
    "verify": ["verify", "--service", "shop/web", "--structure-only"],
    "drift": ["drift", *CLUSTER, "--json", "-"],
    "capacity": ["capacity", *CLUSTER],
}
SECRETS = ("hunter2", "s3cr3t", "Traceback")


class Cloud:
    """A cloud without any response: `drift` continues without the cloud."""

    def __init__(self, _: object) -> None:
        pass

    def call(self, service: str, action: str, params: Mapping[str, object]) -> Json:
        raise CloudError(action, "InternalError", "not here")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_proxies: None) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(api_client, "TencentCloud", Cloud)


def program(folder: Path, script: str) -> str:
    path = folder / "tke-auth"
    path.write_text(f"#!/bin/sh\necho 'token hunter2' >&2\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return "./tke-auth"


def helper(folder: Path, script: str, **fields: object) -> Json:
    return {
        "exec": {"apiVersion": V1, "command": program(folder, script), "interactiveMode": "Never", **fields}
    }


def answered(status_fields: Json) -> str:
    return f"echo '{json.dumps({'apiVersion': V1, 'kind': 'ExecCredential', 'status': status_fields})}'"


EXPIRED = {"token": "hunter2", "expirationTimestamp": "2001-01-01T00:00:00Z"}
USERS: dict[str, tuple[Any, str]] = {
    "a helper that is missing": (
        lambda _: {"exec": {"apiVersion": V1, "command": "tke-missing"}},
        'no program "tke-missing" on PATH',
    ),
    "a helper that fails": (lambda folder: helper(folder, "echo hunter2; exit 1"), "ended with exit code 1"),
    "a helper that prints rubbish": (lambda folder: helper(folder, "echo hunter2"), "printed no JSON"),
    "a helper with an expired token": (
        lambda folder: helper(folder, answered(EXPIRED)),
        "returned a credential that has expired",
    ),
    "a helper with nothing": (
        lambda folder: helper(folder, answered({})),
        "returned neither a token nor a client certificate",
    ),
    "a helper of another version": (
        lambda folder: helper(folder, "exit 0", apiVersion=f"{V1}alpha1"),
        "apiVersion is v1alpha1",
    ),
    "an auth provider": (
        lambda _: {"auth-provider": {"name": "gcp", "config": {"access-token": "hunter2"}}},
        'auth-provider "gcp"',
    ),
    "a user without a credential": (lambda _: {"tokn": "hunter2"}, "holds no credential"),
    "a token file that is missing": (
        lambda _: {"tokenFile": "hunter3"},
        "the file of tokenFile cannot be read",
    ),
}
ANSWERS = {
    "credentials of another cluster": (status(401, "hunter2"), "does not accept the credentials (401)"),
    "a user without rights": (status(403, "hunter2"), "not allowed with this kubeconfig (403)"),
    "a login page": (Reply(b"<html>hunter2</html>"), "did not come from a Kubernetes API server"),
    "a redirect": (
        Reply(b"", 302, {"Location": "https://hunter2.example.com"}),
        "the server redirects (302)",
    ),
}
CLUSTERS = {
    "a server that is not there": (
        {"server": "http://127.0.0.1:1"},
        "the API server was not reached: no connection",
    ),
    "a proxy that is not there": (
        {"proxy-url": "http://u:hunter2@127.0.0.1:1"},
        "the proxy on the way to the API server",
    ),
    "a proxy of another kind": (
        {"proxy-url": "ftp://u:hunter2@127.0.0.1:1"},
        "proxy-url has none of the schemes",
    ),
    "an authority that is none": (
        {"server": "https://127.0.0.1:1", "certificate-authority-data": "aHVudGVyMg=="},
        "no certificate in PEM",
    ),
    "no certificate of the user": (
        {"server": "https://127.0.0.1:1"},
        "client-certificate and client-key are no PEM",
    ),
    "no server": ({"server": ""}, "server is missing"),
}


@contextlib.contextmanager
def running(
    command: str, capfd: pytest.CaptureFixture[str], *options: str
) -> Generator[tuple[int, str, str]]:
    """The exit code and the reasons of a command, and the output of the command and its helper."""
    result = CliRunner().invoke(app, [*COMMANDS[command], *options], env={"NO_COLOR": "1", "COLUMNS": "300"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    everything = result.output + "".join(capfd.readouterr())
    yield result.exit_code, reasons(result.stdout, result.stderr), everything


def reasons(output: str, errors: str) -> str:
    """Return the line of a command; for `drift`, the reasons of the unavailable sources in the cluster."""
    if not output:
        lines = [line for line in errors.splitlines() if not line.startswith("reading ")]  # progress
        assert len(lines) == 1, errors
        return lines[0]
    lines = [
        str(side["reason"])
        for side in json.loads(output)["notRead"]
        if side["side"] in ("the ConfigMap", "the nodes", "the pods")
    ]
    assert all(line.isprintable() for line in lines)
    return "\n".join(lines)


def judged(command: str, capfd: pytest.CaptureFixture[str], code: int, problem: str, *options: str) -> None:
    with running(command, capfd, *options) as (exit_code, line, everything):
        assert exit_code == code, everything
        assert problem in line
        assert not any(secret in everything for secret in SECRETS), everything


def written(
    folder: Path, served: Served, user: Json | None = None, cluster: Mapping[str, object] | None = None
) -> str:
    (folder / "config").write_text(json.dumps(kubeconfig(served.url, user, cluster)))
    return str(folder / "config")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("user", USERS)
def test_a_user_that_cannot_be_used_is_refused_before_any_request(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, user: str
) -> None:
    fields, problem = USERS[user]
    with serving(Objects()) as served:
        judged(command, capfd, 3, problem, "--kubeconfig", written(tmp_path, served, fields(tmp_path)))
    assert served.requests == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_response_of_another_server_is_no_verdict(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, answer: str
) -> None:
    reply, problem = ANSWERS[answer]
    with serving(lambda _: reply) as served:
        judged(command, capfd, 3, problem, "--kubeconfig", written(tmp_path, served))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("cluster", CLUSTERS)
def test_a_cluster_that_cannot_be_reached_is_no_verdict(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, cluster: str
) -> None:
    fields, problem = CLUSTERS[cluster]
    broken = {"token": "s3cr3t", "client-certificate-data": "aHVudGVyMg==", "client-key-data": "aHVudGVyMg=="}
    user = broken if cluster == "no certificate of the user" else None
    with serving(Objects()) as served:
        judged(command, capfd, 3, problem, "--kubeconfig", written(tmp_path, served, user, fields))
    assert served.requests == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("hunter2: [", "is not YAML"),
        ("<html>hunter2</html>", "is not a mapping of fields"),
        ("current-context: ''", "has no current-context; name one with --context"),
        ("current-context: gone", 'current-context names "gone"'),
        ("users: hunter2", "users is not a list"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_no_verdict(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, text: str, problem: str
) -> None:
    (tmp_path / "config").write_text(text)
    judged(command, capfd, 3, problem, "--kubeconfig", str(tmp_path / "config"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_named_file_or_context_that_does_not_exist_is_wrong_use(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    judged(command, capfd, 64, 'missing" does not exist', "--kubeconfig", str(tmp_path / "missing"))
    with serving(Objects()) as served:
        options = ["--kubeconfig", written(tmp_path, served), "--context", "d"]
        judged(command, capfd, 64, 'has no context "d"; contexts: "c"', *options)
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([f"{tmp_path}/x", f"{tmp_path}/y"]))
    judged(command, capfd, 64, "no file of KUBECONFIG exists")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_list_of_files_is_merged_and_a_helpers_token_is_sent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    with serving(lambda _: status(403)) as served:
        whole = kubeconfig(served.url, helper(tmp_path, answered({"token": "s3cr3t"})))
        (tmp_path / "users").write_text(json.dumps({"users": whole.pop("users")}))
        (tmp_path / "rest").write_text(json.dumps(whole))
        monkeypatch.setenv(
            "KUBECONFIG", os.pathsep.join([f"{tmp_path}/users", f"{tmp_path}/missing", f"{tmp_path}/rest"])
        )
        judged(command, capfd, 3, "not allowed with this kubeconfig (403)")
    assert {value for request in served.requests for value in request.all("Authorization")} == {
        "Bearer s3cr3t"
    }
