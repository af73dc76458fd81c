"""A Pulumi plan: its model, its readers, type names, and the rules on changes. Imports no pulumi.

This module has the versions of Pulumi, its packages and plugins that the library was run with. The table in
the README has the same runs as `PARTS`, and pyproject.toml has the accepted versions; a test compares them.
"""

import re
from dataclasses import dataclass

CLI = "3.259"
"""The first CLI with all features that the components use."""
PYTHON = (3, 10)
UPSERT_SINCE = "4.29"
"""From this version on, the kubernetes plugin refuses to create an object that exists, unless its provider
has `upsertExistingObjects`. Source: the Python SDKs 4.28.0 and 4.29.0, and a run with the plugin 4.32.0,
which failed with `already exists`."""
_BOUND = re.compile(r"\s*(>=|<)\s*([0-9.]+)\s*")


@dataclass(frozen=True)
class Part:
    """A program or a package beside this library, and the runs with its versions."""

    name: str
    runs: dict[str, str]
    """Version -> the tests of the run."""
    package: str = ""
    """The name of the Python package."""

    def run(self, version: str) -> str | None:
        """Return the tests that were run with a version. A shorter version stands for all that start so."""
        have = numbers(version)
        return next((run for of, run in self.runs.items() if have[: len(numbers(of))] == numbers(of)), None)

    @property
    def newest(self) -> str:
        """The newest version of a run."""
        return max(self.runs, key=numbers)


EVERY_TEST = "every test"
PARTS = (
    Part("Python", {"3.11": EVERY_TEST}),
    Part("Pulumi CLI", {"3.259.0": EVERY_TEST}),
    Part("pulumi", {"3.260.0": "unit tests", "3.272.0": EVERY_TEST}, "pulumi"),
    Part(
        "pulumi-kubernetes and its plugin",
        {"4.25.0": EVERY_TEST, "4.32.0": "50 of 51 engine tests", "4.34.0": "unit tests, without its plugin"},
        "pulumi-kubernetes",
    ),
    Part(
        "tencentcloud-iac-pulumi and its plugin",
        {"0.2.3": "every test with a stand-in of the plugin; 183 of 191 engine tests with the plugin"},
        "tencentcloud-iac-pulumi",
    ),
    Part("Kubernetes", {"1.36.3": EVERY_TEST}),
)
"""The runs with each version. The engine tests with the plugins 4.32.0 and 0.2.3 were one trial each."""


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version such as `v3.259.0`, up to the first part that is no number."""
    found = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(map(int, found[1].split("."))) if found else ()


def satisfies(version: str, bounds: str) -> bool:
    """Return whether a version lies within bounds such as `<4,>=3.259`."""
    have = numbers(version)
    for match in filter(None, map(_BOUND.fullmatch, bounds.split(","))):
        wanted = numbers(match[2])
        size = max(len(have), len(wanted))
        left, right = (value + (0,) * (size - len(value)) for value in (have, wanted))
        if not (left >= right if match[1] == ">=" else left < right):
            return False
    return True


def takes_existing_objects_over(kubernetes: str) -> bool:
    """Return whether this version of the kubernetes plugin takes an existing object over without an argument.
    An unreadable version does not."""
    return bool(numbers(kubernetes)) and satisfies(kubernetes, f"<{UPSERT_SINCE}")
