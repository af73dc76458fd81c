"""Findings grouped by their causes: a rebuilt cluster, and below the cluster each resource that ends with the
cluster.

Follows the replaced and deleted resources of a plan; severity and text of the findings stay as they are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.plan.rules.cluster_rules import POD_NETWORK_OFF, POD_SUBNET_LEAVES
from pulumi_tke_hybrid.plan.rules.coverage import ADDRESSES_SHORT, PODS_FIT
from pulumi_tke_hybrid.plan.rules.workloads import WORKLOAD_DELETED
from pulumi_tke_hybrid.tke.names import ZONE_UNCOVERED
from pulumi_tke_hybrid.tke.objects import at, holds_unknown
from pulumi_tke_hybrid.tke.rule import Finding, Severity

_PART = re.compile(r'\["([^"]*)"\]|([^.\[\]]+)')
_LONGEST_CHAIN = 50
"""A chain of resources is short; a broken input could make a very long one."""


@dataclass(frozen=True)
class Cause:
    """Findings of one rule with the same effect in several places, and the findings that follow from them."""

    findings: tuple[Finding, ...]
    consequences: tuple[Finding, ...] = ()

    @property
    def first(self) -> Finding:
        """The finding whose effect and action stand for all findings of the cause."""
        return self.findings[0]

    @property
    def consequences_by_rule(self) -> list[list[Finding]]:
        """The consequences, those of one rule together."""
        grouped: dict[str, list[Finding]] = {}
        for finding in self.consequences:
            grouped.setdefault(finding.rule.id, []).append(finding)
        return list(grouped.values())


def causes(steps: Sequence[Step], findings: Sequence[Finding]) -> list[Cause]:
    """Return the causes, the strictest first. Each finding is in one cause; a finding with several causes is
    below the first."""
    origins = _Origins(steps, findings)
    below: dict[Finding, list[Finding]] = {}
    roots: list[Finding] = []
    for finding in sorted(dict.fromkeys(findings), key=_rank):
        root = origins.root(finding)
        if root is None:
            roots.append(finding)
        else:
            below.setdefault(root, []).append(finding)
    return [Cause(tuple(same), tuple(below.get(same[0], ()))) for same in _same_sentence(roots, below)]


def _strictness(finding: Finding) -> int:
    """Return 0 for the strictest severity."""
    return list(Severity).index(finding.severity)


def _rank(finding: Finding) -> tuple[int, bool]:
    """Return the order of a finding: the strictest first, and deleted workloads after lost addresses, because
    a workload can be created again."""
    return _strictness(finding), finding.rule.id == WORKLOAD_DELETED.id


def _same_sentence(roots: Sequence[Finding], below: dict[Finding, list[Finding]]) -> list[list[Finding]]:
    """Group findings without consequences that differ only in the change."""
    grouped: dict[object, list[Finding]] = {}
    for finding in roots:
        rest = (finding.rule.id, finding.severity, finding.why, finding.todo, finding.intended)
        key = finding if finding in below else rest
        grouped.setdefault(key, []).append(finding)
    return list(grouped.values())


class _Origins:
    """Finds the finding that another finding follows from."""

    def __init__(self, steps: Sequence[Step], findings: Sequence[Finding]) -> None:
        self._steps = {step.urn: step for step in steps}
        self._subnets = {
            step.id: step for step in steps if step.id and "availabilityZone" in {**step.old, **step.new}
        }
        self._heads: dict[str, Finding] = {}
        self._known: dict[str, list[Finding]] = {}
        losses = (POD_NETWORK_OFF.id, POD_SUBNET_LEAVES.id)
        self._losses = [finding for finding in findings if finding.rule.id in losses]
        self._unfit = [finding for finding in findings if finding.rule.id == PODS_FIT.id]
        for finding in sorted(findings, key=_strictness):
            step = self._steps.get(finding.urn)
            if step is not None and step.op.ends and finding.path == step.name:
                self._heads.setdefault(step.urn, finding)

    def root(self, finding: Finding) -> Finding | None:
        """Return the finding that this finding follows from; None where this finding is a cause."""
        if finding.rule.id == ADDRESSES_SHORT.id and len(self._unfit) == 1:
            unfit = self._unfit[0]  # only one cluster lacks addresses: its pods take those of its zones
            if _strictness(unfit) <= _strictness(finding):
                return unfit
        step = self._steps.get(finding.urn)
        if step is None:
            return None
        tops = self._lost_subnets(finding, step) or [
            top for urn in self._reasons(finding, step) for top in self._tops(urn, frozenset())
        ]
        strict = (top for top in tops if _strictness(top) <= _strictness(finding))
        return next((top for top in strict if top != finding), None)

    def _lost_subnets(self, finding: Finding, step: Step) -> list[Finding]:
        """Return the lost container subnets of a zone whose unchanged nodes then lack a container subnet."""
        if finding.rule.id != ZONE_UNCOVERED.id or step.op is not Op.SAME:
            return []
        return [loss for loss in self._losses if finding.value in self._zones_of(loss)]

    def _zones_of(self, loss: Finding) -> list[Any]:
        subnets = [self._subnets[name] for name in loss.value.split(", ") if name in self._subnets]
        return [at(subnet.old or subnet.new, "availabilityZone") for subnet in subnets]

    def _reasons(self, finding: Finding, step: Step) -> list[str]:
        """Return the URNs of the resources whose end causes the finding, perhaps its own resource."""
        if step.op is Op.DELETE or finding.path == step.name:
            return self._parents(step) or ([step.urn] if step.op is Op.DELETE else [])
        key = finding.path.removeprefix(f"{step.name}.").partition(".")[0]
        if step.op is Op.REPLACE and key in step.old:
            value = step.new.get(key)
            return [step.urn] if step.old[key] == value or holds_unknown(value) else []
        return self._replaced_sources(step, key) if step.op is Op.UPDATE else []

    def _tops(self, urn: str, below: frozenset[str]) -> list[Finding]:
        """Return the findings at the upper ends of the chains to a resource. `below` is the chain so far."""
        step = self._steps.get(urn)
        if step is None or urn in below or len(below) > _LONGEST_CHAIN:
            return []
        if urn not in self._known:
            above = [top for parent in self._parents(step) for top in self._tops(parent, below | {urn})]
            head = self._heads.get(urn)
            self._known[urn] = list(dict.fromkeys(above)) or ([head] if head else [])
        return self._known[urn]

    def _parents(self, step: Step) -> list[str]:
        """Return the resources whose end is the only reason for the end of this resource; none where the
        resource has another reason."""
        if step.op is Op.DELETE:
            return [urn for urns in step.sources.values() for urn in urns if self._has_op(urn, Op.DELETE)]
        if step.op is not Op.REPLACE or not step.replace_keys:
            return []
        found = [self._replaced_sources(step, key) for key in step.replace_keys]
        return [urn for urns in found for urn in urns] if all(found) and not self._own_change(step) else []

    def _replaced_sources(self, step: Step, key: str) -> list[str]:
        """Return the replaced resources that the new value of a property comes from."""
        parts = [quoted or plain for quoted, plain in _PART.findall(key)]
        urns = [
            urn for urn in step.sources.get(parts[0] if parts else "", ()) if self._has_op(urn, Op.REPLACE)
        ]
        value = at(step.new, *parts) if len(parts) > 1 else step.new.get(key)
        precise = len(parts) == 1 and not isinstance(value, dict)
        return urns if precise or holds_unknown(value) else []

    def _own_change(self, step: Step) -> bool:
        """Whether the program changes a fixed property to a value that comes from no other resource."""
        changed = resource_types.changed_keys(step.type, step.old, step.new, step.state)
        return any(
            not holds_unknown(at(step.new, *path.split("."))) and not self._replaced_sources(step, path)
            for path in changed
        )

    def _has_op(self, urn: str, op: Op) -> bool:
        step = self._steps.get(urn)
        return step is not None and step.op is op
