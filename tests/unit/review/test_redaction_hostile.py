"""Hostile names and values: shown as text, never as Markdown, HTML, mentions or control characters."""

import json
import re

import pytest
from markdown_it import MarkdownIt

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.review.report import GITHUB_LIMIT, marker, text
from tests.unit.review.previews import preview, resource
from tests.unit.review.recordings import commented, judged

HOSTILE = [
    "<script>alert(1)</script>",
    "<!-- tke-hybrid:other/stack -->",
    "--> <b>bold</b> <!--",
    "</details></td></table><h1>all is well</h1>",
    "![x](https://evil.test/pixel.png)",
    "[click](javascript:alert(1))",
    "`code` ``more`` ```",
    "```\n# heading\n```",
    "line\nbreak\r\n- item\n/close\n/merge",
    "a | b | c\\|d",
    "@everyone @org/team #1 !2 GH-3 org/repo#4 ~label %5 &6 $7",
    "`<img src=x>` **bold** ``@team`` [a](b)` <b>",
    "**bold** _it_ ~~gone~~ :tada: 🎉🎉",
    "\u202egnirts desrever\u202c \u2066hidden\u2069 \u200b\u200d\ufeff",
    "\x1b[31mred\x1b[0m\x07\x00",
    "https://evil.test www.evil.test someone@evil.test",
    "<img src=x onerror=alert(1)>",
    "e" + "\u0301" * 500,
    "N" * 10_000,
    "",
    "   ",
]
ADDRESS = re.compile(r"(?<![`\w])(https?://|www\.)\w", re.IGNORECASE)


def everywhere(name: str) -> bytes:
    """Return a preview that has the text in every place for a text."""
    inputs = {
        "eniSubnetIds": [name, "kept"],
        "name": name,
        "availabilityZone": name,
        "cidrBlock": name,
        "version": name,
    }
    annotations = {"service.cloud.tencent.com/direct-access": "true", name: name}
    objects = {"metadata": {"name": name, "annotations": annotations}, "spec": {"type": "LoadBalancer"}}
    other = {"metadata": {"name": name}, "spec": {"type": name}}
    steps = [
        resource(
            resource_types.CLUSTER, name, "update", inputs, {**inputs, "eniSubnetIds": ["kept"], name: name}
        ),
        resource(resource_types.SERVICE, name, "update", objects, other),
        resource(resource_types.SUBNET, f"{name}2", "replace", inputs, inputs),
        resource(name or "t", "typed", name or "update", inputs, {"name": 1}),
        resource(f"{resource_types.PROVIDERS}{name}", "p", "update", inputs, {"version": f"{name}!"}),
        resource(
            "tke-hybrid:index:HybridCluster", name, "update", {"zones": [name]}, {"zones": [name, name + "x"]}
        ),
    ]
    steps[2]["replaceReasons"] = [name]
    failure = {
        "severity": "error",
        "urn": f"x::tke-hybrid:index:VpcCni::{name}",
        "message": f"property has a problem: {name}",
    }
    return preview(*steps, diagnostics=[failure])


def outside_code(html: str) -> str:
    return re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("name", HOSTILE, ids=[repr(name[:20]) for name in HOSTILE])
def test_a_hostile_name_is_shown_and_never_interpreted(name: str) -> None:
    body = commented(everywhere(name)).body
    assert len(body) <= GITHUB_LIMIT
    assert all(sign.isprintable() or sign in "\n\u200b" for sign in body)
    own, rest = body.split("\n", 1)
    assert own == marker(["demo/dev"])
    assert "<!--" not in re.sub(r"`[^`\n]*`", "", rest)
    tags = set(re.findall(r"<(/?\w+)", re.sub(r"(`+) ?.*? ?\1(?!`)", "", rest)))
    assert tags <= {"details", "/details", "summary", "/summary", "sub", "/sub"}
    html = MarkdownIt("gfm-like").disable("linkify").render(body)
    assert not re.findall(r"<(img|a|script|h1|h2|iframe|del|em)\b", html)
    seen = outside_code(html)
    assert not re.search(r"(?<!\w)[@#!~]\w", re.sub(r"<[^>]*>|&\w+;", "", seen))
    assert not ADDRESS.search(seen)
    assert not any(line.lstrip().startswith("/") for line in body.splitlines())


@pytest.mark.parametrize("name", HOSTILE, ids=[repr(name[:20]) for name in HOSTILE])
def test_a_table_keeps_its_columns(name: str) -> None:
    lines = commented(everywhere(name)).body.splitlines()
    heads = [index for index, line in enumerate(lines) if line.startswith("|---")]
    assert heads
    for head in heads:
        columns = lines[head].count("|")
        for line in lines[head - 1 :]:
            if not line.startswith("|"):
                break
            assert len(re.findall(r"(?<!\\)\|", line)) == columns  # a sign inside code splits a cell too


@pytest.mark.parametrize("name", HOSTILE, ids=[repr(name[:20]) for name in HOSTILE])
def test_text_and_digest_are_harmless_and_bounded_too(name: str) -> None:
    done = judged(everywhere(name))
    plain = text(done)
    assert all(sign.isprintable() or sign == "\n" for sign in plain)
    assert max(map(len, plain.splitlines())) < 3000
    for value in re.findall(
        r'"((?:[^"\\]|\\.)*)"', json.dumps(commented(everywhere(name)).digest, ensure_ascii=False)
    ):
        assert len(value) <= 700


def test_markers_of_different_stacks_differ_and_end_where_they_should() -> None:
    names = ["a/b", "a/b-->", "a/b--", "a/b%2d", "a/ü", "A/b", "x" * 5000, "x" * 5001]
    found = {marker([name]) for name in names}
    assert len(found) == len(names)
    assert all(len(item) < 400 and item.isascii() and "--" not in item[4:-3] for item in found)
    assert marker(["b/1", "a/1"]) == marker(["a/1", "b/1", "a/1"]) == "<!-- tke-hybrid:a/1,b/1 -->"
