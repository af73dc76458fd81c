"""Bad inputs: all at once, one line a property, with its path; the same for values that come later."""

from typing import Any

import pulumi
import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.component.args import Args, args_class, parse_args
from pulumi_tke_hybrid.component.inputs import Input
from tests.unit.programs import run


def lines(error: tke.InvalidInputs) -> list[str]:
    return [str(problem) for problem in error.problems]


def test_every_bad_input_is_reported_with_its_path_and_a_cure() -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        tke.HybridClusterArgs(
            vpc_id="vpc-12345678",
            cluster_cidr="192.168.0.5/20",
            cluster_max_pod_num=63,
            cluster_max_service_num=1024,
            eni_subnets=[tke.EniSubnetArgs(subnet_id="subnet-12345678", zone="ap-guangzhou-4"), 7],  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
            ip_reclaim=tke.after(20),
            node_pools=[{"name": "x"}],  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
        )
    assert lines(caught.value) == [
        "eni_subnets[1]: must be a dictionary or an instance of EniSubnetArgs; got 7",
        "ip_reclaim: 20 s is outside 300 to 15768000 s, the range TKE accepts; use after(300)",
        "cluster_cidr: 192.168.0.5/20 has host bits set; the range it lies in is 192.168.0.0/20",
        "cluster_max_pod_num: 63 is not a power of two; TKE rounds it up; use 64",
        "node_pools[0].zone: is required",
        "node_pools[0].subnet_id: is required",
        "node_pools[0].instance_type: is required",
        "node_pools[0].size: is required",
        "node_pools[0].keep_machines: is required",
    ]


def test_the_error_is_one_that_pulumi_prints_without_a_stack_trace() -> None:
    assert issubclass(tke.InvalidInputs, pulumi.RunError)
    text = str(tke.InvalidInputs.single("HybridCluster 'demo'", "vpc_id", "is required"))
    assert text == "HybridCluster 'demo': 1 invalid input\n  vpc_id: is required"


def test_a_misspelt_property_is_answered_with_the_right_one() -> None:
    with pytest.raises(tke.InvalidInputs, match="zoned: is not a property; did you mean 'zone'"):
        tke.EniSubnetArgs(subnet_id="subnet-12345678", zone="ap-guangzhou-4", zoned="x")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


def test_a_password_is_in_no_message() -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        tke.NodePoolArgs(
            name="a", zone="ap-guangzhou-4", subnet_id="subnet-12345678", instance_type="S5.LARGE8", size=1, keep_machines=False,
            password=31337,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        )  # fmt: skip
    assert "31337" not in str(caught.value)
    assert lines(caught.value) == ["password: must be a valid string"]


@args_class(size=lambda value: None if value > 0 else f"{value} is too small")
class _Sized(Args):
    size: Input[int]


def _resolved(value: Input[int]) -> pulumi.Output[int]:
    return pulumi.Output.from_input(_Sized(size=value).size)


def test_a_value_inside_an_output_is_checked_under_its_name_when_it_resolves() -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: pulumi.export("size", _resolved(pulumi.Output.from_input(-3))))
    assert str(caught.value) == "_Sized: 1 invalid input\n  size: -3 is too small"


def test_a_value_of_the_wrong_type_inside_an_output_is_refused_by_name() -> None:
    def program() -> None:
        later: Any = pulumi.Output.from_input("three")
        pulumi.export("size", _resolved(later))

    with pytest.raises(tke.InvalidInputs, match="size: must be a valid integer"):
        run(program)


def test_a_secret_stays_a_secret_after_its_check() -> None:
    seen: list[bool] = []

    def program() -> None:
        checked = _resolved(pulumi.Output.secret(5))

        async def look() -> None:
            seen.append(await checked.is_secret())

        pulumi.export("done", pulumi.Output.from_input(look()))

    run(program)
    assert seen == [True]


def test_a_plain_mapping_is_as_good_as_the_class() -> None:
    assert parse_args(_Sized, {"size": 3}, "it").size == 3
    with pytest.raises(tke.InvalidInputs) as caught:
        parse_args(_Sized, {"size": 0, "sise": 1}, "Thing 'it'")
    assert str(caught.value).splitlines() == [
        "Thing 'it': 2 invalid inputs",
        "  size: 0 is too small",
        "  sise: is not a property; did you mean 'size'?",
    ]


def test_a_check_for_a_property_that_does_not_exist_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="sise"):

        @args_class(sise=lambda value: None)
        class _Wrong(Args):  # pyright: ignore[reportUnusedClass]
            size: Input[int]
