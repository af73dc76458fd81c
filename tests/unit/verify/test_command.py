"""The command line: help, exit codes, reports, secrets."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from pulumi_tke_hybrid.verify.backends import Backends, Pod
from tests.unit.verify.runs import background
from tests.unit.verify.servers import Whoami

ONE = Backends((Pod("web-0", address="10.0.64.2"),))


def test_a_url_is_verified_and_reported(tmp_path: Path) -> None:
    with background(Whoami(ONE).handle) as port:
        options = [
            "--subnet",
            "ap-guangzhou-4=10.0.64.0/22",
            "--requests",
            "5",
            "--json",
            "-",
            "--markdown",
            str(tmp_path / "r.md"),
        ]
        result = CliRunner().invoke(app, ["verify", f"http://127.0.0.1:{port}/?token=secret", *options])
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert [(zone["zone"], zone["verdict"]) for zone in data["zones"]] == [("ap-guangzhou-4", "PRESERVED")]
    assert "PRESERVED" in (tmp_path / "r.md").read_text(encoding="utf-8")
    assert "secret" not in result.output + (tmp_path / "r.md").read_text(encoding="utf-8")
    assert "PRESERVED: " in result.stderr


def test_a_bad_verdict_is_an_exit_code() -> None:
    with background(Whoami(ONE, lambda _: "192.168.0.65").handle) as port:
        result = CliRunner().invoke(
            app, ["verify", f"http://127.0.0.1:{port}/", "--node-address", "192.168.0.65", "--requests", "3"]
        )
    assert result.exit_code == 2
    assert "SNAT_NODE" in result.stdout


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["http://user:s3cr3t@10.0.8.10/"], 64, "holds credentials"),
        (["--service", "a/b", "--ingress", "a/b"], 64, "not both"),
        (["--service", "a/b", "--in-vpc"], 64, "--in-vpc needs --image"),
        (["http://10.0.8.10/", "--in-vpc", "--image", "x"], 64, "--in-vpc needs --service or --ingress"),
        (
            ["--service", "a/b", "--image", "x", "--pull-secret", "s"],
            64,
            "no Job; leave out --image, --pull-secret",
        ),
        (
            ["--service", "a/b", "--kubeconfig", "/nonexistent/config"],
            64,
            'kubeconfig "/nonexistent/config" does not exist',
        ),
        (["http://10.0.8.10/", "--facts", "/nonexistent/facts"], 64, "cannot be read: No such file"),
        (["http://10.0.8.10/", "--requests", "0"], 64, ""),
    ],
)
def test_wrong_use_ends_with_one_line_and_an_exit_code(options: list[str], code: int, words: str) -> None:
    result = CliRunner().invoke(app, ["verify", *options])
    assert result.exit_code == code
    assert words in " ".join(result.output.split())
    assert "s3cr3t" not in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "facts",
    ["{}", '{"zones": ["a"]}', '{"zones": {"a": "10.0.64.0/22"}}', '{"zones": {"a": ["10.0.64.0/22"]}}'],
)
def test_a_file_without_cluster_facts_is_refused(facts: str) -> None:
    result = CliRunner().invoke(
        app, ["verify", "http://10.0.8.10/", "--facts", "-", "--deadline", "1"], input=facts
    )
    assert result.exit_code == 64
    assert "--facts - is not a cluster's facts" in " ".join(result.output.split())


def test_an_unreadable_kubeconfig_is_not_shown(tmp_path: Path) -> None:
    config = tmp_path / "config"
    nowhere = (
        "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], "
        "clusters: [{name: k, cluster: {server: 'http://['}}], users: [{name: u, user: {token: s3cr3t}}]}"
    )
    nothing = "current-context: s3cr3t\nclusters: []\ncontexts: []\n"
    for text in ("token: s3cr3t\n- broken: [", "clusters: s3cr3t", "[]", nothing, nowhere):
        config.write_text(text)
        result = CliRunner().invoke(app, ["verify", "--service", "a/b", "--kubeconfig", str(config)])
        assert result.exit_code == 3
        assert isinstance(result.exception, SystemExit)
