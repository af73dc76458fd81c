"""A whole review: plans, what the rules find in them, and what a pipeline should do.

Runs `pulumi preview` for a review, and says what it could not."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from pulumi_tke_hybrid.cli import process
from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn, WrongUse
from pulumi_tke_hybrid.cli.text import several
from pulumi_tke_hybrid.plan.model import Plan
from pulumi_tke_hybrid.plan.preview_json import StackPlan
from pulumi_tke_hybrid.plan.rules import coverage, findings
from pulumi_tke_hybrid.review import accepting
from pulumi_tke_hybrid.review.accepting import Acceptance, Judged, JudgedCause, Verdict
from pulumi_tke_hybrid.review.behind import Surroundings
from pulumi_tke_hybrid.review.causes import causes
from pulumi_tke_hybrid.review.grouping import NOTHING, Counts, Outline, outline
from pulumi_tke_hybrid.review.wording import Words
from pulumi_tke_hybrid.tke.rule import Severity, judged


@dataclass(frozen=True)
class Origin:
    """Where the previews come from, for the comment's last line."""

    commit: str = ""
    tools: Mapping[str, str] = field(default_factory=dict[str, str])
    docs: str = ""
    """Where the folder docs/ of this library can be read; empty where that is not known."""
    job: str = ""
    """Address of the job that makes the review."""


@dataclass(frozen=True)
class StackReview:
    """One stack of a review."""

    plan: StackPlan
    outline: Outline
    zones: Sequence[coverage.Zone]
    causes: Sequence[JudgedCause]

    @cached_property
    def surroundings(self) -> Surroundings:
        """Who stands behind its resources."""
        return Surroundings(self.plan.steps)


@dataclass(frozen=True)
class Review:
    """All stacks together."""

    stacks: Sequence[StackReview]
    verdict: Verdict
    words: Words
    origin: Origin
    fail_on: FailOn = FailOn.ERROR
    void: Sequence[Acceptance] = ()
    """Acceptances that accept nothing here."""

    @property
    def exit_code(self) -> ExitCode:
        """What is known to be bad decides before what could not be read."""
        if self.verdict is Verdict.DANGEROUS or self.stopped_by:
            return ExitCode.NOT_FINE
        if self.verdict is Verdict.INVALID:
            return ExitCode.PREVIEW_FAILED
        return ExitCode.COULD_NOT_TELL if self.verdict is Verdict.COULD_NOT_TELL else ExitCode.FINE

    @cached_property
    def stopped_by(self) -> str:
        """What `--fail-on` stops at, in words; empty where nothing beside a danger stops."""
        warnings = sum(
            item.finding.severity is Severity.WARNING and item.accepted is None for item in self.findings
        )
        if warnings and self.fail_on.warnings_count:
            return several(warnings, "warning")
        changes = sum(step.op.changes for stack in self.stacks for step in stack.plan.steps)
        return several(changes, "change") if changes and self.fail_on is FailOn.CHANGE else ""

    @cached_property
    def causes(self) -> list[JudgedCause]:
        """Of all stacks, the strictest first."""
        order = list(Severity)
        return sorted(
            (item for stack in self.stacks for item in stack.causes),
            key=lambda item: order.index(item.severity),
        )

    @cached_property
    def findings(self) -> list[Judged]:
        """Of all causes, each followed by its consequences."""
        return [finding for item in self.causes for finding in item.findings]

    @cached_property
    def counts(self) -> Counts:
        """Of all stacks together."""
        return sum((stack.outline.counts for stack in self.stacks), NOTHING)

    @property
    def names(self) -> list[str]:
        """`<project>/<stack>` of each; a file's name where a preview did not say."""
        return [stack.plan.stack or stack.plan.source for stack in self.stacks]


def review(
    plans: Sequence[StackPlan],
    words: Words,
    *,
    acceptances: Sequence[Acceptance] = (),
    severities: Mapping[str, Severity] | None = None,
    origin: Origin | None = None,
    fail_on: FailOn = FailOn.ERROR,
) -> Review:
    """Judge the plans."""
    stacks = [_of_stack(plan, acceptances, severities or {}) for plan in plans]
    found = [item for stack in stacks for item in stack.causes]
    return Review(
        stacks,
        accepting.verdict(plans, found),
        words,
        origin or Origin(),
        fail_on,
        accepting.void(found, acceptances),
    )


def _of_stack(
    plan: StackPlan, acceptances: Sequence[Acceptance], severities: Mapping[str, Severity]
) -> StackReview:
    steps = Plan(plan.steps)
    found = judged(findings.plan_findings(steps), severities)
    return StackReview(
        plan,
        outline(plan),
        coverage.zones_of(steps),
        accepting.judge(plan, causes(plan.steps, found), acceptances),
    )


PATIENCE = 5.0
"""Seconds that an interrupted preview has: GitHub kills a cancelled job ten seconds after it told it."""


@dataclass(frozen=True)
class Preview:
    """What the CLI printed, and how it ended."""

    output: BinaryIO
    exit_code: int
    refreshed: bool
    version: str


@contextmanager
def running(folder: Path, stack: str, arguments: Sequence[str]) -> Generator[Preview]:
    """A preview of the project in `folder`. Its progress and errors go where ours go; its JSON is kept on
    disk, not in memory."""
    command = shutil.which("pulumi")
    if command is None:
        raise WrongUse("--run needs the Pulumi CLI on PATH; install it, or give the file of a preview")
    if not folder.is_dir():
        raise WrongUse(f"--cwd {folder} is no folder")
    chosen = ["--stack", stack] if stack else []
    told = [command, "preview", "--json", "--show-sames", "--non-interactive", *chosen, *arguments]
    # pulumi-kubernetes writes the kubeconfig into a temporary file, for Helm, and leaves it there: here it
    # goes with its folder.
    with process.like_ctrl_c(), tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile() as output:
        environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", "TMPDIR": scratch}
        preview = subprocess.Popen(  # noqa: S603
            told, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output
        )
        exit_code = _ended(preview)
        output.seek(0)
        refreshed = any(word in ("--refresh", "-r", "--refresh=true") for word in arguments)
        yield Preview(output, exit_code, refreshed, _version(command))


def _ended(preview: "subprocess.Popen[bytes]") -> int:
    """Its exit code. Interrupted, it is told and waited for: it must not write into the folder any more when
    that goes."""
    try:
        return preview.wait()
    except KeyboardInterrupt:
        preview.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            preview.wait(PATIENCE)
        raise
    finally:
        preview.kill()  # nothing happens to one that has ended
        preview.wait()


def _version(command: str) -> str:
    told = subprocess.run(  # noqa: S603
        [command, "version"], capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    return told.stdout.strip().removeprefix("v")
