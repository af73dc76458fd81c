"""Planted secrets in inputs, outputs, diagnostics and names are in no report."""

import json
from typing import Any

import pytest

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.review.report import text
from tests.unit.review.previews import PREFIX, preview, resource
from tests.unit.review.recordings import NAMES, commented, judged, recorded

SECRET = "hunter2-Very-Secret"
WRAPPED = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "plaintext": json.dumps(SECRET),
}


def all_reports(content: bytes) -> str:
    made = commented(content)
    return "\n".join(
        [made.marker, made.body, json.dumps(made.digest, ensure_ascii=False), text(judged(content))]
    )


PLACES: dict[str, dict[str, Any]] = {
    "an unmarked input that is not on the list": {"userData": SECRET},
    "an unmarked password": {"password": SECRET},
    "deep inside": {
        "spec": {
            "template": {
                "spec": {"containers": [{"name": "c", "env": [{"name": "DB_PASSWORD", "value": SECRET}]}]}
            }
        }
    },
    "a key": {"labels": {SECRET: "x"}, "password": SECRET},
    "a list": {"tokens": [SECRET, SECRET]},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "type_",
    [
        resource_types.CLUSTER,
        resource_types.DEPLOYMENT,
        "kubernetes:core/v1:Secret",
        "tke-hybrid:index:HybridCluster",
        "x:y:Z",
    ],
)
def test_a_secret_in_a_property_is_not_shown(place: str, type_: str) -> None:
    props = PLACES[place]
    step = resource(type_, "it", "update", {**props, "a": 1}, {**props, "a": 2, "more": props})
    step["oldState"]["outputs"] = props
    assert SECRET not in all_reports(
        preview(
            step, resource(type_, "gone", "delete", props), resource(type_, "made", "create", None, props)
        )
    )


@pytest.mark.parametrize(
    "props",
    [
        {"password": SECRET},
        {"stringData": {"x": SECRET}},
        {"env": [{"name": "DB_PASSWORD", "value": SECRET}]},
    ],
)
def test_a_known_secret_is_not_shown_in_names_keys_reasons_and_versions(
    props: dict[str, Any],
) -> None:
    kind = "kubernetes:core/v1:Secret" if "stringData" in props else resource_types.CLUSTER
    steps = [
        resource(kind, f"cluster-{SECRET}", "replace", props, {**props, "clusterCidr": SECRET}),
        resource(
            resource_types.SERVICE,
            SECRET,
            "update",
            {"spec": {"type": "LoadBalancer"}},
            {"spec": {"type": SECRET}},
        ),
        resource(f"x:y:{SECRET}", "typed", SECRET, {}, {}),
        resource(
            f"{resource_types.PROVIDERS}kubernetes", "p", "update", {"version": "1"}, {"version": SECRET}
        ),
    ]
    steps[0]["replaceReasons"] = [SECRET]
    assert SECRET not in all_reports(preview(*steps))


@pytest.mark.parametrize(
    "urn",
    ["", f"{PREFIX}tke-hybrid:index:HybridCluster::c", f"{PREFIX}pulumi-python:dynamic/tke-hybrid:VpcCni::s"],
)
def test_the_text_of_an_error_stays_in_the_log_except_for_text_of_this_library(urn: str) -> None:
    error = {
        "severity": "error",
        "urn": urn,
        "message": f"error: the server returned: {SECRET}\n  File x, line 3\nValueError: {SECRET}",
    }
    whole = all_reports(
        preview(resource(resource_types.VPC, "v", "update", {"a": 1}, {"a": 2}), diagnostics=[error])
    )
    assert SECRET not in whole
    assert "the text of 1 error" in whole


def test_text_of_this_library_is_shown_without_known_secrets() -> None:
    error = {
        "severity": "error",
        "message": (
            "error: HybridCluster 'demo': 1 invalid input\n  eni_subnets[1].zone: ap-x is not a zone;"
            f" {SECRET}"
        ),
    }
    step = resource(resource_types.CLUSTER, "c", "update", {"password": SECRET}, {"password": SECRET, "a": 1})
    whole = all_reports(preview(step, diagnostics=[error]))
    assert "ap-x is not a zone" in whole
    assert SECRET not in whole


def test_secrets_in_clear_in_a_log_are_not_shown() -> None:
    state = {
        "type": resource_types.SERVICE,
        "urn": f"{PREFIX}{resource_types.SERVICE}::{SECRET}",
        "inputs": {"data": WRAPPED, "spec": {"type": "LoadBalancer"}},
    }
    events = [
        {
            "sequence": 1,
            "resourcePreEvent": {
                "metadata": {
                    "op": "delete",
                    "urn": state["urn"],
                    "type": resource_types.SERVICE,
                    "old": state,
                }
            },
        },
        {"sequence": 2, "diagnosticEvent": {"severity": "error", "message": f"VpcCni 'x':\n  a: {SECRET}"}},
        {"sequence": 3, "summaryEvent": {"resourceChanges": {"delete": 1}, "isPreview": True}},
    ]
    assert SECRET not in all_reports("\n".join(map(json.dumps, events)).encode())


@pytest.mark.parametrize(
    "text_",
    [
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "glpat-ABCDEFGHIJKLMNOPQRST",
        "ghp_ABCDEFGHIJKLMNOPQRSTUVWX1234567890",
        "password=swordfish1",
        "https://robot:swordfish1@registry.test/nginx",
    ],
)
def test_text_in_the_form_of_a_credential_is_not_shown_even_in_a_name(text_: str) -> None:
    assert text_ not in all_reports(
        preview(resource(resource_types.VPC, text_, "replace", {"cidrBlock": text_}, {"cidrBlock": "b"}))
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_recording_shows_its_planted_secret(name: str) -> None:
    assert "planted-Secret" not in all_reports(recorded(name))
