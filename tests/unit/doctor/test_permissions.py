"""The least access policy: it has every action that the code calls, and never the dangerous action."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import pulumi_tke_hybrid
from pulumi_tke_hybrid.cloud.api_client import ACTIONS, ASKED_FOR
from pulumi_tke_hybrid.doctor import command, permissions
from pulumi_tke_hybrid.doctor.permissions import needs


def test_the_policy_has_the_format_of_cam() -> None:
    document: dict[str, Any] = json.loads(permissions.as_json(needs()))
    assert document["version"] == "2.0"
    (statement,) = document["statement"]
    assert (statement["effect"], statement["resource"]) == ("allow", ["*"])
    assert statement["action"] == sorted(set(statement["action"]))


SOURCES = sorted(Path(pulumi_tke_hybrid.__file__).parent.rglob("*.py"))
FORWARDERS = {"call": 0, "_write": 0, "_allowed": 1}
"""Functions that call the cloud, and the place of the action's service, or of the action itself for tke,
among their arguments."""
OF_THE_SDK = ("call", "call_json")


@cache
def calls() -> list[tuple[str, ast.Call]]:
    """Each call in files with a name of a function that calls the cloud, with the name of the file."""
    names = re.compile(rf"\b({'|'.join((*FORWARDERS, *OF_THE_SDK))})\b")
    return [
        (path.name, node)
        for path in SOURCES
        if names.search(text := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
    ]


def called() -> Iterator[tuple[str, str, str, int]]:
    """File, service, action and line of each call of the API; empty where the code has no constant."""
    for file, node in calls():
        function = (
            node.func.attr
            if isinstance(node.func, ast.Attribute)
            else node.func.id
            if isinstance(node.func, ast.Name)
            else ""
        )
        if function not in FORWARDERS or ast.unparse(node.func) not in (
            "cloud.call", "self._cloud.call", "self._write", "_allowed",
        ):  # fmt: skip
            continue
        words = [
            str(item.value) if isinstance(item, ast.Constant) else ""
            for item in node.args[FORWARDERS[function] :]
        ]
        service, action = ("tke", words[0]) if function == "_write" else words[:2]
        yield file, service, action, node.lineno


def test_the_list_of_actions_matches_the_calls_of_the_code() -> None:
    found = set(called())
    names = {f"{service}:{action}" for _, service, action, _ in found if service and action}
    assert names == {
        f"{service}:{action}" for service, actions in ACTIONS.items() for action in actions
    } | set(ASKED_FOR)
    # These two modules alone take the action from their caller.
    assert {name for name, service, action, _ in found if not (service and action)} == {
        "vpc_cni_switch.py",
        "service.py",
    }


def test_no_other_code_reaches_the_api() -> None:
    """Every call uses an object named `cloud`, so that the test above finds the call."""
    others = {
        f"{file}:{node.lineno}"
        for file, node in calls()
        if isinstance(node.func, ast.Attribute) and node.func.attr in OF_THE_SDK
        if ast.unparse(node.func) not in ("cloud.call", "self._cloud.call") and file != "api_client.py"
    }
    assert others == set()


def test_the_policy_has_every_action_of_the_library_and_no_dangerous_action() -> None:
    allowed = permissions.actions(needs(own_vpc=True))
    assert {f"{service}:{action}" for service, actions in ACTIONS.items() for action in actions} <= set(
        allowed
    )
    assert not set(ASKED_FOR) & set(allowed)
    assert not any("*" in action for action in allowed)


def test_read_only_changes_nothing() -> None:
    reading = set(permissions.actions(needs(read_only=True)))
    assert all(name.split(":")[1].startswith(("Describe", "Get", "List")) for name in reading)
    assert {
        "tke:DescribeClusters",
        "tke:DescribeIPAMD",
        "tke:DescribeClusterInstances",
        "vpc:DescribeSubnets",
    } <= reading


def test_read_only_has_no_action_that_returns_credentials_and_names_its_callers() -> None:
    credentials = {"tke:DescribeClusterKubeconfig", "tke:DescribeClusterSecurity"}
    assert credentials <= set(permissions.actions(needs())), "`up` reads them"
    assert not credentials & set(permissions.actions(needs(read_only=True, own_vpc=True)))
    text = permissions.as_markdown(needs(read_only=True))
    assert not any(f"| `{name}` |" in text or f'"{name}"' in text for name in credentials)
    assert "a preview with --refresh" in text


def test_own_vpc_adds_the_actions_of_a_vpc() -> None:
    assert "vpc:CreateVpc" not in permissions.actions(needs())
    assert "vpc:CreateVpc" in permissions.actions(needs(own_vpc=True))


def test_each_action_has_a_reason_and_a_source() -> None:
    assert all(need.caller and need.why and need.source for need in needs(own_vpc=True))
    text = permissions.as_markdown(needs())
    assert text.count("\n| `") == len(permissions.actions(needs()))
    assert "finance:trade" in text


@pytest.mark.parametrize(
    ("options", "first"), [([], "{"), (["--markdown", "-"], "| action | caller and reason | source |")]
)
def test_the_command_prints_the_policy(options: list[str], first: str) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    app.command("policy", help=command.POLICY_HELP)(command.policy)
    result = CliRunner().invoke(app, ["policy", *options])
    assert result.exit_code == 0
    assert result.output.splitlines()[0] == first
