"""Which workloads a Service or an Ingress sends to, by labels and names, looked up in tables: a plan may have thousands of both."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_tke_hybrid.tke.holders import holders
from pulumi_tke_hybrid.tke.known_annotations import On
from pulumi_tke_hybrid.tke.rules.fronts import front_of
from pulumi_tke_hybrid.tke.step import Step
from pulumi_tke_hybrid.tke.values import at, items, mapping

Label = tuple[str, str, Any]
"""Namespace, key and value."""


class Selection:
    """The Services, Ingresses and workloads of a plan, as they are before the apply."""

    def __init__(self, workloads: Iterable[Step], steps: Iterable[Step]) -> None:
        self._workloads: dict[Label, list[Step]] = {}
        for workload in workloads:
            for label in dict.fromkeys(label for labels in _labels(workload) for label in _of(workload, labels)):
                self._workloads.setdefault(label, []).append(workload)
        self._services: dict[Label, list[Step]] = {}
        self._named: dict[tuple[str, Any], list[Step]] = {}
        self._ingresses: dict[tuple[str, Any], list[Step]] = {}
        for step in steps:
            on = front_of(step)
            if on is On.INGRESS:
                for name in set(_service_names(at(step.old, "spec"))):
                    self._ingresses.setdefault((_namespace(step), name), []).append(step)
            elif on is On.SERVICE and step.old:
                self._named.setdefault((_namespace(step), at(step.old, "metadata", "name")), []).append(step)
                for label in _of(step, _selector(step))[:1]:
                    self._services.setdefault(label, []).append(step)

    def backends(self, front: Step) -> list[Step]:
        """The workloads whose pods the Service selects; for an Ingress those of the Services that its rules name."""
        if front_of(front) is not On.INGRESS:
            wanted = _of(front, _selector(front))
            nobody: list[Step] = []
            candidates = min((self._workloads.get(label, nobody) for label in wanted), key=len, default=nobody)
            return [one for one in candidates if _matches(one, wanted)]
        services = [one for name in set(_service_names(at(front.old, "spec"))) for one in self._named.get((_namespace(front), name), ())]
        return list({one.urn: one for service in services for one in self.backends(service)}.values())

    def fronts(self, workload: Step) -> list[Step]:
        """The Services that select the workload's pods, and the Ingresses that name one of these Services."""
        labels = dict.fromkeys(label for labels in _labels(workload) for label in _of(workload, labels))
        services = [one for label in labels for one in self._services.get(label, ()) if _matches(workload, _of(one, _selector(one)))]
        names = [(_namespace(one), at(one.old, "metadata", "name")) for one in services]
        return list({one.urn: one for one in (*services, *(one for name in names for one in self._ingresses.get(name, ())))}.values())


def _labels(workload: Step) -> list[Mapping[str, Any]]:
    return [mapping(at(holder.template, "metadata", "labels")) for holder in holders(workload.type, workload.old)]


def _selector(service: Step) -> Mapping[str, Any]:
    return mapping(at(service.old, "spec", "selector"))


def _of(step: Step, labels: Mapping[str, Any]) -> Sequence[Label]:
    return [(_namespace(step), key, value) for key, value in labels.items() if isinstance(value, str)]


def _matches(workload: Step, wanted: Sequence[Label]) -> bool:
    return any(set(wanted) <= set(_of(workload, labels)) for labels in _labels(workload))


def _namespace(step: Step) -> str:
    found = at(step.old, "metadata", "namespace")
    return found if isinstance(found, str) and found else "default"


def _service_names(value: object) -> Iterator[str]:
    """Names of the Services in an Ingress, of any API version."""
    for key, item in mapping(value).items():
        if key == "service" and isinstance(name := at(item, "name"), str):
            yield name
        elif key == "serviceName" and isinstance(item, str):
            yield item
        else:
            yield from _service_names(item)
    for item in items(value):
        yield from _service_names(item)
