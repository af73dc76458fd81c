"""docs/network-terms.md, made of the review's own table. Renew it with `python -m tests.terms_page`."""

from pathlib import Path

from pulumi_tke_hybrid.review.wording import TERMS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "network-terms.md"
_HEAD = """# Network terms

The words that `tke-hybrid review` uses, for a reader who knows networks and neither TKE nor Pulumi. The comment repeats those that it uses.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(f"\n## {term.name}\n\n{term.text}\n" for term in TERMS)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
