"""Run `tke-hybrid review`: read the previews, judge the changes, write the reports, post the comment.

With `--run` the module runs `pulumi preview` itself; the judgement is in `review`.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import BinaryIO

from pulumi_tke_hybrid.cli import files, process
from pulumi_tke_hybrid.cli.process import ExitCode, WrongUse
from pulumi_tke_hybrid.plan.engine_steps import Secrets
from pulumi_tke_hybrid.plan.preview_json import Failure, StackPlan, read
from pulumi_tke_hybrid.plan.rules import every_rule
from pulumi_tke_hybrid.review.command import Host, ReviewOptions
from pulumi_tke_hybrid.review.markdown_report import comment
from pulumi_tke_hybrid.review.posting import CannotPost, event_of_job, label_setters, post
from pulumi_tke_hybrid.review.redaction import Redactor
from pulumi_tke_hybrid.review.report import Comment, text
from pulumi_tke_hybrid.review.review import Acceptance, Origin, Review, code_in, from_labels, review
from pulumi_tke_hybrid.tke.objects import child, items, mapping
from pulumi_tke_hybrid.tke.rule import Severity, setting_findings

_CREDENTIALS = (
    "TENCENTCLOUD_SECRET_KEY",
    "TENCENTCLOUD_SECURITY_TOKEN",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITLAB_TOKEN",
    "CI_JOB_TOKEN",
)
"""Environment variables whose values are removed from every report."""
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~%/+-]*)?")
SECONDS_TO_END = 5.0
"""Time for an interrupted preview to end: GitHub kills a cancelled job ten seconds after the signal."""


def run(given: ReviewOptions, environment: Mapping[str, str] = os.environ) -> ExitCode:
    """Run the command, and return its exit code. Raises `WrongUse`."""
    _refuse_contradictions(given)
    severities = _severities(given.rule or ())
    secrets = Secrets()
    for name in _CREDENTIALS:
        secrets.remember(environment.get(name, ""))
    plans, tools = _run_preview(given, secrets) if given.run else (_read(given, secrets), {})
    redactor = Redactor(secrets.values)
    origin = Origin(
        given.commit or environment.get("GITHUB_SHA") or environment.get("CI_COMMIT_SHA") or "",
        {**tools, "tke-hybrid": metadata.version("pulumi-tke-hybrid")},
        docs=documentation(given.docs_url),
        job=job(environment),
    )
    done = review(
        plans,
        redactor,
        acceptances=_acceptances(given, environment),
        severities=severities,
        origin=origin,
        fail_on=given.fail_on,
    )
    made = comment(done, given.limit)
    code = _write(done, made, given)
    return _post(made, code, given.post, given.pull_request, redactor) if given.post else code


def _refuse_contradictions(given: ReviewOptions) -> None:
    files.refuse_two_on_standard_output({"--json": given.json_file, "--markdown": given.markdown_file})
    if given.run:
        files.refuse("--run makes the preview itself", {"--event-log": given.event_log})
    else:
        files.refuse("only --run makes a preview", {"--stack": given.stack, "--cwd": given.cwd != Path()})
    if not given.post:
        files.refuse("without --post no comment is posted", {"--pull-request": given.pull_request})


def _severities(settings: Sequence[str]) -> dict[str, Severity]:
    found: dict[str, Severity] = {}
    for setting in settings:
        name, _, wanted = setting.partition("=")
        if wanted not in list(Severity):
            raise WrongUse(
                f"--rule {setting}: {wanted or 'nothing'} is no severity; give error, warning or note"
            )
        found[name] = Severity(wanted)
    for finding in setting_findings(found, every_rule(), "--rule"):
        raise WrongUse(str(finding))
    return found


def _read(given: ReviewOptions, secrets: Secrets) -> list[StackPlan]:
    names = [*(given.previews or ()), *(given.event_log or ())]
    if not names:
        raise WrongUse("there is nothing to review; name the file of a preview, or give --run")
    if names.count(files.STANDARD_INPUT) > 1:
        raise WrongUse("standard input can be read only once")
    plans: list[StackPlan] = []
    for name in names:
        shown = "standard input" if name == files.STANDARD_INPUT else Path(name).name
        with files.opened(name) as source:
            plans.append(read(source, shown, secrets))
    return plans


def _run_preview(given: ReviewOptions, secrets: Secrets) -> tuple[list[StackPlan], dict[str, str]]:
    """Run `pulumi preview`, and return its plan and the version of the CLI. Progress and errors of the
    preview go to standard error; the JSON is kept on disk, not in memory."""
    command = shutil.which("pulumi")
    if command is None:
        raise WrongUse("--run needs the Pulumi CLI on PATH; install it, or give the file of a preview")
    if not given.cwd.is_dir():
        raise WrongUse(f"--cwd {given.cwd} is no folder")
    stack = ["--stack", given.stack] if given.stack else []
    arguments = given.previews or []
    preview = [command, "preview", "--json", "--show-sames", "--non-interactive", *stack, *arguments]
    with tempfile.TemporaryFile() as output:
        exit_code = _wait_for(preview, given.cwd, output)
        output.seek(0)
        plan = read(output, "pulumi preview", secrets)
    failures = plan.failures or ([Failure("", "")] if exit_code else [])
    refreshed = any(argument in ("--refresh", "-r", "--refresh=true") for argument in arguments)
    plan = replace(plan, failures=failures, refreshed=plan.refreshed or refreshed)
    return [plan], {"pulumi": _version(command)}


def _wait_for(preview: Sequence[str], folder: Path, output: BinaryIO) -> int:
    """Run the preview, and return its exit code. After an interrupt the preview gets time to end, so that the
    preview does not write into a folder that is removed."""
    # pulumi-kubernetes writes the kubeconfig into a temporary file for Helm and does not remove the file:
    # here the file is removed with its folder.
    with process.like_ctrl_c(), tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", "TMPDIR": scratch}
        running = subprocess.Popen(  # noqa: S603
            preview, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output
        )
        try:
            return running.wait()
        except KeyboardInterrupt:
            running.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(SECONDS_TO_END)
            raise
        finally:
            running.kill()  # has no effect on a process that has ended
            running.wait()


def _version(command: str) -> str:
    printed = subprocess.run(  # noqa: S603
        [command, "version"], capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    return printed.stdout.strip().removeprefix("v")


def documentation(given: str = "") -> str:
    """Return the address of docs/ without a slash at the end: `given`, else the package's page; empty if
    neither is known."""
    urls = dict(
        entry.split(", ", 1) for entry in metadata.metadata("pulumi-tke-hybrid").get_all("Project-URL") or []
    )
    return _safe(given or urls.get("Documentation", "")).rstrip("/")


def job(environment: Mapping[str, str]) -> str:
    """Return the address of the job on GitHub or GitLab; empty outside of both."""
    run_id, project = environment.get("GITHUB_RUN_ID", ""), environment.get("GITHUB_REPOSITORY", "")
    if run_id and project:
        server = environment.get("GITHUB_SERVER_URL") or "https://github.com"
        return _safe(f"{server}/{project}/actions/runs/{run_id}")
    return _safe(environment.get("CI_JOB_URL", ""))


def _safe(address: str) -> str:
    """Return the address if the address cannot break out of a Markdown link, else an empty string."""
    return address if _ADDRESS.fullmatch(address) else ""


def _acceptances(given: ReviewOptions, environment: Mapping[str, str]) -> list[Acceptance]:
    codes = given.accept or ()
    for item in codes:
        if not code_in(item):
            raise WrongUse(
                f"--accept {item}: that is no code; a code has 8 letters and digits, and stands beside each"
                " danger in the report"
            )
    by_option = [Acceptance(code_in(item), f"--accept {item}") for item in codes]
    labels = given.labels.split(",") if given.labels else _labels(environment)
    found = from_labels(labels)
    if given.post and any(item.code for item in found):
        found = from_labels(labels, _label_setters(given.post, given.pull_request))
    return [*by_option, *found]


def _label_setters(host: Host, pull_request: int | None) -> dict[str, str]:
    """Return the accounts that set the labels, for the record; empty where the code host does not answer."""
    try:
        return label_setters(host, number=pull_request)
    except CannotPost as error:
        files.complain("tke-hybrid review", f"the accounts that set the labels are not known: {error}")
        return {}


def _labels(environment: Mapping[str, str]) -> list[str]:
    """Return the labels of the pull request that the job runs for."""
    labels = items(child(event_of_job(environment), "pull_request").get("labels"))
    named = (str(mapping(label).get("name", "")) for label in labels)
    return [*environment.get("CI_MERGE_REQUEST_LABELS", "").split(","), *named]


def _write(done: Review, made: Comment, given: ReviewOptions) -> ExitCode:
    free = files.STANDARD_OUTPUT not in (given.json_file, given.markdown_file)
    data = json.dumps(made.digest, indent=2, ensure_ascii=False) + "\n"
    return files.write_all(
        "review",
        done.exit_code,
        lambda: files.write(given.json_file, data),
        lambda: files.write(given.markdown_file, made.body),
        lambda: files.write(files.STANDARD_OUTPUT if free else "", text(done)),
    )


def _post(
    made: Comment, code: ExitCode, host: Host, pull_request: int | None, redactor: Redactor
) -> ExitCode:
    try:
        print(redactor.line(post(made, host, number=pull_request)), file=sys.stderr)
    except CannotPost as error:
        files.complain("review", redactor.line(str(error)))
        return ExitCode.NOT_POSTED if code is ExitCode.FINE else code
    return code
