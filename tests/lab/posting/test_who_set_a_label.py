"""Who set a label, over real HTTP against stand-ins of both code hosts."""

from pulumi_tke_hybrid.review.post.poster import setters
from tests.lab.posting.hosts import Job


def test_the_last_who_set_each_label_is_known(a_job: Job) -> None:
    a_job.discussion.labels += [
        ("tke-hybrid/accept:ABCDEFG2", "first"),
        ("bug", "other"),
        ("tke-hybrid/accept:ABCDEFG2", "second"),
    ]
    found = setters(a_job.host, environment=a_job.environment(), budget=a_job.clock.budget())
    assert found == {"tke-hybrid/accept:ABCDEFG2": "second", "bug": "other"}


def test_without_labels_nobody_is_named(a_job: Job) -> None:
    assert setters(a_job.host, environment=a_job.environment(), budget=a_job.clock.budget()) == {}
