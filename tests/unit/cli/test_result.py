"""The exit code of a result, and its tables and findings in each report."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from pulumi_tke_hybrid.cli.process import CannotWrite, ExitCode, FailOn, WrongUse
from pulumi_tke_hybrid.cli.result import (
    MAX_ROWS,
    Column,
    ReportFiles,
    Result,
    Table,
    as_json,
    as_markdown,
    finish,
    first_rows,
    show,
)
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity

RULE = Rule("subnet-gone", "a", "b", "c")
DANGER = RULE.finding("subnet-a", "is gone", value="Subnet subnet-a", why="no address", todo="add another")
WARNING = replace(DANGER, severity=Severity.WARNING)
NOTE = replace(DANGER, severity=Severity.NOTE)
UNKNOWN = replace(DANGER, unknown=True)
FINE, NOT_FINE, COULD_NOT_TELL = ExitCode.FINE, ExitCode.NOT_FINE, ExitCode.COULD_NOT_TELL


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (Result(), FINE),
        (Result(findings=[NOTE]), FINE),
        (Result(findings=[WARNING]), FINE),
        (Result(findings=[WARNING], fail_on=FailOn.WARNING), NOT_FINE),
        (Result(findings=[NOTE], fail_on=FailOn.WARNING), FINE),
        (Result(findings=[DANGER]), NOT_FINE),
        (Result(findings=[UNKNOWN]), COULD_NOT_TELL),
        (Result(findings=[replace(WARNING, unknown=True)], fail_on=FailOn.WARNING), COULD_NOT_TELL),
        (Result(findings=[UNKNOWN, DANGER]), NOT_FINE),
        (Result(unknowns=["not read"]), COULD_NOT_TELL),
        (Result(unknowns=["not read"], findings=[DANGER]), NOT_FINE),
        (Result(unknowns=["not read"], measured=NOT_FINE), NOT_FINE),
        (Result(measured=COULD_NOT_TELL), COULD_NOT_TELL),
        (Result(measured=COULD_NOT_TELL, findings=[DANGER]), NOT_FINE),
        (Result(findings=[DANGER], accept=["subnet-gone"]), FINE),
        (Result(findings=[DANGER], accept=["subnet-gone:subnet-a"]), FINE),
        (Result(findings=[DANGER], accept=["subnet-gone:subnet-b"]), NOT_FINE),
        (Result(findings=[UNKNOWN], accept=["subnet-gone"]), FINE),
    ],
)
def test_the_worst_part_gives_the_exit_code(result: Result, code: ExitCode) -> None:
    assert result.exit_code is code


COLUMNS: list[Column[dict[str, Any]]] = [
    Column("pod", "pod", lambda row: row["pod"]),
    Column("zones", "zones", lambda row: row["zones"]),
    Column("ready", "ready", lambda row: row["ready"], right=True),
    Column("", "hidden", lambda row: 7),
    Column("bar", "", lambda row: "", text=lambda row: "##|", style=lambda row: "red"),
]
ROWS: list[dict[str, Any]] = [
    {"pod": "a|b\x1b[31m", "zones": ("z1", "z2"), "ready": True},
    {"pod": "c", "zones": (), "ready": None},
    {"pod": "d", "zones": (), "ready": False},
]


def table(**changes: Any) -> Table[dict[str, Any]]:
    fields: dict[str, Any] = {
        "rows": ROWS,
        "fault": lambda row: row["ready"] is None,
        "title": "Pods",
        **changes,
    }
    return Table("pods", COLUMNS, **fields)


def on_terminal(result: Result) -> str:
    screen = io.StringIO()
    show(result, Console(file=screen, width=200, color_system=None))
    return screen.getvalue()


def test_a_table_is_the_same_in_every_report() -> None:
    result = Result("all", tables=[table()], data={"cluster": "cls-1"})
    data = json.loads(as_json(result))
    assert (data["format"], data["exitCode"], data["result"], data["cluster"]) == (2, 0, "FINE", "cls-1")
    assert data["pods"][0] == {"pod": ROWS[0]["pod"], "zones": ["z1", "z2"], "ready": True, "hidden": 7}
    markdown = as_markdown(result)
    assert "| pod | zones | ready | bar |" in markdown
    assert "| a\\|b?\\[31m | z1, z2 | yes | \\#\\#\\| |" in markdown
    assert "| c | none | ? |" in markdown
    terminal = on_terminal(result)
    assert "\x1b" not in terminal
    assert "z1, z2" in terminal
    assert terminal.rstrip().endswith("all")


def test_people_see_the_faults_and_the_json_has_all() -> None:
    brief = Result(tables=[table(faults_only=True, folded="All pods")])
    assert "│ c " in on_terminal(brief)
    assert "│ d " not in on_terminal(brief)
    opened, _, folded = as_markdown(brief).partition("<details><summary>All pods (3)</summary>")
    assert "| c |" in opened
    assert "| d |" not in opened
    assert "| d |" in folded
    assert len(json.loads(as_json(brief))["pods"]) == 3
    assert "details" not in as_markdown(Result(tables=[table(rows=[], folded="All pods")]))


def test_a_long_table_begins_with_the_faults_and_counts_the_rest() -> None:
    rows = list(range(10_000))
    shown, rest = first_rows(rows, lambda row: row in (7, 9_999))
    assert shown == [7, 9_999, *(row for row in rows if row != 7)][:MAX_ROWS]
    assert rest == "and 9900 more rows; --json FILE has all"


def test_a_short_table_keeps_its_order() -> None:
    assert first_rows([3, 1, 2], lambda row: row == 2) == ([3, 1, 2], "")


def test_findings_stand_by_severity_and_the_accepted_are_marked() -> None:
    found: list[Finding] = [DANGER, UNKNOWN, WARNING, NOTE]
    markdown = as_markdown(Result("two", findings=found, unknowns=["no nodes"], marker="<!-- x -->"))
    assert markdown.splitlines()[:2] == ["<!-- x -->", "### ⛔ two"]
    titles = [line for line in markdown.splitlines() if line.startswith("**")]
    assert titles == ["**Dangerous**", "**Could not tell**", "**Warnings**", "**To know**"]
    assert "- no nodes" in markdown
    terminal = on_terminal(Result(findings=found, unknowns=["no nodes"], accept=["subnet-gone"]))
    assert "could not tell: no nodes" in terminal
    assert "danger (accepted) subnet-gone: Subnet subnet-a is gone; no address; add another" in terminal
    assert "unknown (accepted) subnet-gone" in terminal


def test_two_reports_do_not_share_standard_output() -> None:
    with pytest.raises(WrongUse, match="--json and --markdown cannot both go to standard output"):
        ReportFiles("-", "-")


def test_a_report_that_cannot_be_written_is_never_fine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    def full(name: str, text: str) -> None:
        raise CannotWrite(f"{name} cannot be written: {len(text)}")

    monkeypatch.setattr("pulumi_tke_hybrid.cli.files.write", full)
    assert finish("drift", Result("all"), ReportFiles(str(tmp_path / "a.json"))) is COULD_NOT_TELL
    assert finish("drift", Result("all", [DANGER]), ReportFiles(str(tmp_path / "a.json"))) is NOT_FINE
    assert "drift: " in capsys.readouterr().err
