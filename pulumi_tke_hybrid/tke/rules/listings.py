"""Which cluster of a plan lists which pod subnets, and which cluster a resource belongs to.

A cluster goes by its URN where the plan has it, else by its id. One that nobody can tell has no name.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass

from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.step import Op, Plan, Step
from pulumi_tke_hybrid.tke.values import texts, unknown

UNTOLD = ""
"""The name of a cluster that nobody can tell."""


class Clusters:
    """Tells the cluster of a node pool, a switch, or of what waits for one."""

    def __init__(self, plan: Plan) -> None:
        self._steps = {step.urn: step for step in plan.steps}
        self._urns = {step.id: step.urn for step in plan.of(tokens.CLUSTER) if step.id}
        self._all_ids_known = all(step.id for step in plan.of(tokens.CLUSTER))

    def of(self, step: Step) -> str:
        """The cluster that the resource belongs to."""
        found: set[str] = set()
        waiting, seen = [step], {step.urn}
        while waiting:
            one = waiting.pop()
            named = one.urn if one.type == tokens.CLUSTER else self._urns.get(_cluster_id(one))
            if named:
                found.add(named)
            else:
                sources = [self._steps[urn] for urn in one.sources.get("clusterId", ()) if urn in self._steps and urn not in seen]
                seen.update(source.urn for source in sources)
                waiting += sources
        # An id that is no cluster's here is another stack's, unless one's own id is not known: a policy without the last state has none.
        elsewhere = _cluster_id(step) if self._all_ids_known and not found else UNTOLD
        return found.pop() if len(found) == 1 else elsewhere


def _cluster_id(step: Step) -> str:
    given = (step.new or step.old).get("clusterId")
    return given if isinstance(given, str) and not unknown(given) else UNTOLD


@dataclass(frozen=True)
class Listing:
    """What a cluster or its switch will list."""

    cluster: str
    ids: Set[str]
    urns: Set[str]
    """Of the resources that its ids come from."""
    lost: Set[str]
    """Ids that it listed before."""
    lists_some: bool
    """Whether it lists a pod subnet, known or not."""

    def has(self, subnet: Step) -> bool:
        """Whether the subnet is listed. A list that is computed from several subnets may hold fewer of them than it comes from."""
        return subnet.id in self.ids or (subnet.urn in self.urns and subnet.id not in self.lost)


def listings(plan: Plan, clusters: Clusters) -> Iterator[Listing]:
    """One for each cluster and each switch of the plan."""
    for step in plan.of(tokens.CLUSTER, tokens.SWITCH):
        key = "eniSubnetIds" if step.type == tokens.CLUSTER else "subnets"
        before = texts(step.old.get(key))
        after = before if unknown(step.new.get(key)) else texts(step.new.get(key))  # a list that is still to come has lost nothing
        stays = step.op is not Op.DELETE
        yield Listing(
            cluster=clusters.of(step),
            ids=frozenset(after if stays else ()),
            urns=frozenset(step.sources.get(key, ()) if stays else ()),
            lost=frozenset(set(before) - set(after) if step.new and not any(unknown(item) for item in after) else ()),
            lists_some=stays and (bool(after) or unknown(step.new.get(key))),
        )
