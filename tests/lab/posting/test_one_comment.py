"""Exactly one comment, over real HTTP against stand-ins of both code hosts."""

from concurrent.futures import ThreadPoolExecutor

from pulumi_tke_hybrid.review.command import Host
from pulumi_tke_hybrid.review.report import marker
from pulumi_tke_hybrid.review.review import ReviewVerdict
from tests.lab.code_hosts import Fault
from tests.lab.posting.hosts import BOT, MARKER, STRANGER, Job, MakeJob, comment


def test_after_five_runs_there_is_one_comment_with_the_latest_text(a_job: Job) -> None:
    lines = [a_job.run(comment(f"### run {run}")) for run in range(5)]
    assert [note.body for note in a_job.ours()] == [f"{MARKER}\n### run 4\n"]
    place = "team/network#7" if a_job.host is Host.GITHUB else "4711!7"
    assert lines == [f"comment on {place}: added", *[f"comment on {place}: changed"] * 4]


def test_the_same_review_again_writes_nothing(a_job: Job) -> None:
    a_job.run()
    before = len(a_job.discussion.writes())
    assert a_job.run().endswith(": kept")
    assert len(a_job.discussion.writes()) == before


def test_the_comment_is_found_on_page_seven(a_job: Job) -> None:
    a_job.discussion.chatter(640, STRANGER)
    a_job.run(comment("### first"))
    a_job.discussion.chatter(90, STRANGER)
    a_job.discussion.requested.clear()
    for run in range(4):
        a_job.run(comment(f"### again {run}"))
    assert [note.body for note in a_job.ours()] == [f"{MARKER}\n### again 3\n"]
    assert any("page=7" in line for line in a_job.discussion.requested)


def test_two_jobs_that_read_at_the_same_time_leave_one_comment(make_job: MakeJob) -> None:
    job = make_job(together=2)
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda text: job.run(comment(text)), ["### one", "### two"]))
    assert len([line for line in job.discussion.writes() if line.startswith("POST")]) == 2  # it was a race
    (left,) = job.ours()
    assert left.body in (f"{MARKER}\n### one\n", f"{MARKER}\n### two\n")
    assert sum("duplicate" in line for line in done) == 1


def test_duplicates_of_earlier_runs_are_removed_and_the_oldest_stays(a_job: Job) -> None:
    first = a_job.discussion.add(BOT, f"{MARKER}\nold")
    for _ in range(3):
        a_job.discussion.add(BOT, f"{MARKER}\nlater")
    assert a_job.run().endswith("changed, 3 duplicates removed")
    assert a_job.ours() == [first]


def test_a_comment_whose_creation_was_answered_with_an_error_is_not_made_twice(a_job: Job) -> None:
    a_job.discussion.faults.append(
        Fault(502, "POST", after_the_deed=True, times=2 if a_job.host is Host.GITHUB else 1)
    )
    a_job.run()
    assert len(a_job.ours()) == 1


def test_comments_of_other_accounts_stay_even_with_our_marker(a_job: Job) -> None:
    copied = a_job.discussion.add(STRANGER, f"{MARKER}\n### nothing to see here")
    other_stack = a_job.discussion.add(BOT, f"{marker(['network/test'])}\nof another stack")
    a_job.run()
    assert (copied.body, other_stack.body) == (
        f"{MARKER}\n### nothing to see here",
        f"{marker(['network/test'])}\nof another stack",
    )
    assert len(a_job.ours()) == 1


def test_nothing_changes_makes_no_comment(a_job: Job) -> None:
    assert a_job.run(comment("no changes", ReviewVerdict.CLEAN)).endswith("left out")
    assert a_job.discussion.notes == []


def test_nothing_changes_any_more_reduces_the_comment_to_its_line(a_job: Job) -> None:
    a_job.run(comment("### 1 dangerous\n\n" + "detail\n" * 200, ReviewVerdict.DANGEROUS))
    assert a_job.run(comment("no changes", ReviewVerdict.CLEAN)).endswith("changed")
    assert [note.body for note in a_job.ours()] == [f"{MARKER}\nno changes\n"]


def test_system_notes_and_comments_of_deleted_accounts_do_no_harm(a_job: Job) -> None:
    a_job.discussion.add(BOT, f"{MARKER} marked as draft", system=a_job.host is Host.GITLAB)
    a_job.run()
    assert len([note for note in a_job.ours() if not note.system]) == 1
