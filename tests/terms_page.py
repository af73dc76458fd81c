"""Generates docs/network-terms.md from the terms of the review: `python -m tests.terms_page`."""

from pathlib import Path

from pulumi_tke_hybrid.review.report import TERMS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "network-terms.md"
_HEAD = """# Network terms

Terms of `tke-hybrid review` for a reader who knows networks, but not TKE or Pulumi. A comment explains the
terms that occur in its first lines.
"""


def page() -> str:
    """Return the whole page."""
    return _HEAD + "".join(f"\n## {term.name}\n\n{term.text}\n" for term in TERMS)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
