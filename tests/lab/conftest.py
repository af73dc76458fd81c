"""After the last test of the lab, the machine has no leftover of the lab."""

from collections.abc import Iterator

import pytest

from tests.lab.packets import names


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Neither a namespace of our own, nor one of a lab that ended meanwhile; the interfaces and rules are
    inside them."""
    before = set(names.existing())
    yield
    assert not names.existing(names.prefix())
    assert not [name for name in names.orphans(names.existing()) if name not in before]


@pytest.fixture(scope="module")
def possible() -> None:
    from tests.lab.packets_cluster import skip_where_impossible  # not for tests that need no packets

    skip_where_impossible()
