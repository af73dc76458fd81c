"""Each check of `doctor`: its state, its line and its action."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from rich.console import Console

from pulumi_tke_hybrid.cli.process import ExitCode
from pulumi_tke_hybrid.cli.result import as_json
from pulumi_tke_hybrid.cloud.api_client import NETWORK_ERROR, Cloud
from pulumi_tke_hybrid.cloud.calls import CloudError, CloudSettings
from pulumi_tke_hybrid.doctor import command
from pulumi_tke_hybrid.doctor.command import checks, result
from pulumi_tke_hybrid.doctor.machine import Check, Ran, State
from tests.unit.doctor.machines import ENVIRONMENT, PLUGINS, SECRET_ID, SECRET_KEY, FakeMachine

OK, WARNING, FAILURE, SKIPPED = State.OK, State.WARNING, State.FAILURE, State.SKIPPED
MASKED = "AKID…hESA"


class FakeCloud:
    """A cloud that grants every action; an argument replaces the response of an action."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "GetCallerIdentity": {"AccountId": "100000000001", "Type": "SubAccount"},
            "DescribeClusters": {},
            "DescribeSubnets": {},
            "GetRole": {},
            "ListAttachedRolePolicies": {"List": [{"PolicyName": "QcloudAccessForIPAMDofTKERole"}]},
            **answers,
        }

    def call(self, service: str, action: str, params: Mapping[str, object]) -> dict[str, Any]:
        answer = self.answers[action]
        if isinstance(answer, Exception):
            raise answer
        found: dict[str, Any] = answer
        return found


def look(
    machine: FakeMachine | None = None,
    cloud: Cloud | None = None,
    clock: float | None = 0.2,
    stack: str = "",
    offline: bool = False,
    unreached: str = "",
) -> dict[str, Check]:
    def client(_: CloudSettings) -> Cloud:
        return cloud or FakeCloud()

    reached = {"tke.tencentcloudapi.com": unreached}.__getitem__
    found = list(checks(machine or FakeMachine(), stack, "", offline, client, lambda _: clock, reached))
    text = as_json(result(found))
    assert SECRET_KEY not in text
    assert SECRET_ID not in text
    assert all(bool(check.todo) is (check.state in (WARNING, FAILURE)) for check in found), (
        "an action stands beside warnings and failures alone"
    )
    return {check.id: check for check in found}


def test_all_is_well() -> None:
    found = look()
    assert {name: check.detail for name, check in found.items() if check.state is not OK} == {}
    assert found["credentials"].detail == f"{MASKED} from TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY"
    assert found["account"].detail == f"100000000001 (SubAccount, {MASKED})"
    assert result(list(found.values())).exit_code is ExitCode.FINE


@pytest.mark.parametrize(
    ("change", "check", "state", "words"),
    [
        ({"python": (3, 9, 1)}, "python", FAILURE, "3.9.1; 3.10 or later"),
        ({"packages": {"pulumi": "3.100.0"}}, "package pulumi", FAILURE, "3.100.0; <4,>=3.259 is needed"),
        (
            {"packages": {}},
            "package tencentcloud-iac-pulumi",
            FAILURE,
            "pip install 'tencentcloud-iac-pulumi>=0.2.3'",
        ),
        ({"packages": {}}, "plugin tencentcloud", SKIPPED, "its package"),
        ({"programs": {}}, "pulumi", FAILURE, "not on PATH"),
        ({"programs": {}}, "python language host", FAILURE, "neither on PATH nor beside pulumi"),
        ({"programs": {}}, "plugin kubernetes", SKIPPED, "CLI is missing"),
        (
            {"answers": {"version": Ran(0, "v3.100.0")}},
            "pulumi",
            FAILURE,
            "v3.100.0 at /opt/pulumi/pulumi; 3.259 or later",
        ),
        ({"answers": {"version": Ran(127, stderr="broken")}}, "pulumi", FAILURE, "does not work: broken"),
        (
            {"environment": {}},
            "region",
            FAILURE,
            "the tencentcloud provider would take ap-guangzhou by itself",
        ),
        (
            {"environment": {**ENVIRONMENT, "TENCENTCLOUD_REGION": "ap-guangzhou-4"}},
            "region",
            FAILURE,
            "does not look like a region",
        ),
        ({"environment": {}}, "credentials", WARNING, "none configured"),
        (
            {"environment": {**ENVIRONMENT, "TENCENTCLOUD_SECRET_KEY": ""}},
            "credentials",
            FAILURE,
            "there is no TENCENTCLOUD_SECRET_KEY",
        ),
        ({"environment": {}}, "account", SKIPPED, "needs credentials"),
        (
            {
                "environment": {"TENCENTCLOUD_REGION": "ap-x"},
                "files": {"/home/somebody/.tencentcloud/credentials": f"[default]\nsecret_id = {SECRET_ID}"},
            },
            "credentials",
            WARNING,
            (
                f"{MASKED} from /home/somebody/.tencentcloud/credentials; the tencentcloud provider does not"
                " read that file"
            ),
        ),
        (
            {
                "environment": dict.fromkeys(
                    ("TKE_REGION", "TKE_PROVIDER_ID", "TKE_WEB_IDENTITY_TOKEN_FILE", "TKE_ROLE_ARN"), "x"
                )
            },
            "credentials",
            WARNING,
            "the role of this pod",
        ),
    ],
)
def test_a_lack_of_the_machine_is_named(change: dict[str, Any], check: str, state: State, words: str) -> None:
    found = look(FakeMachine(**change))[check]
    assert found.state is state
    assert words in f"{found.detail} {found.todo}"


def plugins(*items: dict[str, str]) -> FakeMachine:
    machine = FakeMachine()
    machine.answers["plugin ls --json"] = Ran(0, json.dumps(items))
    return machine


def test_the_tencentcloud_plugin_comes_with_the_exact_command() -> None:
    found = look(plugins(PLUGINS[0], {**PLUGINS[1], "version": "0.2.1"}))["plugin tencentcloud"]
    assert (found.state, found.detail) == (FAILURE, "only 0.2.1 installed; 0.2.3 is needed")
    assert (
        found.todo == "pulumi plugin install resource tencentcloud 0.2.3 --server"
        " github://api.github.com/tencentcloudstack"
    )


def test_pulumi_fetches_the_kubernetes_plugin_unless_that_is_switched_off() -> None:
    assert look(plugins())["plugin kubernetes"].state is WARNING
    alone = plugins()
    alone.environment = {**ENVIRONMENT, "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
    found = look(alone)["plugin kubernetes"]
    assert (found.state, found.todo) == (FAILURE, "pulumi plugin install resource kubernetes 4.25.0")


@pytest.mark.parametrize(
    ("packages", "state", "text", "todo"),
    [
        ({}, OK, "pulumi-kubernetes and its plugin 4.25.0: every test", ""),
        ({"pulumi": "3.265.0"}, OK, "pulumi 3.265.0: no run", ""),
        (
            {"pulumi": "3.280.0", "pulumi-kubernetes": "4.40.0"},
            WARNING,
            "pulumi 3.280.0: no run; pulumi-kubernetes and its plugin 4.40.0: no run",
            "if something fails, try the newest version of a run: pip install 'pulumi==3.272.0'"
            " 'pulumi-kubernetes==4.34.0'",
        ),
    ],
)
def test_the_runs_with_the_versions_of_the_machine_are_named(
    packages: dict[str, str], state: State, text: str, todo: str
) -> None:
    machine = FakeMachine()
    machine.packages |= packages
    found = look(machine)["tested versions"]
    assert (found.state, found.todo) == (state, todo)
    assert text in found.detail
    assert found.detail.startswith("Python 3.11.7: every test; Pulumi CLI v3.259.0: every test; ")


@pytest.mark.parametrize(
    ("name", "value", "version", "warned"),
    [
        ("PULUMI_K8S_UPSERT_EXISTING_OBJECTS", "true", "4.29.0", True),
        ("PULUMI_K8S_UPSERT_EXISTING_OBJECTS", "true", "4.25.0", False),
        ("PULUMI_K8S_ENABLE_PATCH_FORCE", "1", "4.34.0", True),
        ("PULUMI_K8S_DELETE_UNREACHABLE", "True", "4.25.0", True),
        ("PULUMI_K8S_DELETE_UNREACHABLE", "false", "4.25.0", False),
    ],
)
def test_a_variable_that_changes_every_kubernetes_provider_is_a_warning(
    name: str, value: str, version: str, warned: bool
) -> None:
    machine = FakeMachine(environment={**ENVIRONMENT, name: value})
    machine.packages["pulumi-kubernetes"] = version
    found = look(machine)
    assert (name in found) is warned
    assert not warned or (found[name].state, found[name].todo) == (
        WARNING,
        f"unset {name} unless you want this",
    )


def test_a_plugin_on_path_is_taken() -> None:
    machine = plugins()
    machine.programs["pulumi-resource-tencentcloud"] = "/usr/bin/pulumi-resource-tencentcloud"
    assert look(machine)["plugin tencentcloud"].state is OK


def test_the_stack_comes_before_the_environment_and_its_secrets_stay_in_memory() -> None:
    machine = FakeMachine(environment={"TENCENTCLOUD_REGION": "ap-shanghai"})
    listed = {
        "tencentcloud:region": {"value": "ap-beijing", "secret": False},
        "tencentcloud:secretId": {"value": SECRET_ID, "secret": False},
        "tencentcloud:secretKey": {"secret": True},
        "zones:other": {"secret": True},
    }
    machine.answers["config --json --non-interactive --stack prod"] = Ran(0, json.dumps(listed))
    machine.answers["config get tencentcloud:secretKey --non-interactive --stack prod"] = Ran(
        0, f"{SECRET_KEY}\n"
    )
    found = look(machine, stack="prod")
    assert found["region"].detail == "ap-beijing, from the stack's tencentcloud:region"
    assert (
        found["credentials"].detail
        == f"{MASKED} from the stack's tencentcloud:secretId and the stack's tencentcloud:secretKey"
    )
    assert SECRET_KEY not in repr(machine.answers)
    pinned = found["refresh"]
    assert pinned.state is WARNING
    assert "no tencentcloud:allowedAccountIds; a `pulumi refresh`" in pinned.detail
    assert "tencentcloud:region" not in pinned.detail + pinned.todo

    machine.answers["config get tencentcloud:secretKey --non-interactive --stack prod"] = Ran(
        255, stderr="incorrect passphrase"
    )
    listed["tencentcloud:allowedAccountIds"] = {"value": '["100000000001"]', "secret": False}
    machine.answers["config --json --non-interactive --stack prod"] = Ran(0, json.dumps(listed))
    assert look(machine, stack="prod")["refresh"].state is OK
    locked = look(machine, stack="prod")["credentials"]
    assert locked.state is FAILURE
    assert "tencentcloud:secretKey could not be decrypted" in locked.detail


@pytest.mark.parametrize(
    ("action", "error", "check", "state", "words"),
    [
        (
            "GetCallerIdentity",
            ("AuthFailure.SecretIdNotFound", "x"),
            "account",
            FAILURE,
            "the key's id is unknown",
        ),
        ("GetCallerIdentity", ("AuthFailure.SignatureExpire", "x"), "account", FAILURE, "clock is wrong"),
        ("GetCallerIdentity", ("AuthFailure.TokenFailure", "x"), "account", FAILURE, "session token"),
        ("GetCallerIdentity", (NETWORK_ERROR, "refused"), "account", FAILURE, "HTTPS_PROXY"),
        ("GetCallerIdentity", ("InternalError", f"echo {SECRET_ID}"), "account", FAILURE, "echo (not shown)"),
        (
            "DescribeClusters",
            ("UnauthorizedOperation", "no"),
            "permission tke:DescribeClusters",
            FAILURE,
            "tke-hybrid policy",
        ),
        (
            "DescribeSubnets",
            ("UnauthorizedOperation", "no"),
            "permission vpc:DescribeSubnets",
            FAILURE,
            "tke-hybrid policy",
        ),
        (
            "GetRole",
            ("InvalidParameter.RoleNotExist", "role not exist"),
            "role",
            FAILURE,
            "QcloudAccessForIPAMDofTKERole",
        ),
        ("GetRole", ("AuthFailure.UnauthorizedOperation", "no"), "role", WARNING, "could not tell"),
        (
            "ListAttachedRolePolicies",
            ("AuthFailure.UnauthorizedOperation", "no"),
            "role",
            WARNING,
            "could not tell whether it has its policy",
        ),
        ("ListAttachedRolePolicies", ("InternalError", "no"), "role", WARNING, "(InternalError)"),
    ],
)
def test_an_error_of_the_cloud_fails_its_check(
    action: str, error: tuple[str, str], check: str, state: State, words: str
) -> None:
    found = look(cloud=FakeCloud(**{action: CloudError(action, *error)}))
    assert found[check].state is state
    assert words in f"{found[check].detail} {found[check].todo}"
    assert (found["role"].state is SKIPPED) is (check == "account")


def test_without_credentials_the_account_fails() -> None:
    found = look(
        cloud=FakeCloud(GetCallerIdentity=CloudError("Credentials", "CredentialsMissing", "no key"))
    )["account"]
    assert (found.state, found.todo) == (FAILURE, "set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"secret_id = {SECRET_ID}\nsecret_key = {SECRET_KEY}\n", "MissingSectionHeaderError"),
        (f"[default]\nsecret_id = {SECRET_ID}\n{SECRET_KEY}\n", "ParsingError"),
        (f"[prod]\nsecret_id = {SECRET_ID}\nsecret_key = {SECRET_KEY}\n", "no section [default]"),
    ],
    ids=["no header", "a stray line", "another section"],
)
def test_a_profile_that_the_sdk_cannot_parse_is_a_failure_without_a_quotation(
    text: str, problem: str
) -> None:
    path = "/home/somebody/.tencentcloud/credentials"
    found = look(FakeMachine(environment={"TENCENTCLOUD_REGION": "ap-guangzhou"}, files={path: text}))
    assert found["credentials"].state is FAILURE
    assert (
        found["credentials"].detail
        == f"{path} cannot be read as a profile ({problem}), and every run ends there"
    )
    assert found["account"].state is SKIPPED


@pytest.mark.parametrize(
    "policies", [[], ["QcloudAccessForIPAMDofTKERole2"], ["QcloudAccessForIPAMDRoleInQcloudAllocateEIP"]]
)
def test_a_role_without_its_policy_is_a_failure(policies: list[str]) -> None:
    """A policy of a similar name does not suffice."""
    role = look(
        cloud=FakeCloud(ListAttachedRolePolicies={"List": [{"PolicyName": name} for name in policies]})
    )["role"]
    assert role.state is FAILURE
    assert (
        role.detail
        == "IPAMDofTKE_QCSRole exists without its policy QcloudAccessForIPAMDofTKERole, so ipamd can make no"
        " ENI"
    )


def test_a_root_key_is_a_warning() -> None:
    root = look(cloud=FakeCloud(GetCallerIdentity={"AccountId": "1", "Type": "RootAccount"}))["account"]
    assert root.state is WARNING


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (59.0, OK, "59 s behind"),
        (-61.0, WARNING, "61 s ahead of"),
        (301.0, FAILURE, "requests are refused"),
        (None, SKIPPED, "sent no time"),
    ],
)
def test_the_clock(seconds: float | None, state: State, words: str) -> None:
    found = look(clock=seconds)["clock"]
    assert found.state is state
    assert words in found.detail


@pytest.mark.parametrize("domain", ["tencentcloudapi.com", "internal.tencentcloudapi.com"])
def test_the_fixed_host_of_node_pools_is_checked_with_each_domain(domain: str) -> None:
    machine = FakeMachine(environment={**ENVIRONMENT, "TENCENTCLOUD_DOMAIN": domain})
    assert look(machine)["node pool host"].state is OK
    found = look(machine, unreached="ProxyError")
    check = found["node pool host"]
    assert check.state is WARNING
    assert "https://tke.tencentcloudapi.com cannot be reached (ProxyError)" in check.detail
    assert "to make a node pool" in check.detail
    assert found["role"].state is OK  # the other checks go on


def test_offline_the_cloud_is_not_called() -> None:
    found = look(
        cloud=FakeCloud(GetCallerIdentity=AssertionError("called")), offline=True, unreached="called"
    )
    assert {found[name].state for name in ("clock", "node pool host", "account", "role")} == {SKIPPED}


def test_control_sequences_of_a_program_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    found = look(plugins({**PLUGINS[0], "version": "1\x1b[31m"}))["plugin kubernetes"]
    command._show(found, Console(soft_wrap=True))  # pyright: ignore[reportPrivateUsage]
    assert "only 1?[31m installed" in capsys.readouterr().out
