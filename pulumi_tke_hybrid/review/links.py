"""Addresses in a comment: the page of a rule, the job that made the comment. An address of an odd shape is left out."""

import re
from collections.abc import Mapping
from importlib import metadata

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~%/+-]*)?")


def documentation(given: str = "") -> str:
    """Where the folder docs/ can be read, without a slash at the end: `given`, else the package's page; empty if neither is known."""
    urls = dict(entry.split(", ", 1) for entry in metadata.metadata("pulumi-tke-hybrid").get_all("Project-URL") or [])
    return _checked(given or urls.get("Documentation", "")).rstrip("/")


def job(environment: Mapping[str, str]) -> str:
    """The address of the job on GitHub or GitLab; empty outside of both."""
    run = environment.get("GITHUB_RUN_ID", "")
    project = environment.get("GITHUB_REPOSITORY", "")
    if run and project:
        return _checked(f"{environment.get('GITHUB_SERVER_URL') or 'https://github.com'}/{project}/actions/runs/{run}")
    return _checked(environment.get("CI_JOB_URL", ""))


def _checked(address: str) -> str:
    return address if _ADDRESS.fullmatch(address) else ""
