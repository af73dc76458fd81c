"""The templates in examples/ci call existing commands with the least privilege."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from pulumi_tke_hybrid.cli.commands import app
from pulumi_tke_hybrid.cli.process import ExitCode

FOLDER = Path(__file__).parents[3] / "examples" / "ci"
GITHUB = sorted(FOLDER.glob("github-*.yml"))
GITLAB = sorted(FOLDER.glob("gitlab-*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")
MAY_WRITE = {("github-review.yml", "pull-requests")}
SECRET = re.compile(
    r"\$\{?(?:PULUMI_ACCESS_TOKEN|PULUMI_CONFIG_PASSPHRASE|TENCENTCLOUD_SECRET\w*"
    r"|GITHUB_TOKEN|GITLAB_TOKEN)\b"
)


def commands() -> dict[str, Any]:
    """Return the commands by name, with their options: the group imports a command when the command is
    named."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("tke-hybrid", ["doctor"])
    return {name: group.resolve_command(context, [name])[1] for name in list(group.commands)}


@cache
def template(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def jobs(path: Path) -> dict[str, Any]:
    content = template(path)
    found: dict[str, Any] = content["jobs"] if path in GITHUB else content
    return found


def scripts(path: Path) -> Iterator[str]:
    """Yield each shell script of the template."""
    for job in jobs(path).values():
        if path in GITLAB:
            yield "\n".join(job["script"])
        else:
            yield from (step["run"] for step in job.get("steps", ()) if "run" in step)


def calls(script: str, program: str) -> Iterator[list[str]]:
    """Yield the arguments of each call of the program."""
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        for index, word in enumerate(words):
            if word.rpartition("/")[2] == program:
                yield words[index + 1 :]


@pytest.mark.parametrize("path", [*GITHUB, *GITLAB], ids=lambda path: path.name)
def test_commands_and_options_exist(path: Path) -> None:
    known = commands()
    found = [call for script in scripts(path) for call in calls(script, "tke-hybrid")]
    assert found
    for command, *rest in found:
        assert command in known
        options = {name for option in known[command].params for name in option.opts}
        end = next((index for index, word in enumerate(rest) if word in ("&&", "||", ">", "|")), len(rest))
        assert {word for word in rest[:end] if word.startswith("-")} <= options


@pytest.mark.parametrize("path", [*GITHUB, *GITLAB], ids=lambda path: path.name)
def test_no_secret_is_an_argument(path: Path) -> None:
    for script in scripts(path):
        assert "${{" not in script  # outside text is an environment variable, never a part of a script
        assert not SECRET.search(script)


def test_no_text_installs_the_unpublished_package_by_its_name() -> None:
    root, by_name = (
        FOLDER.parents[1],
        re.compile(r"pip\"? install [^\n`]*\bpulumi-tke-hybrid\b(?!\S*/|\S*@| @)"),
    )
    files = [
        path
        for kind in ("*.md", "docs/*.md", "examples/**/*.yml", "pulumi_tke_hybrid/**/*.py")
        for path in root.glob(kind)
    ]
    assert len(files) > 100
    assert {
        path.name: found for path in files if (found := by_name.findall(path.read_text(encoding="utf-8")))
    } == {}


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_actions_are_pinned_and_tokens_have_the_least_permissions(path: Path) -> None:
    content = template(path)
    assert content["permissions"] == {}
    for job in content["jobs"].values():
        given = job.get("permissions", {})
        assert {name for name, value in given.items() if value != "read"} <= {
            name for file, name in MAY_WRITE if file == path.name
        }
        uses = [step for step in job.get("steps", ()) if "uses" in step]
        assert [step["uses"] for step in uses if not PINNED.fullmatch(step["uses"])] == []
        assert all(
            step["with"]["persist-credentials"] is False
            for step in uses
            if step["uses"].startswith("actions/checkout@")
        )
        assert "secrets." not in str(job.get("env", "")) + str(
            content.get("env", "")
        )  # a secret belongs to a step, not to a job


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_the_kubeconfig_that_the_kubernetes_plugin_leaves_goes_with_the_job(path: Path) -> None:
    """A job of GitLab has a container of its own; a runner of GitHub may be a permanent machine."""
    steps = [step for job in jobs(path).values() for step in job.get("steps", ())]
    configures = [
        step
        for step in steps
        if any(call[0] in ("preview", "up") for call in calls(step.get("run", ""), "pulumi"))
    ]
    assert bool(configures) == (path.name in ("github-review.yml", "github-up.yml"))
    assert {step["env"]["TMPDIR"] for step in configures} <= {"${{ runner.temp }}"}


@pytest.mark.parametrize("path", [*GITHUB, *GITLAB], ids=lambda path: path.name)
def test_each_job_has_a_timeout_and_jobs_of_one_stack_run_alone(path: Path) -> None:
    for job in jobs(path).values():
        assert "uses" in job or "timeout" in job or "timeout-minutes" in job
        assert path in GITHUB or "resource_group" in job
    assert path in GITLAB or "concurrency" in template(path)


def test_only_the_step_that_posts_has_the_token_of_the_repository() -> None:
    (job,) = jobs(FOLDER / "github-review.yml").values()
    holders = [step["name"] for step in job["steps"] if "github.token" in str(step)]
    assert holders == ["Review"]
    assert "--post github" in next(step["run"] for step in job["steps"] if step.get("name") == "Review")


@pytest.mark.parametrize("path", [*GITHUB, *GITLAB], ids=lambda path: path.name)
def test_no_code_but_0_passes(path: Path) -> None:
    """A range such as "at most 1" would accept the code of a dying interpreter or a missing package."""
    for script in scripts(path):
        assert not re.search(r"-(le|lt|ge|gt|ne)\b", script)
        caught = [line for line in script.replace("\\\n", " ").splitlines() if "code=$?" in line]
        assert script.count('[ "$code" -eq 0 ] || exit "$code"') + script.count('exit "$code"') >= len(caught)
    for job in jobs(path).values():
        assert "allow_failure" not in job
        assert "continue-on-error" not in str(job)


ROOT = FOLDER.parents[1]


def test_the_exit_codes_are_listed_on_one_page() -> None:
    pages = {
        path.name: re.findall(r"^\| (\d+)(?: and more)? \| ", path.read_text(encoding="utf-8"), re.MULTILINE)
        for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    }
    assert [name for name, codes in pages.items() if "70" in codes] == ["ci.md"]
    assert {int(code) for code in pages["ci.md"]} - {1, 128} == {int(code) for code in ExitCode}


def test_no_command_ends_with_1() -> None:
    assert 1 not in set(ExitCode)
    for command in commands().values():
        assert not re.search(r"^ +1 ", command.help or "", re.MULTILINE)
