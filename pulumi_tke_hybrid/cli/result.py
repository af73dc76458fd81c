"""The result of a command, its exit code, and one writer each for a terminal, Markdown and JSON.

A command makes a `Result` and ends with `finish`; this module reads nothing and judges nothing.
"""

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from pulumi_tke_hybrid.cli import files, process
from pulumi_tke_hybrid.cli.process import CannotWrite, ExitCode, FailOn, plain, shown
from pulumi_tke_hybrid.tke.rule import Finding, Severity

FORMAT = 2
"""Version of the JSON. Changes when a key changes its meaning or is removed."""
MAX_ROWS = 100
"""Rows of a table, and findings, on a terminal and in Markdown; the JSON has all."""
WIDTH_OF_A_LOG = 160
_MAX_CELL, _MAX_MESSAGE = 200, 1200
Row = TypeVar("Row")


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column of a table, the same in every report."""

    head: str
    """Empty: the column is in the JSON alone."""
    key: str
    """Key in the JSON; empty: the column is not in the JSON."""
    cell: Callable[[Row], object]
    """The value for JSON."""
    text: Callable[[Row], str] | None = None
    """The text for people, where the text that is made of the value does not suffice."""
    style: Callable[[Row], str] | None = None
    """Colour on a terminal."""
    right: bool = False
    """Aligned to the right."""

    def written(self, row: Row) -> str:
        """The cell for people: `?` for None, `yes` or `no`, the items of a list, `none` for an empty list."""
        if self.text is not None:
            return self.text(row)
        value = self.cell(row)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list | tuple):
            return ", ".join(map(str, cast(Sequence[object], value))) or "none"
        return "?" if value is None else str(value)


def _never(_: Any) -> bool:
    return False


@dataclass(frozen=True)
class Table(Generic[Row]):
    """Rows with their columns. A table without rows, or whose columns have no head, is in the JSON alone."""

    key: str
    """Key in the JSON; empty: the table is not in the JSON."""
    columns: Sequence[Column[Row]]
    rows: Sequence[Row]
    fault: Callable[[Row], bool] = _never
    """Whether a row needs attention: such rows come first where not all rows are shown."""
    title: str = ""
    faults_only: bool = False
    """A terminal shows the faults alone."""
    folded: str = ""
    """Summary under which Markdown folds the table; the faults stay unfolded."""

    def data(self) -> list[dict[str, Any]]:
        """All rows for JSON."""
        return [{column.key: column.cell(row) for column in self.columns if column.key} for row in self.rows]

    @property
    def shown_columns(self) -> list[Column[Row]]:
        """The columns for people."""
        return [column for column in self.columns if column.head]

    @property
    def faults(self) -> list[Row]:
        """The rows that need attention."""
        return [row for row in self.rows if self.fault(row)]


@dataclass(frozen=True)
class Result:
    """All that a command found."""

    headline: str = ""
    findings: Sequence[Finding] = ()
    unknowns: Sequence[str] = ()
    """What could not be read or counted, a sentence each."""
    tables: Sequence[Table[Any]] = ()
    notes: Sequence[str] = ()
    """Remarks below the tables of a terminal."""
    measured: ExitCode = ExitCode.FINE
    """What the tables come to, apart from the findings: `FINE`, `NOT_FINE` or `COULD_NOT_TELL`."""
    fail_on: FailOn = FailOn.ERROR
    accept: Collection[str] = ()
    """`id` or `id:path` of the findings that the user accepts."""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Keys of the JSON beside those of every command and of the tables."""
    marker: str = ""
    """First line of the Markdown, by which a comment is found again."""
    introduction: str = ""
    """A line of the Markdown, below the headline."""
    error_word: str = "danger"
    """The command's word for a finding of severity ERROR."""

    def accepted(self, finding: Finding) -> bool:
        """Whether the user accepts the finding."""
        return not {finding.rule.id, f"{finding.rule.id}:{finding.path}"}.isdisjoint(self.accept)

    def count(self, severity: Severity | None) -> int:
        """Findings of a severity, without the accepted findings; None: findings that could not be checked."""
        return sum(item.judged_severity is severity and not self.accepted(item) for item in self.findings)

    @property
    def exit_code(self) -> ExitCode:
        """The worst of all parts. An unknown may hide a danger, but a danger that is known decides."""
        stops = self.count(Severity.ERROR) or (self.fail_on.warnings_count and self.count(Severity.WARNING))
        if stops or self.measured is ExitCode.NOT_FINE:
            return ExitCode.NOT_FINE
        return ExitCode.COULD_NOT_TELL if self.unknowns or self.count(None) else self.measured

    def level(self, finding: Finding) -> str:
        """`unknown`, the command's word for an error, `warning` or `note`."""
        if finding.unknown:
            return "unknown"
        return self.error_word if finding.severity is Severity.ERROR else finding.severity.value


@dataclass(frozen=True)
class ReportFiles:
    """Where the reports go: names of files, `-` for standard output, empty for none. Raises `WrongUse`."""

    json: str = ""
    markdown: str = ""

    def __post_init__(self) -> None:
        files.refuse_two_on_standard_output({"--json": self.json, "--markdown": self.markdown})

    def console(self, *, soft_wrap: bool = False) -> Console:
        """The console for people: standard error, where standard output holds a report."""
        return console(stderr=files.STANDARD_OUTPUT in (self.json, self.markdown), soft_wrap=soft_wrap)


def finish(command: str, result: Result, reports: ReportFiles) -> ExitCode:
    """Write every report, and give the exit code of the command."""
    return files.write_all(
        command,
        result.exit_code,
        lambda: files.write(reports.json, as_json(result)),
        lambda: files.write(reports.markdown, as_markdown(result)),
        lambda: show(result, reports.console()),
    )


def as_json(result: Result) -> str:
    """The whole result as JSON."""
    data = {
        "format": FORMAT,
        "exitCode": int(result.exit_code),
        "result": result.exit_code.name,
        "headline": result.headline,
        **result.data,
        **{table.key: table.data() for table in result.tables if table.key},
    }
    return json.dumps(data, indent=2, ensure_ascii=True) + "\n"


def as_markdown(result: Result) -> str:
    """For a pull request, an incident or the summary of a job."""
    sign = {ExitCode.FINE: "✅", ExitCode.NOT_FINE: "⛔"}.get(result.exit_code, "⚠️")
    lines = [result.marker, f"### {sign} {plain(result.headline)}", ""]
    lines += [plain(result.introduction), ""] if result.introduction else []
    lines += _bullets("Dangerous", result, Severity.ERROR)
    lines += _bullets("Could not tell", result, None)
    lines += _bullets("Warnings", result, Severity.WARNING)
    lines += _bullets("To know", result, Severity.NOTE)
    for table in result.tables:
        lines += _markdown_table(table)
    return "\n".join(lines).strip() + "\n"


def _bullets(title: str, result: Result, severity: Severity | None) -> list[str]:
    found = [
        f"{'(accepted) ' if result.accepted(item) else ''}{message_of(item)}"
        for item in result.findings
        if item.judged_severity is severity
    ]
    found += result.unknowns if severity is None else ()
    items, rest = first_rows(found, _never)
    return [f"**{title}**", *(f"- {plain(item)}" for item in items), *_line(rest), ""] if items else []


def _markdown_table(table: Table[Any]) -> list[str]:
    if not table.folded or not table.rows:
        return _markdown_rows(table, table.rows)
    everything = process.folded(f"{table.folded} ({len(table.rows)})", _markdown_rows(table, table.rows)[:-1])
    return [*_markdown_rows(table, table.faults), *everything, ""]


def _markdown_rows(table: Table[Row], rows: Sequence[Row]) -> list[str]:
    first, rest = first_rows(rows, table.fault)
    heads = [column.head for column in table.shown_columns]
    cells = [[plain(column.written(row)) for column in table.shown_columns] for row in first]
    return [*process.table(heads, cells), *_line(rest), ""] if rows and heads else []


def _line(rest: str) -> list[str]:
    return ["", rest] if rest else []


_STYLES = {"unknown": "magenta", "warning": "yellow", "note": "cyan"}


def show(result: Result, console: Console) -> None:
    """Tables, remarks, unknowns and findings on a terminal; the headline comes last, next to the prompt."""
    for table in result.tables:
        _show_table(table, console)
    for note in result.notes:
        console.print(Text(shown(note), style="dim"))
    for unknown in result.unknowns:
        console.print(Text.assemble(("could not tell: ", "yellow"), shown(unknown)))
    findings, rest = first_rows(
        result.findings, lambda item: item.severity is Severity.ERROR and not result.accepted(item)
    )
    for item in findings:
        level, accepted = result.level(item), result.accepted(item)
        label = f"{level}{' (accepted)' if accepted else ''} {item.rule.id}: "
        style = "dim" if accepted else _STYLES.get(level, "bold red")
        console.print(Text.assemble((label, style), shown(message_of(item), _MAX_MESSAGE)))
    if rest:
        console.print(Text(rest))
    if result.headline:
        style = "bold green" if result.exit_code is ExitCode.FINE else "bold red"
        console.print(Text(shown(result.headline), style=style))


def message_of(finding: Finding) -> str:
    """The message, with the path in front where the message does not name the path."""
    return finding.message if finding.path in finding.message else f"{finding.path}: {finding.message}"


def _show_table(table: Table[Any], console: Console) -> None:
    drawn = RichTable(title=Text(shown(table.title)) if table.title else None, title_justify="left")
    for column in table.shown_columns:
        drawn.add_column(column.head, justify="right" if column.right else "left", overflow="fold")
    rows, drawn.caption = first_rows(table.faults if table.faults_only else table.rows, table.fault)
    for row in rows:
        drawn.add_row(
            *(
                Text(shown(column.written(row), _MAX_CELL), style=column.style(row) if column.style else "")
                for column in table.shown_columns
            )
        )
    if rows and drawn.columns:
        console.print(drawn)


def first_rows(rows: Sequence[Row], bad: Callable[[Row], bool]) -> tuple[list[Row], str]:
    """At most `MAX_ROWS` rows, the bad rows first where not all are shown, and a line that counts the rest;
    the line is empty where all are shown."""
    rest = len(rows) - MAX_ROWS
    if rest <= 0:
        return list(rows), ""
    return sorted(rows, key=lambda row: not bad(row))[:MAX_ROWS], f"and {rest} more rows; --json FILE has all"


class Terminal(Console):
    """A console whose output that cannot be written raises `CannotWrite`."""

    def print(self, *objects: Any, **options: Any) -> None:
        try:
            super().print(*objects, **options)
        except OSError as error:
            raise CannotWrite(f"standard output cannot be written: {error.strerror}") from None

    def on_broken_pipe(self) -> None:
        raise CannotWrite("standard output cannot be written: its reader is closed")


def console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """As wide as the terminal or as COLUMNS; in a log, wide enough for whole names and addresses."""
    in_a_log = not os.environ.get("COLUMNS") and not any(map(_is_terminal, range(3)))
    return Terminal(stderr=stderr, width=WIDTH_OF_A_LOG if in_a_log else None, soft_wrap=soft_wrap)


def _is_terminal(number: int) -> bool:
    try:
        return os.isatty(number)
    except OSError:
        return False
