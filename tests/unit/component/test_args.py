"""Faulty inputs: all findings at once, one line for a property, with its path; the same for values of
Outputs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.component.args import Args, args_class, parse_args
from pulumi_tke_hybrid.component.inputs import EachItem, Input
from pulumi_tke_hybrid.tke.rule import PROPERTY, Finding
from tests.cases.catalogue.described import CLASSES, Late, awake, pool
from tests.unit.programs import run


def lines(error: tke.InvalidInputs) -> list[str]:
    return [str(problem) for problem in error.problems]


def test_every_bad_input_is_reported_with_its_path_and_a_cure() -> None:
    subnets: list[Any] = [tke.EniSubnetArgs(subnet_id="subnet-12345678", zone="ap-guangzhou-4"), 7]
    pools: list[Any] = [{"name": "x"}]
    with pytest.raises(tke.InvalidInputs) as caught:
        tke.HybridClusterArgs(
            vpc_id="vpc-12345678",
            cluster_cidr="192.168.0.5/20",
            cluster_max_pod_num=63,
            cluster_max_service_num=1024,
            eni_subnets=subnets,
            ip_reclaim=tke.after(20),
            node_pools=pools,
        )
    assert lines(caught.value) == [
        (
            "eni_subnets[1]: must be an instance of EniZoneSubnet, or a dictionary or an instance of"
            " EniSubnetArgs; got 7; pass the EniZoneSubnet itself"
        ),
        "ip_reclaim: 20 s is outside 300 to 15768000 s, the range TKE accepts; use after(300)",
        "cluster_cidr: 192.168.0.5/20 has host bits set; the range around this address is 192.168.0.0/20",
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


def test_the_finding_on_a_misspelt_property_names_the_right_property() -> None:
    misspelt: dict[str, Any] = {"subnet_id": "subnet-12345678", "zone": "ap-guangzhou-4", "zoned": "x"}
    with pytest.raises(tke.InvalidInputs, match="zoned: is not a property; did you mean 'zone'"):
        tke.EniSubnetArgs(**misspelt)


def test_a_password_is_in_no_message() -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        tke.NodePoolArgs(
            name="a",
            zone="ap-guangzhou-4",
            subnet_id="subnet-12345678",
            instance_type="S5.LARGE8",
            size=1,
            keep_machines=False,
            password=31337,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        )
    assert "31337" not in str(caught.value)
    assert lines(caught.value) == ["password: must be a string"]


NUMBERS = {"DB_PASSWORD": 31337, "str": 31338, "a.b/c": 31339}
UNSEEN = [f"env[{key!r}]: must be a string; write it in quotes" for key in NUMBERS]


@dataclass(frozen=True)
class Spoilt:
    """A class, a property of its valid description with a wrong value, and all findings."""

    cls: type[Args]
    property: str
    value: Any
    lines: list[str]


@pytest.mark.parametrize(
    "it",
    [
        Spoilt(tke.ClientIpWorkloadArgs, "env", NUMBERS, UNSEEN),
        Spoilt(tke.ClientIpWorkloadArgs, "env", "DB_PASSWORD=31337", ["env: must be a valid dictionary"]),
        Spoilt(tke.HybridClusterArgs, "kubeconfig", 31337, ["kubeconfig: must be a string"]),
        Spoilt(
            tke.HybridClusterArgs,
            "tags",
            {"Team": 5, "env": 6},
            [
                "tags['Team']: must be a string; got 5; write it in quotes",
                "tags['env']: must be a string; got 6; write it in quotes",
            ],
        ),
    ],
    ids=lambda it: f"{it.cls.__name__}.{it.property}",
)
def test_a_faulty_value_is_a_single_line_and_shows_no_secret(it: Spoilt) -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        parse_args(it.cls, {**CLASSES[it.cls], it.property: it.value}, "it")
    assert lines(caught.value) == it.lines


@pytest.mark.parametrize(
    ("it", "owner"),
    [
        (Spoilt(tke.NodePoolArgs, "size", -1, []), "NodePoolArgs 'four'"),
        (Spoilt(tke.NodePoolArgs, "size", Late(-1), []), "NodePoolArgs 'four'"),
        (
            Spoilt(tke.HybridClusterArgs, "node_pools", [pool(name="y", size=Late(-1))], []),
            "NodePoolArgs 'y'",
        ),
        (Spoilt(tke.EniSubnetArgs, "cidr_block", "all", []), "EniSubnetArgs 'ap-guangzhou-4'"),
        (Spoilt(tke.PortArgs, "port", 70000, []), "PortArgs 70000"),
        (Spoilt(tke.RolloutArgs, "max_surge", -1, []), "RolloutArgs"),
    ],
)
def test_an_error_names_its_object_among_several(it: Spoilt, owner: str) -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: it.cls(**{**CLASSES[it.cls], it.property: awake(it.value)}))
    assert str(caught.value).startswith(f"{owner}: 1 invalid input\n")


def test_an_output_in_an_f_string_is_refused_in_every_property(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_ERROR_OUTPUT_STRING", raising=False)

    def program() -> None:
        late = pulumi.Output.from_input("1")
        parse_args(
            tke.ClientIpWorkloadArgs,
            {**CLASSES[tke.ClientIpWorkloadArgs], "image": f"nginx:{late}", "env": {"A": f"{late}"}},
            "it",
        )

    with pytest.raises(tke.InvalidInputs) as caught:
        run(program)
    assert lines(caught.value) == [
        f"{path}: holds what Pulumi writes in place of an Output; an f-string does not wait for the value of"
        " one; use pulumi.Output.format(...) or .apply(...)"
        for path in ("image", "env['A']")
    ]


def test_properties_are_given_by_their_names() -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        tke.AutoscaleArgs(1, max_size=2)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    assert lines(caught.value)[-1] == "[0]: properties are given by their names; write name=value"


@args_class(size=lambda value: None if value > 0 else f"{value} is too small")
class _Sized(Args):
    size: Input[int]


def _resolved(value: Input[int]) -> pulumi.Output[int]:
    return pulumi.Output.from_input(_Sized(size=value).size)


def test_a_value_inside_an_output_is_checked_under_its_name_when_the_output_resolves() -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: pulumi.export("size", _resolved(pulumi.Output.from_input(-3))))
    assert str(caught.value) == "_Sized: 1 invalid input\n  size: -3 is too small"


def test_a_value_of_the_wrong_type_inside_an_output_is_refused_by_name() -> None:
    def program() -> None:
        later: Any = pulumi.Output.from_input("three")
        pulumi.export("size", _resolved(later))

    with pytest.raises(tke.InvalidInputs, match="size: must be a valid integer"):
        run(program)


@pytest.mark.parametrize(
    ("it", "secret"),
    [
        (
            Spoilt(
                tke.ClientIpWorkloadArgs,
                "env",
                {"A": "a", "B": Late(31337)},
                ["env['B']: must be a string; write it in quotes"],
            ),
            False,
        ),
        (
            Spoilt(
                tke.ClientIpWorkloadArgs,
                "env",
                {"DB_PASSWORD": Late(31337)},
                ["env['DB_PASSWORD']: the secret value is not valid; it is not shown"],
            ),
            True,
        ),
        (
            Spoilt(
                tke.NodePoolArgs,
                "key_ids",
                ["skey-12345678", Late(5)],
                ["key_ids[1]: must be a string; got 5"],
            ),
            False,
        ),
        (
            Spoilt(
                tke.NodePoolArgs,
                "labels",
                Late({"Team": 5}),
                ["labels['Team']: must be a string; got 5; write it in quotes"],
            ),
            False,
        ),
    ],
)
def test_a_fault_in_the_value_of_an_output_has_its_own_path(it: Spoilt, secret: bool) -> None:
    def program() -> None:
        value = awake(it.value)
        if secret:
            value = {key: pulumi.Output.secret(item) for key, item in value.items()}
        args = parse_args(it.cls, {**CLASSES[it.cls], it.property: value}, "it")
        pulumi.export("it", getattr(args, it.property))

    with pytest.raises(tke.InvalidInputs) as caught:
        run(program)
    assert lines(caught.value) == it.lines


@args_class(
    sizes=EachItem(
        lambda value: None if value > 0 else f"{value} is too small",
        whole=lambda sizes: None if sizes else "is empty",
    ),
    by_name=EachItem(lambda value: None if value > 0 else f"{value} is too small"),
)
class _Listed(Args):
    sizes: Sequence[Input[int]]
    by_name: Optional[Input[Mapping[str, Input[int]]]] = None


@pytest.mark.parametrize(
    ("described", "lines_"),
    [
        ({"sizes": [0, 1, -1]}, ["sizes[0]: 0 is too small", "sizes[2]: -1 is too small"]),
        ({"sizes": []}, ["sizes: is empty"]),
        ({"sizes": [1], "by_name": {"a": 0}}, ["by_name['a']: 0 is too small"]),
        ({"sizes": [1, Late(0)]}, ["sizes[1]: 0 is too small"]),
        ({"sizes": [1], "by_name": {"a": Late(0)}}, ["by_name['a']: 0 is too small"]),
        ({"sizes": [1], "by_name": Late({"a": 0})}, ["by_name['a']: 0 is too small"]),
    ],
)
def test_each_item_is_checked_under_its_own_path_whether_plain_or_pending(
    described: dict[str, Any], lines_: list[str]
) -> None:
    def program() -> None:
        args = _Listed(**awake(described))
        pulumi.export("it", pulumi.Output.all(args.sizes, args.by_name))

    with pytest.raises(tke.InvalidInputs) as caught:
        run(program)
    assert lines(caught.value) == lines_


def test_a_secret_item_is_checked_and_not_shown() -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        run(
            lambda: pulumi.export(
                "it", pulumi.Output.all(*_Listed(sizes=[pulumi.Output.secret(-31337)]).sizes)
            )
        )
    assert lines(caught.value) == ["sizes[0]: the secret value is not valid; it is not shown"]


def test_a_secret_that_turns_out_to_be_none_is_called_empty() -> None:
    def program() -> None:
        nothing: Any = pulumi.Output.secret(None)
        pulumi.export("size", _resolved(nothing))

    with pytest.raises(tke.InvalidInputs, match="size: is empty; its Output holds no value"):
        run(program)


def test_only_a_plain_none_leaves_a_property_out() -> None:
    assert _Listed(sizes=[1], by_name=None).by_name is None
    with pytest.raises(tke.InvalidInputs, match="by_name: is empty"):
        run(lambda: pulumi.export("it", _Listed(sizes=[1], by_name=awake(Late(None))).by_name))


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


@args_class()
class Inner(Args):
    low: int
    high: int

    def problems(self) -> Iterator[Finding]:
        if self.low > self.high:
            yield PROPERTY.finding("low", "is above high")


@args_class()
class Outer(Args):
    one: Optional[Inner] = None
    several: Optional[Sequence[Inner]] = None
    named: Optional[Mapping[str, Inner]] = None


def test_nested_arguments_are_checked_without_a_list_of_their_names() -> None:
    wrong = {"low": 2, "high": 1}
    with pytest.raises(tke.InvalidInputs) as caught:
        parse_args(
            Outer, {"one": wrong, "several": [{"low": 1, "high": 1}, wrong], "named": {"a": wrong}}, "it"
        )
    assert [problem.path for problem in caught.value.problems] == [
        "one.low",
        "several[1].low",
        "named['a'].low",
    ]
