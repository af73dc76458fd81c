"""A program of `benchmarks/programs` in several shapes, measured on the lab."""

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_tke_hybrid.tke.objects import mapping
from tests.engine.stacks import PROGRAMS, configure
from tests.lab.lab import Lab
from tests.lab.pulumi_cli import PulumiProject

FOLDER = Path(__file__).parent / "programs"
ZONES = ["ap-guangzhou-4", "ap-guangzhou-6"]
CLUSTER = {"zones": ZONES, "workload": "false", "instanceType": "S5.4XLARGE64", "size": 3, "pods": 256}
"""Six nodes with 203 container subnet addresses each: 500 workloads of two pods fit."""
WITHOUT_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
TIMEOUT = 3600.0
CPU = "-cpu"
"""Suffix of the CPU seconds, in user mode, of the program of a preview. They are steadier than its time."""
OF_AN_UP = frozenset({"second-preview", "second-preview" + CPU, "state", "resources"})
"""Figures that need an `up`, with or without checkpoints."""
Figures = dict[str, float]


class NotMeasured(Exception):
    """A figure could not be measured, or does not compare the same objects."""


@dataclass(frozen=True)
class Program:
    """A program in several shapes."""

    lab: Lab
    folder: str
    shapes: tuple[str, ...]
    environment: Mapping[str, str]
    prefix: str = ""
    """Beginning of the names of the resources that the row `resources` counts."""

    def stack(self, shape: str, size: int) -> PulumiProject:
        """Return a fresh stack of a copy of the program."""
        folder = self.lab.directory / f"program-{time.monotonic_ns()}"
        shutil.copytree(FOLDER / self.folder, folder)
        given = {
            "BENCHMARK_SHAPE": shape,
            "BENCHMARK_WORKLOADS": str(size),
            "BENCHMARK_CPU_FILE": str(folder / "cpu"),
        }
        project = self.lab.project(folder, {**self.environment, **given})
        project.stack_init("benchmark")
        return project

    def compare_objects(self) -> None:
        """Raise `NotMeasured` unless the Kubernetes objects of all shapes have the same inputs."""
        found = {shape: objects(self.stack(shape, 2)) for shape in self.shapes}
        first, *others = self.shapes
        for shape in others:
            difference = next(differences("", found[first], found[shape]), None)
            if difference:
                raise NotMeasured(f"{first} and {shape} make different objects: {difference}")

    def measure(self, shape: str, size: int, wanted: frozenset[str]) -> Figures:
        """Return the wanted figures, each measured once, of a stack that exists only meanwhile."""
        project, found = self.stack(shape, size), Figures()
        if wanted & {"first-preview", "first-preview" + CPU}:
            found |= _preview(project, "first-preview")
        with_checkpoints = bool(wanted & {"up", "destroy"})
        rest = wanted & OF_AN_UP
        if with_checkpoints:
            found["up"] = _seconds(lambda: project.up(timeout=TIMEOUT))
            found |= self._of_an_up(project, size, rest)
            found["destroy"] = _seconds(lambda: project.destroy(timeout=TIMEOUT))
            rest = frozenset[str]()
        if "up-without-checkpoints" in wanted or rest:
            project.change_environment(WITHOUT_CHECKPOINTS)
            found["up-without-checkpoints"] = _seconds(lambda: project.up(timeout=TIMEOUT))
            found |= self._of_an_up(project, size, rest)
            project.destroy(timeout=TIMEOUT)
        return {key: figure for key, figure in found.items() if key in wanted}

    def _of_an_up(self, project: PulumiProject, size: int, wanted: frozenset[str]) -> Figures:
        found = Figures()
        if wanted & {"second-preview", "second-preview" + CPU}:
            found |= _preview(project, "second-preview", "--expect-no-changes")
        if wanted & {"state", "resources"}:
            path = project.state_file()
            checkpoint = json.loads(path.read_text())["checkpoint"]["latest"]
            names = [resource["urn"].rsplit("::", 1)[1] for resource in checkpoint["resources"]]
            found["state"] = path.stat().st_size
            found["resources"] = sum(name.startswith(self.prefix) for name in names) / size
        return found


@contextlib.contextmanager
def workloads() -> Generator[Program]:
    """Yield the program of many workloads, with a cluster in a lab of its own."""
    with Lab.started() as lab:
        folder = lab.directory / "cluster"
        shutil.copytree(PROGRAMS / "zones", folder)
        cluster = lab.project(folder, WITHOUT_CHECKPOINTS)
        cluster.stack_init("benchmark")
        configure(cluster, CLUSTER)
        cluster.up()
        cluster_id = str(cluster.outputs()["clusterId"])
        subnets = lab.state()["subnets"].items()
        environment = {
            "LAB_KUBECONFIG": lab.kubeconfig(cluster_id),
            "BENCHMARK_CLUSTER": cluster_id,
            "BENCHMARK_SUBNET": next(name for name, item in subnets if item["name"] == f"nodes-{ZONES[0]}"),
        }
        yield Program(lab, "workloads", ("raw", "bare", "components"), environment, "web-")


@contextlib.contextmanager
def cluster() -> Generator[Program]:
    """Yield the program of a cluster, in a lab of its own."""
    with Lab.started() as lab:
        yield Program(lab, "cluster", ("raw", "components"), WITHOUT_CHECKPOINTS)


def objects(project: PulumiProject) -> dict[str, Any]:
    """Return the inputs of the Kubernetes objects in a preview, by type and name."""
    steps = json.loads(project.run("preview", "--json").stdout)["steps"]
    states = [step["newState"] for step in steps if step["newState"]["type"].startswith("kubernetes:")]
    if not states:
        raise NotMeasured("the preview has no Kubernetes object")
    return {f"{state['type']} {state['urn'].rsplit('::', 1)[1]}": state["inputs"] for state in states}


def differences(path: str, one: Any, other: Any) -> Iterator[str]:
    """Yield the places where two JSON values differ."""
    left, right = mapping(one), mapping(other)
    if left and right:
        for key in sorted(left.keys() | right.keys()):
            yield from differences(f"{path}/{key}", left.get(key), right.get(key))
    elif one != other:
        yield f"{path} is {json.dumps(one)} or {json.dumps(other)}"


def _preview(project: PulumiProject, row: str, *arguments: str) -> Figures:
    cpu_file = project.root / "cpu"
    cpu_file.unlink(missing_ok=True)
    seconds = _seconds(lambda: project.preview(*arguments, timeout=TIMEOUT))
    return {row: seconds, row + CPU: float(cpu_file.read_text())}


def _seconds(run: Callable[[], object]) -> float:
    begin = time.monotonic()
    run()
    return time.monotonic() - begin
