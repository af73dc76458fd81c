"""The commands that repair a stack, and `doctor --state` as a command."""

import copy
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from pulumi_tke_hybrid.doctor import command
from pulumi_tke_hybrid.doctor.recovery import Command, commands
from pulumi_tke_hybrid.doctor.stack_state import compare, read_stack
from tests.unit.doctor import exports
from tests.unit.doctor.exports import BASE, CLS, NODES, PODS, POOL, POOLS, WHOLE, LiveCloud, export, state
from tests.unit.doctor.machines import ENVIRONMENT, SECRET_ID, SECRET_KEY

STACK = " --stack 'dev'"
UP, DESTROY = f"up: pulumi up{STACK}", f"destroy: pulumi destroy{STACK}"
DELETE = f"pulumi state delete '{exports.REGULAR['urn']}'{STACK}"


def made(data: dict[str, Any], cloud: LiveCloud) -> list[Command]:
    stack = read_stack(data)
    unknowns: list[str] = []
    found = list(compare(stack, lambda _: cloud, "ap-guangzhou", unknowns))
    return list(commands(stack, found, "dev", whole=not unknowns))


def lines(data: dict[str, Any], cloud: LiveCloud) -> list[str]:
    found = made(data, cloud)
    assert all(item.why for item in found)
    return [
        f"{f'{item.ending}: ' if item.ending else ''}{'by hand: ' if item.manual else ''}{item.text}"
        for item in found
    ]


def without(*pools: str) -> LiveCloud:
    cloud = LiveCloud()
    for pool in pools:
        del cloud.pools[pool]
    return cloud


def refreshed(ending: str) -> str:
    return ending.replace(STACK, f" --refresh{STACK}")


def test_nothing_gone_needs_no_command() -> None:
    assert lines(export(WHOLE), LiveCloud()) == []


def test_a_pool_that_is_gone_is_taken_out_of_the_state() -> None:
    assert lines(export(POOLS), without(POOL)) == [DELETE, UP, DESTROY]
    pending = export(POOLS, deleting=exports.REGULAR)
    assert lines(pending, without(POOL)) == [f"pulumi cancel{STACK}", DELETE, UP, DESTROY]


def test_a_protected_pool_needs_force() -> None:
    protected = [*BASE, {**exports.REGULAR, "protect": True}]
    assert lines(export(protected), without(POOL))[0] == DELETE.replace("'" + STACK, "' --force" + STACK)


def test_a_pool_on_which_living_resources_depend_leaves_after_a_run_that_ends_their_dependence() -> None:
    assert lines(export(WHOLE), without(POOL)) == [
        "up: by hand: take the node pool shop-pool out of the program",
        UP,
        f"up: {DELETE}",
        UP,
        DESTROY,
        f"destroy: {DELETE}",
        DESTROY,
    ]


def test_a_lost_cluster_without_dependents_is_removed_by_a_refresh() -> None:
    left = [item for item in BASE if item is not exports.SWITCH]
    assert lines(export(left), LiveCloud({})) == [refreshed(UP), refreshed(DESTROY)]


def test_a_cluster_that_is_gone_is_taken_out_of_the_state_with_all_inside() -> None:
    removal = f"pulumi state delete '{exports.CLUSTER['urn']}' --target-dependents --force{STACK}"
    found = made(export(WHOLE), LiveCloud({}))
    assert [item.text for item in found] == [removal, f"pulumi up{STACK}", f"pulumi destroy{STACK}"]
    assert "8 resources inside the cluster are gone as well" in found[0].why


def test_a_resource_outside_a_lost_cluster_is_named_before_its_removal_from_the_state() -> None:
    record = state("tencentcloud:Dnspod/record:Record", "www", "1", exports.SERVICE["urn"])
    assert lines(export([*WHOLE, record]), LiveCloud({}))[0] == "by hand: write down the ids of www"


def test_an_adopted_cluster_that_is_gone_takes_endpoint_and_pools_out_of_the_state() -> None:
    adopted = [item for item in WHOLE if item is not exports.CLUSTER]
    found = lines(export(adopted), LiveCloud({}))
    assert found[0].startswith(f"pulumi state delete '{exports.ENDPOINT['urn']}' --target-dependents --force")
    removed = {line.split("'")[1]: "--target-dependents" in line for line in found[1:4]}
    pools = (exports.NATIVE_POOL, exports.REGULAR, exports.SUPER_POOL)
    assert removed == {pool["urn"]: pool is exports.REGULAR for pool in pools}
    assert found[4:] == [refreshed(UP), refreshed(DESTROY)]  # VPC-CNI is read as gone


def test_a_closed_endpoint_wants_no_refresh() -> None:
    assert lines(export(WHOLE), LiveCloud(endpoint="NotFound")) == [
        f"up: by hand: in the console, open the endpoint of {CLS} as the program has it",
        UP,
        DESTROY,
    ]


def test_a_subnet_that_is_gone_is_refreshed_alone_where_the_plugin_would_fail() -> None:
    assert lines(export(WHOLE), LiveCloud(subnets={PODS: "pods"})) == [refreshed(UP), refreshed(DESTROY)]
    alone = f"pulumi refresh --target '{exports.NODE_SUBNET['urn']}'{STACK}"
    closed = lines(export(WHOLE), LiveCloud(subnets={PODS: "pods"}, endpoint="NotFound"))
    assert (closed[0], closed[-1]) == (alone, DESTROY)
    unread = LiveCloud(subnets={PODS: "pods"}, fails={"DescribeNodePools": "UnauthorizedOperation"})
    assert lines(export(WHOLE), unread) == [alone, UP, DESTROY]


def test_vpc_cni_that_is_off_is_read_by_a_refresh() -> None:
    assert lines(export(WHOLE), LiveCloud(enabled=False)) == [refreshed(UP), refreshed(DESTROY)]


def test_a_pending_creation_that_succeeded_is_imported_under_its_parent() -> None:
    data = export([exports.STACK, exports.HYBRID], creating={**exports.CLUSTER, "id": ""})
    assert lines(data, LiveCloud()) == [
        f"pulumi cancel{STACK}",
        f"pulumi import 'tencentcloud:Kubernetes/cluster:Cluster' 'shop-cluster' '{CLS}' --parent"
        f" 'shop={exports.OWNER}' --protect=false --generate-code=false{STACK}",
        f"pulumi refresh --clear-pending-creates{STACK}",
        UP,
        DESTROY,
    ]


def test_an_import_names_a_provider_of_the_program_and_no_parent_that_is_the_stack() -> None:
    provider = state("pulumi:providers:tencentcloud", "own", "p1", region="ap-guangzhou")
    pending = {**exports.VPC, "id": "", "parent": exports.ROOT, "provider": f"{provider['urn']}::p1"}
    words = shlex.split(lines(export([exports.STACK, provider], creating=pending), LiveCloud())[1])
    assert "--parent" not in words
    assert words[words.index("--provider") + 1] == f"own={provider['urn']}"
    default = {
        **pending,
        "provider": "urn:pulumi:dev::shop::pulumi:providers:tencentcloud::default_0_2_3::p2",
    }
    assert "--provider" not in lines(export([exports.STACK], creating=default), LiveCloud())[1]


def test_a_pending_creation_that_failed_is_only_forgotten() -> None:
    data = export([exports.STACK, exports.HYBRID], creating={**exports.CLUSTER, "id": ""})
    assert lines(data, LiveCloud({}))[1:3] == [f"pulumi refresh --clear-pending-creates{STACK}", UP]


def test_an_endpoint_that_no_state_has_is_closed_by_hand() -> None:
    data = export(POOLS, creating={**exports.ENDPOINT, "id": ""})
    assert lines(data, LiveCloud())[1] == f"by hand: in the console, close the endpoint of {CLS}"


def test_clearing_reads_one_harmless_resource_where_a_refresh_would_fail() -> None:
    data = export(WHOLE, creating={**exports.VPC, "urn": exports.urn("x", "y")})
    assert f"pulumi refresh --clear-pending-creates --target '{exports.ROOT}'{STACK}" in lines(
        data, LiveCloud(endpoint="NotFound")
    )


def test_a_quote_in_a_name_stays_inside_one_argument() -> None:
    odd = copy.deepcopy(exports.REGULAR)
    odd["urn"] += "'; reboot; '$(x)"
    words = shlex.split(lines(export([*BASE, odd]), without(POOL))[0])
    assert words == ["pulumi", "state", "delete", odd["urn"], "--stack", "dev"]


# -- the command


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> LiveCloud:
    live = LiveCloud()
    monkeypatch.setattr(command, "_cloud", lambda _: live)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", "")
    return live


def doctor(folder: Path, data: bytes | dict[str, Any], *more: str) -> Result:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    app = typer.Typer()
    app.callback()(lambda: None)
    app.command("doctor")(command.doctor)
    result = CliRunner().invoke(app, ["doctor", "--project", str(folder), "--state", "-", *more], input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    for secret in (SECRET_ID, SECRET_KEY, "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"):
        assert secret not in result.output
    return result


@pytest.mark.usefixtures("cloud")
def test_a_whole_stack_ends_with_0(tmp_path: Path) -> None:
    result = doctor(tmp_path, export(WHOLE))
    assert (result.exit_code, result.stdout.strip()) == (0, "10 resources compared: nothing to repair")


def test_a_lost_resource_ends_with_2_and_each_command_has_one_line_and_a_reason(
    cloud: LiveCloud, tmp_path: Path
) -> None:
    del cloud.pools[POOL]
    result = doctor(tmp_path, export(POOLS))
    assert result.exit_code == 2
    printed = result.stdout.splitlines()
    assert printed[0] == f"gone: node pool {CLS}#{POOL}"
    at = printed.index(f"  1. {DELETE}")
    assert printed[at + 1] == (
        f"     why: {CLS}#{POOL} is gone: the plugin cannot delete it, and a refresh ends the plugin"
    )
    assert f"  2. pulumi up{STACK}" in printed
    assert f"  2. pulumi destroy{STACK}" in printed


def test_json_has_resources_commands_and_unknowns(cloud: LiveCloud, tmp_path: Path) -> None:
    cloud.fails["DescribeVpcs"] = "UnauthorizedOperation"
    del cloud.subnets[NODES]
    result = doctor(tmp_path, export(WHOLE), "--json", "-", "--stack", "org/shop/dev")
    data = json.loads(result.stdout)
    assert (result.exit_code, data["result"]) == (2, "NOT_FINE")
    assert [(item["kind"], item["id"], item["condition"]) for item in data["resources"]] == [
        ("subnet", NODES, "gone")
    ]
    assert {item["ending"]: item["command"] for item in data["commands"]} == {
        "": f"pulumi refresh --target '{exports.NODE_SUBNET['urn']}' --stack 'org/shop/dev'",
        "up": "pulumi up --stack 'org/shop/dev'",
        "destroy": "pulumi destroy --stack 'org/shop/dev'",
    }
    assert data["unknowns"] == ["VPC vpc …: DescribeVpcs failed: UnauthorizedOperation"]


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ({"DescribeSubnets": "ClientNetworkError"}, "could not tell: subnet"),
        (
            {"GetCallerIdentity": "AuthFailure.TokenFailure"},
            "GetCallerIdentity failed: AuthFailure.TokenFailure",
        ),
    ],
)
def test_a_cloud_that_cannot_be_read_ends_with_3(
    cloud: LiveCloud, tmp_path: Path, fails: dict[str, str], said: str
) -> None:
    cloud.fails.update(fails)
    result = doctor(tmp_path, export(WHOLE))
    assert result.exit_code == 3
    assert said in " ".join(result.output.split())


def test_another_account_and_a_stack_of_which_all_seems_gone_end_with_3(
    cloud: LiveCloud, tmp_path: Path
) -> None:
    cloud.account = "100000000002"
    result = doctor(tmp_path, export(WHOLE))
    assert (result.exit_code, "state delete" in result.output) == (3, False)
    assert "the stack is of account 100000000001" in result.output
    cloud.vpcs.clear()
    result = doctor(tmp_path, export([exports.STACK, exports.VPC]))
    assert (result.exit_code, "pulumi up" in result.output) == (3, False)
    assert "all resources of the stack seem gone" in result.output
    result = doctor(tmp_path, export([exports.STACK, exports.VPC]), "--account", "100000000001")
    assert (result.exit_code, "the stack is of account 100000000001" in result.output) == (3, True)
    result = doctor(tmp_path, export([exports.STACK, exports.VPC]), "--account", "100000000002")
    assert (result.exit_code, "pulumi up" in result.output) == (2, True)


def test_an_account_without_a_state_is_wrong_use() -> None:
    app = typer.Typer()
    app.command("doctor")(command.doctor)
    result = CliRunner().invoke(app, ["--account", "100000000001"])
    assert (result.exit_code, "--account needs --state" in result.output) == (64, True)


def test_no_credentials_end_with_3(tmp_path: Path, cloud: LiveCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENCENTCLOUD_SECRET_KEY")
    result = doctor(tmp_path, export(WHOLE))
    assert (result.exit_code, cloud.asked) == (3, [])
    assert "no credentials or no region" in result.output


def test_a_file_of_windows_powershell_is_read(cloud: LiveCloud, tmp_path: Path) -> None:
    del cloud.pools[POOL]
    assert doctor(tmp_path, json.dumps(export(POOLS)).encode("utf-16")).exit_code == 2


def test_encrypted_secrets_do_not_matter(cloud: LiveCloud, tmp_path: Path) -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
    pool = {**exports.REGULAR, "outputs": {"password": secret}, "inputs": {"autoScalingConfig": secret}}
    del cloud.pools[POOL]
    assert doctor(tmp_path, export([*BASE, pool])).exit_code == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b"error: no stack selected", "it holds no JSON object"),
        (b'{"version": 3, "deployment": {"reso', "it is not whole"),
        (b"[]", "it holds a list"),
        (b'{"steps": []}', "no deployment"),
        (b'{"deployment": {"resources": [1]}}', "a resource has no URN"),
    ],
)
def test_a_bad_file_ends_with_64(cloud: LiveCloud, tmp_path: Path, data: bytes, said: str) -> None:
    result = doctor(tmp_path, data)
    assert (result.exit_code, cloud.asked) == (64, [])
    assert said in result.output
    assert "pulumi stack export" in result.output


@pytest.mark.parametrize("text", ["name: other\n", "name: [\n", "- shop\n"])
def test_a_folder_of_another_project_ends_with_64(cloud: LiveCloud, tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    assert doctor(tmp_path, export(WHOLE)).exit_code == 0
    cloud.asked.clear()
    (tmp_path / "Pulumi.yaml").write_text(text)
    result = doctor(tmp_path, export(WHOLE))
    assert (result.exit_code, cloud.asked) == (64, [])
    assert "--state is of project 'shop'" in result.output


@pytest.mark.parametrize("option", [["--offline"], ["--fail-on", "warning"]])
def test_an_option_that_would_be_ignored_is_refused(tmp_path: Path, option: list[str]) -> None:
    result = doctor(tmp_path, export(WHOLE), *option)
    assert (result.exit_code, option[0] in result.output) == (64, True)
