"""Files that Windows PowerShell wrote: UTF-16, byte order marks, text around the JSON. Every command reads
them in the same way."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pulumi_tke_hybrid.cli.commands import app

DATA = Path(__file__).parent / "data" / "09"
FACTS: dict[str, object] = json.loads((DATA / "utf16.json").read_text(encoding="utf-16"))
OTHER = "cls-99999999"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
COMMANDS = {
    "capacity": ["capacity", "--json", "-", "--facts"],
    "drift": ["drift", "--cluster-id", OTHER, "--cloud-only", "--facts"],
    "verify": [
        "verify",
        "--service",
        "shop/web",
        "--structure-only",
        "--kubeconfig",
        "/nonexistent/config",
        "--facts",
    ],
}
TEXTS = {
    "alone": "{}",
    "windows lines": "\r\n{}\r\n",
    "a warning before": "warning: config {{region}} is not set\n{}",
    "progress before and after": "Previewing update (dev)\r\n\r\n{}\r\nResources:\r\n    12 unchanged\r\n",
    "colours": "\x1b[38;5;13mPreviewing update\x1b[0m\n\x1b[0m{}\x1b[0m\n",
    "a log of JSON lines": '{{"level": "warn", "text": "x"}}\n{}\n{{"level": "info"}}\n',
    "on the line of the text": "Previewing update (dev): {}",
    "Chinese text": "警告:未设置区域\n{}\n完成\n",
}


def run(command: list[str], file: Path | str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(
        app, [*command, str(file)], input=given, env={"NO_COLOR": "1", "COLUMNS": "300"}
    )


def was_read(command: str, result: Result) -> bool:
    """Whether the command came to what comes after the facts."""
    if command == "capacity":
        return bool(json.loads(result.stdout)["cluster"] == FACTS["clusterId"])
    if command == "drift":
        return result.exit_code == 64 and f"--facts are of {FACTS['clusterId']}" in result.output
    return "/nonexistent/config" in result.output and "--facts" not in result.output


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reads_every_utf(tmp_path: Path, command: str, encoding: str) -> None:
    data = (
        json.dumps({**FACTS, "note": "广州四区"}, indent=2, ensure_ascii=False)
        .replace("\n", "\r\n")
        .encode(encoding)
    )
    (tmp_path / "facts.json").write_bytes(data)
    assert was_read(command, run(COMMANDS[command], tmp_path / "facts.json"))
    assert was_read(command, run(COMMANDS[command], "-", data))


@pytest.mark.parametrize("around", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reads_json_inside_other_text(tmp_path: Path, command: str, around: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        (tmp_path / "facts.json").write_bytes(around.format(json.dumps(FACTS, indent=2)).encode(encoding))
        result = run(COMMANDS[command], tmp_path / "facts.json")
        assert was_read(command, result), result.output


def test_the_recorded_files_are_read() -> None:
    assert json.loads(run(COMMANDS["capacity"], DATA / "utf16.json").stdout)["cluster"] == FACTS["clusterId"]
    found = json.loads(run(["capacity", "--json", "-", "--preview"], DATA / "preview-with-text.json").stdout)
    assert found["cluster"] == "demo"
    assert found["zones"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_review_and_capacity_read_the_same_preview(tmp_path: Path, encoding: str) -> None:
    text = (DATA / "preview-with-text.json").read_text(encoding="utf-8")
    plain, written = tmp_path / "plain.json", tmp_path / "written.json"
    plain.write_text(text[text.index('{"') :], encoding="utf-8")
    written.write_bytes(f"\x1b[1mPreviewing\x1b[0m\r\n{text}\r\ndone\r\n".encode(encoding))
    for command in (["review", "--json", "-"], ["capacity", "--json", "-", "--preview"]):
        first, second = run(command, plain), run(command, written)
        data = [json.loads(result.stdout) for result in (first, second)]
        for one in data:
            for stack in one.get("stacks", ()):
                stack.pop("source")
        assert (first.exit_code, data[0]) == (second.exit_code, data[1])


WRONG = {
    b"": "it is empty",
    b"\xff\xfe": "it is empty",
    b" \r\n": "it is empty",
    b"<!DOCTYPE html><html><body>{}</body></html>": "it is a web page, not JSON",
    b"<html>\n{\n</html>": "it is a web page, not JSON",
    b"clusterId: cls-12345678\n": "it holds no JSON object",
    b"[]": "it holds a list instead of an object",
    b'[\n  {"clusterId": "cls-12345678"}\n]': "it holds a list instead of an object",
    b'{"clusterId": "cls-12345678",\n"zones": {\n': "it is not whole, or not JSON",
    b'{\n "outer": {\n  "a": 1\n },\n "cut": ': "it is not whole, or not JSON",
    b'{"a":' * 100_000: "its values are nested too deeply",
}


@pytest.mark.parametrize("command", [*COMMANDS, "capacity --state"])
def test_a_file_that_is_something_else_is_named(tmp_path: Path, command: str) -> None:
    words = COMMANDS.get(command) or ["capacity", "--state"]
    for data, reason in WRONG.items():
        (tmp_path / "x.json").write_bytes(data)
        result = run(words, tmp_path / "x.json")
        assert result.exit_code == 64, (data[:40], result.output)
        assert f"cannot be read as JSON: {reason}" in " ".join(result.output.split()), (
            data[:40],
            result.output,
        )
        assert "write it with: pulumi stack" in " ".join(result.output.split())
    for name, reason in (
        (str(tmp_path), "Is a directory"),
        (str(tmp_path / "none"), "No such file"),
        ("a\0b", "cannot be read"),
    ):
        result = run(words, name)
        assert (result.exit_code, reason in result.output) == (64, True), result.output


def test_a_preview_that_is_something_else_is_no_verdict(tmp_path: Path) -> None:
    for data, reason in WRONG.items():
        (tmp_path / "x.json").write_bytes(data)
        result = run(["review"], tmp_path / "x.json")
        assert result.exit_code == 3, (data[:40], result.output)
        assert "no whole preview could be read" in result.output
        assert reason in result.output or data.startswith(b"{"), (data[:40], result.output)
