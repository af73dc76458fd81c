"""Whether the cluster's Kubernetes provider takes existing objects over, with a pulumi-kubernetes that knows
the argument and without."""

import inspect
from importlib.metadata import version
from typing import Any

import pulumi_kubernetes as kubernetes
import pytest

import pulumi_tke_hybrid as tke
from tests.cases.catalogue.described import hybrid
from tests.unit.programs import run


@pytest.fixture
def later_version(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A pulumi-kubernetes with the argument; what its providers were given."""
    given: list[dict[str, Any]] = []
    provider: Any = kubernetes.Provider

    def arguments(self: object, *, upsert_existing_objects: bool | None = None) -> None: ...

    def made(name: str, *, upsert_existing_objects: bool | None = None, **more: Any) -> Any:
        given.append({"name": name, "upsert_existing_objects": upsert_existing_objects})
        return provider(name, **more)

    monkeypatch.setattr(kubernetes.ProviderArgs, "__init__", arguments)
    monkeypatch.setattr(kubernetes, "Provider", made)
    return given


def test_the_refusal_names_a_version_without_the_argument() -> None:
    assert "upsert_existing_objects" not in inspect.signature(kubernetes.ProviderArgs.__init__).parameters
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: tke.HybridCluster("demo", hybrid(upsert_existing_objects=True)))
    assert [str(problem) for problem in caught.value.problems] == [
        f"upsert_existing_objects: True is no argument of pulumi-kubernetes {version('pulumi-kubernetes')};"
        " this version takes existing objects over without it; leave it out, or install pulumi-kubernetes"
        " 4.29 or later"
    ]


@pytest.mark.parametrize("wanted", [True, False, None])
def test_a_later_version_gets_the_argument_of_the_program(
    later_version: list[dict[str, Any]], wanted: bool | None
) -> None:
    run(lambda: tke.HybridCluster("demo", hybrid(upsert_existing_objects=wanted)))
    assert later_version == [{"name": "demo-kubernetes", "upsert_existing_objects": wanted}]
