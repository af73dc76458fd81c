"""A job on each of the two code hosts."""

from collections.abc import Iterator

import pytest

from pulumi_tke_hybrid.review.command import Host
from tests.lab.code_hosts import Front, serving
from tests.lab.posting.hosts import Job, MakeJob, job


@pytest.fixture(scope="package")
def front() -> Iterator[Front]:
    """The server, once."""
    with serving() as running:
        yield running


@pytest.fixture(params=list(Host), ids=lambda host: host.value)
def make_job(request: pytest.FixtureRequest, front: Front, no_proxies: None) -> MakeJob:
    """Return a job on each code host, without the proxies and code hosts of the machine."""
    return lambda **options: job(front, request.param, **options)


@pytest.fixture
def a_job(make_job: MakeJob) -> Job:
    return make_job()
