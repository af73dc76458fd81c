"""One existing load balancer in several workloads of a program."""

from typing import Any

import pytest

import pulumi_tke_hybrid as tke
from tests.cases.catalogue.described import Late, awake
from tests.unit.programs import run, unknown
from tests.unit.workloads import workload

LB = "lb-12345678"


def own(late: bool, **more: Any) -> dict[str, Any]:
    return {"kind": "existing", "load_balancer_id": Late(LB) if late else LB, **more}


def ingress(late: bool) -> dict[str, Any]:
    return {"exposure": tke.not_exposed(), "ingress": {"exposure": own(late)}}


def both(first: dict[str, Any], second: dict[str, Any]) -> Any:
    def program() -> None:
        workload("a", **awake(first))
        workload("b", **awake(second))

    return run(program)


@pytest.mark.parametrize(("late", "later"), [(False, False), (True, False), (False, True), (True, True)])
def test_a_second_workload_with_the_same_id_is_refused_with_both_names(late: bool, later: bool) -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        both({"exposure": own(late)}, {"exposure": own(later)})
    first, second = ("b", "a") if late and not later else ("a", "b")
    assert caught.value.owner == f"ClientIpWorkload '{second}'"
    (line,) = map(str, caught.value.problems)
    assert line.startswith(
        f"exposure.load_balancer_id: {LB} is also the load balancer of ClientIpWorkload '{first}' (exposure);"
        " TKE gives a load balancer"
    )


@pytest.mark.parametrize(
    ("first", "second", "path", "other"),
    [
        ({"exposure": own(False)}, ingress(False), "ingress.exposure", "exposure"),
        (ingress(False), {"exposure": own(False, shared=True)}, "exposure", "ingress.exposure"),
        (ingress(False), ingress(False), "ingress.exposure", "ingress.exposure"),
        ({"exposure": own(False, shared=True)}, {"exposure": own(False)}, "exposure", "exposure"),
        ({"exposure": own(False)}, {"exposure": own(False, shared=True)}, "exposure", "exposure"),
    ],
)
def test_an_ingress_never_shares_and_services_share_only_with_shared_in_both(
    first: dict[str, Any], second: dict[str, Any], path: str, other: str
) -> None:
    with pytest.raises(
        tke.InvalidInputs,
        match=(
            rf"{path}\.load_balancer_id: {LB} is also the load balancer of ClientIpWorkload 'a' \({other}\)"
        ),
    ):
        both(first, second)


def test_the_service_and_the_ingress_of_one_workload_are_compared_when_their_ids_are_known() -> None:
    with pytest.raises(
        tke.InvalidInputs, match=r"ingress\.exposure\.load_balancer_id: lb-12345678 is the Service's; "
    ):
        run(lambda: workload("a", **awake({"exposure": own(True), "ingress": {"exposure": own(True)}})))


@pytest.mark.parametrize("late", [False, True])
def test_services_on_other_ports_share_a_load_balancer_on_purpose(late: bool) -> None:
    udp = {"ports": [{"port": 80, "protocol": "UDP"}], "exposure": own(late, shared=True)}
    graph = both({"exposure": own(late, shared=True)}, udp)
    annotations = [graph.named(f"{name}-service").inputs["metadata"]["annotations"] for name in "ab"]
    assert [found["service.kubernetes.io/tke-existed-lbid"] for found in annotations] == [LB, LB]
    with pytest.raises(
        tke.InvalidInputs,
        match=rf"exposure\.load_balancer_id: {LB} listens on 80/TCP for ClientIpWorkload 'a' already",
    ):
        both({"exposure": own(late, shared=True)}, {"exposure": own(late, shared=True)})


def test_three_workloads_with_one_id_are_refused_and_those_with_others_are_not() -> None:
    def program(ids: list[str]) -> None:
        for name, balancer in zip("abc", ids, strict=True):
            workload(name, exposure=tke.existing_clb(balancer))

    run(lambda: program(["lb-11111111", "lb-22222222", "lb-33333333"]))
    with pytest.raises(tke.InvalidInputs, match="ClientIpWorkload 'a'"):
        run(lambda: program(["lb-11111111", "lb-22222222", "lb-11111111"]))


def test_two_programs_of_one_process_may_name_the_same_load_balancer() -> None:
    for _ in range(2):
        assert run(lambda: workload("a", exposure=tke.existing_clb(LB))).of_type(":Service")


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (
            {"exposure": {"kind": "public", "shared": True}},
            "exposure.shared: belongs to a load balancer of kind 'existing', this one is",
        ),
        (
            {
                "exposure": tke.not_exposed(),
                "ingress": {"exposure": {"kind": "existing", "load_balancer_id": LB, "shared": True}},
            },
            (
                "ingress.exposure.shared: is about Services; an Ingress has a load balancer of its own"
                " (457/45490); leave it out"
            ),
        ),
    ],
)
def test_shared_needs_an_existing_load_balancer_of_a_service(more: dict[str, Any], line: str) -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: workload("a", **more))
    assert [str(problem)[: len(line)] for problem in caught.value.problems] == [line]


def test_a_preview_without_the_id_still_resolves_the_name() -> None:
    graph = run(lambda: workload("a", exposure=tke.existing_clb(unknown())), preview=True)
    assert graph.named("a").inputs["name"] == "a"
