"""Links of the pages resolve, files in the pages for contributors exist, and the picture is the import
contract."""

import re
from pathlib import Path

import pytest

from pulumi_tke_hybrid.plan import CLI, PARTS, PYTHON, satisfies

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
SOURCES = [path for folder in ("pulumi_tke_hybrid", "tests") for path in (ROOT / folder).rglob("*.py")]


def anchors(page: Path) -> set[str]:
    """Anchors of a page: its headings as code hosts spell them, and the ids in the text."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings} | set(
        re.findall(r"<a id='([^']+)'", text)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_resolve(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        if not file.startswith("https://"):
            target = (page.parent / file).resolve() if file else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_the_glossary_has_twenty_terms_and_names_of_the_code() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 20
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    for row in rows:
        assert re.search(r"[\u4e00-\u9fff]|ReadinessGate", row[2]), row[1]
        assert row[3].strip().endswith("."), row[1]
        for name in re.findall(r"`([^`]+)`", row[4]):
            key = re.sub(r"^tke-hybrid |\(\)$|=.*$", "", name)
            assert key in code, name


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_the_files_in_the_pages_for_contributors_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    files = set(re.findall(r"`([\w./-]+(?:/|\.(?:py|json|toml|txt|yaml|md)))`", text))
    assert len(files) > 10
    assert [
        file
        for file in files
        if not (ROOT / file).exists() and not (ROOT / "pulumi_tke_hybrid" / file).exists()
    ] == []


def test_the_picture_of_the_layers_is_the_import_contract() -> None:
    contract = re.search(
        r"^layers = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M | re.S
    )
    picture = re.search(r"```mermaid\n(.*?)```", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.S)
    assert contract
    assert picture
    layers = re.findall(r"pulumi_tke_hybrid\.([\w.]+)", contract[1])
    shown = re.sub(r'subgraph.*|\w+\["([^"]*)"\]', r" \1 ", picture[1])
    assert [name for name in dict.fromkeys(re.findall(r"[\w.]+", shown)) if name in layers] == layers


def test_the_table_of_versions_is_the_data_of_doctor_and_the_bounds_of_the_package() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("| program or package | runs | accepted |\n|---|---|---|\n")[2].partition("\n\n")[
        0
    ]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    accepted = {"Python": "3.10 or later", "Pulumi CLI": f"{CLI} or later", "Kubernetes": "not checked"}
    assert 'requires-python = ">=3.10"' in project
    assert PYTHON == (3, 10)
    rows: list[str] = []
    for part in PARTS:
        runs = "; ".join(f"{version}: {run}" for version, run in part.runs.items())
        bounds = re.search(rf'"{part.package}([><=].*?)"', project) if part.package else None
        rows.append(f"| {part.name} | {runs} | {bounds[1] if bounds else accepted[part.name]} |")
        assert bounds is None or all(satisfies(version, bounds[1]) for version in part.runs)
    assert table.splitlines() == rows


def test_every_requirement_has_a_lower_and_an_upper_bound() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = project.partition("\ndependencies = [")[2].partition("[project.scripts]")[0]
    requirements = re.findall(r'"([A-Za-z].*?)"', section)
    assert len(requirements) > 12
    assert [text for text in requirements if not re.search(r">=[\d.]+,<[\d.]+$", text)] == []
