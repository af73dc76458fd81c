"""Reading previews and event logs of the engine, and damaged files."""

import io
import json

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.json_stream import Document, Unreadable
from pulumi_tke_hybrid.plan.model import Op
from pulumi_tke_hybrid.plan.preview_json import NO_SAMES
from pulumi_tke_hybrid.review.review import ReviewVerdict
from tests.unit.review.previews import preview, resource, vpc
from tests.unit.review.recordings import commented, judged, plan_of, recorded


class Drops:
    """A stream that gives a few bytes at a time."""

    def __init__(self, content: bytes, size: int) -> None:
        self._inner = io.BytesIO(content)
        self._size = size

    def read(self, _wanted: int = -1) -> bytes:
        return self._inner.read(self._size)


def test_a_long_line_is_not_held_to_find_its_end() -> None:
    source = io.BytesIO(b'{"steps": [' + b",".join([b'{"x": "' + b"y" * 1000 + b'"}'] * 20_000) + b"]}")
    members = Document(source).members()
    next(members)
    assert source.tell() < 4_000_000


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_document_is_the_same_in_chunks_of_each_size(size: int) -> None:
    content = json.dumps(
        {"duration": 123456, "steps": [{"op": "same", "n": 1.5}, {}], "empty": [], "text": "ä[{"}, indent=1
    ).encode()
    members = list(Document(Drops(content, size)).members())  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert members == [
        ("duration", 123456),
        ("steps", {"op": "same", "n": 1.5}),
        ("steps", {}),
        ("text", "ä[{"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[1]",
        b'{"steps": [',
        b'{"steps": [{}',
        b'{"a" 1}',
        b'{"a": tru}',
        b"{",
        b'{"a": ' + b"[" * 100_000,
    ],
)
def test_a_file_without_a_document_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        list(Document(io.BytesIO(content)).members())
    assert judged(content).verdict is ReviewVerdict.COULD_NOT_TELL


def test_output_of_the_cli_before_the_json_is_skipped() -> None:
    assert (
        judged(b"warning: using pulumi-language-python from $PATH {x}\n" + preview(vpc("a"))).verdict
        is ReviewVerdict.CHANGES
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_a_shell_of_windows_wrote_is_read(encoding: str) -> None:
    assert judged(preview(vpc("ä")).decode().encode(encoding)).verdict is ReviewVerdict.CHANGES


def test_every_cut_of_a_real_preview_is_could_not_tell_and_never_clean() -> None:
    content = recorded("raw-list-empty.json").rstrip()
    for cut in range(1, len(content) - 1, len(content) // 60):
        assert judged(content[:cut]).verdict in (ReviewVerdict.COULD_NOT_TELL, ReviewVerdict.DANGEROUS), cut


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{}", "neither steps nor a summary"),
        (b'{"steps": []}', "neither steps nor a summary"),
        (json.dumps({"steps": [vpc("a")]}).encode(), "no summary"),
        (
            json.dumps({"steps": [], "changeSummary": {"delete": 2}}).encode(),
            "counts 2 changes, and its steps show none",
        ),
        (
            json.dumps({"steps": [vpc("a")], "changeSummary": {"create": 1, "delete": 2}}).encode(),
            "counts 3 changes, and its steps show 1",
        ),
        (
            json.dumps({"steps": [{"op": "delete"}, 7], "changeSummary": {}}).encode(),
            "2 of its steps name no resource",
        ),
    ],
)
def test_a_preview_that_does_not_add_up_is_could_not_tell(content: bytes, why: str) -> None:
    done = judged(content)
    assert done.verdict is ReviewVerdict.COULD_NOT_TELL
    assert why in done.stacks[0].plan.unreadable


def test_an_unknown_operation_is_a_change_and_is_reported() -> None:
    content = preview(resource(resource_types.VPC, "net", "transmogrify", {"name": "a"}, {"name": "a"}))
    body = commented(content).body
    assert judged(content).verdict is ReviewVerdict.CHANGES
    assert "1 unknown" in body
    assert "transmogrify" in body


@pytest.mark.parametrize("op", [None, 7, "", {}])
def test_a_step_without_an_operation_is_a_change(op: object) -> None:
    step = {**vpc("a"), "op": op}
    assert (
        judged(json.dumps({"steps": [step], "changeSummary": {"update": 1}}).encode()).verdict
        is ReviewVerdict.CHANGES
    )


def test_a_refresh_and_what_follows_are_one_step_and_a_deletion_that_is_made_good_is_a_replacement() -> None:
    gone = resource(resource_types.VPC, "net", "delete", {"cidrBlock": "10.0.0.0/16"})
    again = resource(resource_types.VPC, "net", "create", None, {"cidrBlock": "10.0.0.0/16"})
    (step,) = plan_of(preview(gone, again)).steps
    assert (step.op, step.new) == (Op.REPLACE, {"cidrBlock": "10.0.0.0/16"})
    (step,) = plan_of(preview(resource(resource_types.VPC, "net", "refresh", {}, {}), vpc("net"))).steps
    assert step.op is Op.UPDATE


def test_the_rest_of_an_earlier_replacement_is_a_change_and_no_danger() -> None:
    rest = resource(resource_types.CLUSTER, "cluster", "delete", {"vpcId": "vpc-12345678"})
    rest["oldState"]["delete"] = True
    done = judged(preview(rest, resource(resource_types.CLUSTER, "cluster", "same", {"a": 1}, {"a": 1})))
    assert (done.verdict, done.findings) == (ReviewVerdict.CHANGES, [])


def test_a_preview_without_unchanged_resources_has_a_gap() -> None:
    content = json.dumps({"steps": [vpc("a")], "changeSummary": {"update": 1, "same": 20}}).encode()
    assert plan_of(content).gaps == [NO_SAMES]
    assert plan_of(recorded("raw-tag.json")).gaps == []


def test_an_incomplete_log_is_unreadable_and_the_log_of_an_update_has_a_gap() -> None:
    lines = recorded("raw-events.log").splitlines(keepends=True)
    cut = judged(b"".join(line for line in lines if b"summaryEvent" not in line))
    assert cut.stacks[0].plan.unreadable == "the log ends before its summary"
    assert (
        "this is the log of an update"
        in commented(b"".join(lines).replace(b'"isPreview":true', b'"isPreview":false')).body
    )


def test_another_version_of_a_default_provider_is_a_note_and_changes_nothing_by_itself() -> None:
    """Its own steps are in no preview. What uses it names the old one and the new one."""
    older = json.loads(recorded("raw-tag.json"))
    for step in older["steps"]:
        if "oldState" in step:
            step["oldState"] = json.loads(
                json.dumps(step["oldState"]).replace("default_0_2_3", "default_0_2_2")
            )
    (item,) = judged(json.dumps(older).encode()).findings
    assert (item.finding.rule.id, item.finding.head) == (
        "version-change",
        "tencentcloud 0.2.3 instead of 0.2.2",
    )
    older["steps"] = [step for step in older["steps"] if step["op"] == "same"]
    older["changeSummary"] = {"same": len(older["steps"])}
    assert judged(json.dumps(older).encode()).verdict is ReviewVerdict.CLEAN


def test_a_violated_policy_makes_a_log_invalid() -> None:
    event = json.dumps(
        {"sequence": 1, "policyEvent": {"enforcementLevel": "mandatory", "message": "no", "resourceUrn": "u"}}
    )
    summary = json.dumps({"sequence": 2, "summaryEvent": {"resourceChanges": {"same": 1}, "isPreview": True}})
    assert judged(f"{event}\n{summary}\n".encode()).verdict is ReviewVerdict.INVALID
