"""The accounts that set labels, over real HTTP against stand-ins of both code hosts."""

from pulumi_tke_hybrid.review.posting import label_setters
from tests.lab.posting.hosts import Job


def test_the_account_that_set_each_label_last_is_known(a_job: Job) -> None:
    a_job.discussion.labels += [
        ("tke-hybrid/accept:ABCDEFG2", "first"),
        ("bug", "other"),
        ("tke-hybrid/accept:ABCDEFG2", "second"),
    ]
    found = label_setters(a_job.host, environment=a_job.environment(), limit=a_job.clock.limit())
    assert found == {"tke-hybrid/accept:ABCDEFG2": "second", "bug": "other"}


def test_without_labels_no_account_is_named(a_job: Job) -> None:
    assert label_setters(a_job.host, environment=a_job.environment(), limit=a_job.clock.limit()) == {}
