"""`tke-hybrid review` as a command: inputs, reports, labels, settings, wrong use."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pulumi_tke_hybrid.cli.commands import app
from pulumi_tke_hybrid.cli.process import ExitCode
from tests.unit.review.previews import preview, vpc
from tests.unit.review.recordings import RECORDED, judged, recorded

DANGEROUS, SAFE, NOTHING = (
    str(RECORDED / f"{name}.json") for name in ("raw-direct-access-off", "raw-image", "raw-nothing")
)


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "GITHUB_EVENT_PATH",
        "GITHUB_SHA",
        "CI_MERGE_REQUEST_LABELS",
        "CI_COMMIT_SHA",
        "GITHUB_TOKEN",
        "GITLAB_TOKEN",
    ):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str, given: bytes | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["review", *arguments], input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_the_verdict_is_the_first_word_and_the_exit_code() -> None:
    code, output = run(DANGEROUS)
    assert code == ExitCode.NOT_FINE
    assert output.startswith("raw-network/dev: dangerous: 1 danger; ")


def test_a_preview_comes_from_standard_input_too() -> None:
    assert run("-", given=recorded("raw-nothing.json")) == (
        ExitCode.FINE,
        "raw-network/dev: clean: nothing changes\n",
    )


def test_two_stacks_are_one_comment_under_one_marker(tmp_path: Path) -> None:
    comment, digest = tmp_path / "comment.md", tmp_path / "digest.json"
    other = str(RECORDED / "exposure-another-subnet.json")
    code, _ = run(SAFE, other, "--markdown", str(comment), "--json", str(digest), "--commit", "0123abc")
    body = comment.read_text()
    assert code == ExitCode.NOT_FINE
    assert body.startswith(
        "<!-- tke-hybrid:exposure/app,raw-network/dev -->\n### ⛔ `raw-network/dev`, `exposure/app`:"
        " dangerous. 1 danger; "
    )
    assert "`exposure/app: web-service`" in body
    assert "**Changes of `exposure/app`**" in body
    assert "commit `0123abc`" in body
    assert [stack["stack"] for stack in json.loads(digest.read_text())["stacks"]] == [
        "raw-network/dev",
        "exposure/app",
    ]


def test_markdown_alone_goes_to_standard_output_with_a_dash() -> None:
    assert run(NOTHING, "--markdown", "-")[1].startswith("<!-- tke-hybrid:raw-network/dev -->\n✅")


def event(path: Path, *labels: str) -> str:
    path.write_text(
        json.dumps({"pull_request": {"number": 7, "labels": [{"name": label} for label in labels]}})
    )
    return str(path)


CODE = judged(recorded("raw-direct-access-off.json")).causes[0].code


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        (["bug"], ExitCode.NOT_FINE),
        (["bug", f"tke-hybrid/accept:{CODE}"], ExitCode.FINE),
        (["tke-hybrid/accept:AAAAAAAA"], ExitCode.NOT_FINE),
        (["tke-hybrid/accept"], ExitCode.NOT_FINE),
        (["tke-hybrid/accept:direct-access-off"], ExitCode.NOT_FINE),
    ],
)
def test_labels_are_read_from_the_option_and_from_each_code_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, labels: list[str], code: ExitCode
) -> None:
    assert run(DANGEROUS, "--labels", ",".join(labels))[0] == code
    monkeypatch.setenv("CI_MERGE_REQUEST_LABELS", ",".join(labels))
    assert run(DANGEROUS)[0] == code
    monkeypatch.delenv("CI_MERGE_REQUEST_LABELS")
    monkeypatch.setenv("GITHUB_EVENT_PATH", event(tmp_path / "event.json", *labels))
    assert run(DANGEROUS)[0] == code


def test_the_option_accepts_the_code_that_the_report_names(tmp_path: Path) -> None:
    assert f"--accept {CODE}, or the label tke-hybrid/accept:{CODE}" in run(DANGEROUS)[1]
    assert run(DANGEROUS, "--accept", CODE.lower())[0] == ExitCode.FINE
    assert run(DANGEROUS, "--accept", "AAAAAAAA")[0] == ExitCode.NOT_FINE


@pytest.mark.parametrize("content", ["", "[]", '{"pull_request": {"labels": [1]}}', '{"pull_request": null}'])
def test_an_event_that_cannot_be_read_accepts_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "event.json"
    path.write_text(content)
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(path))
    assert run(DANGEROUS)[0] == ExitCode.NOT_FINE


def test_a_rule_gets_another_severity() -> None:
    assert run(DANGEROUS, "--rule", "direct-access-off=warning")[0] == ExitCode.FINE
    assert (
        run(str(RECORDED / "raw-masquerade.json"), "--rule", "gr-source-address=error")[0]
        == ExitCode.NOT_FINE
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--run-nothing"], "No such option"),
        (["/no/such/file"], "/no/such/file cannot be read: No such file or directory"),
        ([NOTHING, "--accept", "direct-access-off"], "no code; a code has 8 letters and digits"),
        ([NOTHING, "--rule", "direct-access-off=loud"], "loud is no severity; give error, warning or note"),
        ([NOTHING, "--rule", "direct-acces-off=note"], "did you mean 'direct-access-off'?"),
        ([NOTHING, "--json", "-", "--markdown", "-"], "cannot both go to standard output"),
        (["-", "-"], "standard input can be read only once"),
        ([NOTHING, "--json", "/no/such/folder/x"], "/no/such/folder/x cannot be written"),
        (["--run", "--cwd", "/no/such/folder"], "/no/such/folder"),
        (["--run", "--event-log", NOTHING], "--run makes the preview itself; leave out --event-log"),
        ([NOTHING, "--stack", "prod", "--cwd", "/x"], "only --run makes a preview; leave out --stack, --cwd"),
        ([NOTHING, "--pull-request", "5"], "without --post no comment is posted; leave out --pull-request"),
    ],
)
def test_wrong_use_is_one_line_and_64(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    program = tmp_path / "pulumi"
    program.write_text("#!/bin/sh\nexit 9\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, output = run(*arguments)
    assert code == ExitCode.WRONG_USE
    assert sentence in " ".join(output.split())


def test_no_credential_of_the_environment_comes_out_of_a_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "Zq3tyUiopAsdfgh")
    path = tmp_path / "preview.json"
    path.write_bytes(preview(vpc("net-Zq3tyUiopAsdfgh")))
    assert "Zq3tyUiopAsdfgh" not in run(str(path))[1]


def test_a_comment_that_cannot_be_posted_is_reported_and_never_hides_a_danger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, output = run(SAFE, "--post", "github")
    assert code == ExitCode.NOT_POSTED
    assert "GITHUB_TOKEN is empty" in " ".join(output.split())
    assert run(DANGEROUS, "--post", "github")[0] == ExitCode.NOT_FINE
