"""What `tke-hybrid review` does: read, judge, write, post."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from pulumi_tke_hybrid.cli import files, options
from pulumi_tke_hybrid.cli import files as json_files
from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn, WrongUse
from pulumi_tke_hybrid.plan.engine_steps import Secrets
from pulumi_tke_hybrid.plan.preview_json import Failure, StackPlan, read
from pulumi_tke_hybrid.plan.rules import every_rule
from pulumi_tke_hybrid.review import accepting, wording
from pulumi_tke_hybrid.review.markdown_report import comment
from pulumi_tke_hybrid.review.report import Comment, text
from pulumi_tke_hybrid.review.review import Origin, Review, review, running
from pulumi_tke_hybrid.review.wording import Words
from pulumi_tke_hybrid.tke.rule import Severity, setting_findings

_CREDENTIALS = ("TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_SECURITY_TOKEN", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "GITHUB_TOKEN",
    "GH_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN")  # fmt: skip
"""Environment variables whose values must not come out again, wherever they were written."""


@dataclass(frozen=True)
class Inputs:
    """Where previews come from."""

    names: Sequence[str]
    """Files; with `run`, arguments of pulumi."""
    event_logs: Sequence[str]
    run: bool
    stack: str
    cwd: Path
    commit: str


@dataclass(frozen=True)
class Judging:
    """What counts."""

    accept: Sequence[str]
    labels: str
    rules: Sequence[str]
    fail_on: FailOn = FailOn.ERROR


@dataclass(frozen=True)
class Reports:
    """Where the result goes."""

    json_file: str
    markdown_file: str
    limit: int
    post: str
    pull_request: int | None
    docs_url: str = ""


def run(
    inputs: Inputs, judging: Judging, reports: Reports, environment: Mapping[str, str] = os.environ
) -> ExitCode:
    """The whole command. Raises `WrongUse`."""
    files.refuse_two_on_standard_output({"--json": reports.json_file, "--markdown": reports.markdown_file})
    if inputs.run:
        options.refuse("--run makes the preview itself", {"--event-log": inputs.event_logs})
    else:
        options.refuse("only --run makes a preview", {"--stack": inputs.stack, "--cwd": inputs.cwd != Path()})
    if not reports.post:
        options.refuse("without --post no comment is posted", {"--pull-request": reports.pull_request})
    severities = _severities(judging.rules)
    secrets = Secrets()
    for name in _CREDENTIALS:
        secrets.remember(environment.get(name, ""))
    plans, tools = (
        _run(inputs, secrets) if inputs.run else (_read([*inputs.names, *inputs.event_logs], secrets), {})
    )
    words = Words(secrets.values)
    origin = Origin(
        inputs.commit or environment.get("GITHUB_SHA") or environment.get("CI_COMMIT_SHA") or "",
        {**tools, "tke-hybrid": metadata.version("pulumi-tke-hybrid")},
        docs=wording.documentation(reports.docs_url),
        job=wording.job(environment),
    )
    done = review(
        plans,
        words,
        acceptances=_acceptances(judging, reports, environment),
        severities=severities,
        origin=origin,
        fail_on=judging.fail_on,
    )
    said = comment(done, reports.limit)
    code = _write(done, said, reports)
    return _post(said, code, reports, words) if reports.post else code


def _read(names: Sequence[str], secrets: Secrets) -> list[StackPlan]:
    if not names:
        raise WrongUse("there is nothing to review; name the file of a preview, or say --run")
    if names.count(json_files.STANDARD_INPUT) > 1:
        raise WrongUse("standard input can be read only once")
    plans: list[StackPlan] = []
    for name in names:
        with json_files.opened(name) as source:
            plans.append(
                read(
                    source,
                    "standard input" if name == json_files.STANDARD_INPUT else Path(name).name,
                    secrets,
                )
            )
    return plans


def _run(inputs: Inputs, secrets: Secrets) -> tuple[list[StackPlan], dict[str, str]]:
    with running(inputs.cwd, inputs.stack, inputs.names) as preview:
        plan = read(preview.output, "pulumi preview", secrets)
    failures = plan.failures or ([Failure("", "")] if preview.exit_code else [])
    return [replace(plan, failures=failures, refreshed=plan.refreshed or preview.refreshed)], {
        "pulumi": preview.version
    }


def _severities(settings: Sequence[str]) -> dict[str, Severity]:
    found: dict[str, Severity] = {}
    known = every_rule()
    for setting in settings:
        name, _, wanted = setting.partition("=")
        try:
            found[name] = Severity(wanted)
        except ValueError:
            raise WrongUse(
                f"--rule {setting}: {wanted or 'nothing'} is no severity; say error, warning or note"
            ) from None
    for finding in setting_findings(found, known, "--rule"):
        raise WrongUse(str(finding))
    return found


def _acceptances(
    judging: Judging, reports: Reports, environment: Mapping[str, str]
) -> list[accepting.Acceptance]:
    for item in judging.accept:
        if not accepting.code_in(item):
            raise WrongUse(
                f"--accept {item}: that is no code; a code has 8 letters and digits, and stands beside each"
                " danger in the report"
            )
    flags = [accepting.Acceptance(accepting.code_in(item), f"--accept {item}") for item in judging.accept]
    labels = judging.labels.split(",") if judging.labels else _labels(environment)
    setters = (
        _setters(reports) if reports.post and any(item.code for item in accepting.from_labels(labels)) else {}
    )
    return [*flags, *accepting.from_labels(labels, setters)]


def _setters(reports: Reports) -> dict[str, str]:
    """Who set the labels, for the record; the record names the label alone where the code host does not
    answer."""
    from pulumi_tke_hybrid.review.post.poster import Host, setters
    from pulumi_tke_hybrid.review.post.sticky import CannotPost

    try:
        return setters(Host(reports.post), number=reports.pull_request)
    except CannotPost as error:
        files.complain("tke-hybrid review", f"who set the labels is not known: {error}")
        return {}


def _labels(environment: Mapping[str, str]) -> list[str]:
    """Those of the pull request that the job runs for."""
    told = environment.get("CI_MERGE_REQUEST_LABELS", "").split(",")
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        event: Any = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
        told += [str(label["name"]) for label in event.get("pull_request", {}).get("labels", [])]
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return told  # no labels are known, so nothing is accepted: the strict side
    return told


def _write(done: Review, said: Comment, reports: Reports) -> ExitCode:
    free = files.STANDARD_OUTPUT not in (reports.json_file, reports.markdown_file)
    return files.write_all(
        "review",
        done.exit_code,
        lambda: files.write(
            reports.json_file, json.dumps(said.digest.as_data(), indent=2, ensure_ascii=False) + "\n"
        ),
        lambda: files.write(reports.markdown_file, said.body),
        lambda: files.write(files.STANDARD_OUTPUT if free else "", text(done)),
    )


def _post(said: Comment, code: ExitCode, reports: Reports, words: Words) -> ExitCode:
    from pulumi_tke_hybrid.review.post.poster import Host, post
    from pulumi_tke_hybrid.review.post.sticky import CannotPost

    try:
        print(words.line(post(said, Host(reports.post), number=reports.pull_request)), file=sys.stderr)
    except CannotPost as error:
        files.complain("review", words.line(str(error)))
        return ExitCode.NOT_POSTED if code is ExitCode.FINE else code
    return code
