"""The recorded previews, read and judged. `python -m tests.unit.review.recordings` writes their golden
comments; a person reads the difference."""

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

from pulumi_tke_hybrid.plan.engine_steps import Secrets
from pulumi_tke_hybrid.plan.preview_json import StackPlan, read
from pulumi_tke_hybrid.review.markdown_report import comment
from pulumi_tke_hybrid.review.redaction import Redactor
from pulumi_tke_hybrid.review.report import GITHUB_LIMIT, Comment
from pulumi_tke_hybrid.review.review import Acceptance, Review, review

HERE = Path(__file__).parent
RECORDED = HERE / "recorded"
GOLDEN = HERE / "golden"
NAMES = sorted(path.name for path in RECORDED.iterdir())


def plan_of(content: bytes, secrets: Secrets | None = None, source: str = "preview.json") -> StackPlan:
    return read(io.BytesIO(content), source, secrets or Secrets())


@cache
def judged(*contents: bytes, accept: tuple[str, ...] = ()) -> Review:
    secrets = Secrets()
    plans = [plan_of(content, secrets) for content in contents]
    return review(
        plans, Redactor(secrets.values), acceptances=[Acceptance(code, f"--accept {code}") for code in accept]
    )


@cache
def recorded(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


def parsed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(recorded(name))
    return found


@cache
def commented(*contents: bytes, limit: int = GITHUB_LIMIT) -> Comment:
    return comment(judged(*contents), limit)


def golden(name: str) -> Path:
    return GOLDEN / f"{name.partition('.')[0]}.md"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for one in NAMES:
        golden(one).write_text(commented(recorded(one)).body, encoding="utf-8")
