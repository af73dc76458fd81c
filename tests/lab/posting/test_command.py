"""`tke-hybrid review --post` as a pipeline starts it."""

import os
import subprocess
from pathlib import Path

from pulumi_tke_hybrid.review.report import marker
from tests import COMMAND
from tests.lab.posting.hosts import BOT, TOKEN, Job, MakeJob

PREVIEW = Path(__file__).parents[2] / "unit" / "review" / "recorded" / "raw-list-empty.json"
DANGEROUS, NOT_POSTED = 2, 5
MARKER = marker(["raw-network/dev"])


def start(job: Job, *more: str, preview: Path = PREVIEW, **changes: str) -> "subprocess.Popen[str]":
    command = [
        COMMAND,
        "review",
        str(preview),
        "--post",
        job.host.value,
        *more,
    ]
    assert TOKEN not in command
    environment = {**os.environ, **job.environment(**changes)}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_the_command_posts_and_leaves_no_trace_of_the_token(a_job: Job) -> None:
    process = start(a_job)
    out, err = process.communicate(timeout=60)
    assert process.returncode == DANGEROUS, err
    assert TOKEN not in out + err
    assert err.strip().endswith(": added")
    (left,) = a_job.discussion.own(BOT, MARKER)
    assert "leave the list of container subnets, which becomes empty" in left.body


def test_two_jobs_at_the_same_time_leave_one_comment(make_job: MakeJob) -> None:
    job = make_job(together=2)
    both = [start(job, "--commit", sign * 40) for sign in "ab"]
    assert [process.communicate(timeout=60) and process.returncode for process in both] == [
        DANGEROUS,
        DANGEROUS,
    ]
    assert len(job.discussion.own(BOT, MARKER)) == 1


def test_the_error_of_a_failed_post_is_one_line(a_job: Job) -> None:
    process = start(
        a_job, preview=PREVIEW.with_name("raw-nothing.json"), GITHUB_TOKEN="", GH_TOKEN="", GITLAB_TOKEN=""
    )
    _, err = process.communicate(timeout=60)
    assert process.returncode == NOT_POSTED
    assert len(err.strip().splitlines()) == 1
    assert "TOKEN is empty" in err
