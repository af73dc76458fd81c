"""All that one run found, and its exit code."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from pulumi_tke_hybrid.capacity.rows import Growth, Row, rows
from pulumi_tke_hybrid.console.exit_code import ExitCode, FailOn
from pulumi_tke_hybrid.console.text import several
from pulumi_tke_hybrid.tke.cluster import ClusterInventory
from pulumi_tke_hybrid.tke.values import unknown


class Fit(Enum):
    """What a zone comes to, the worst first."""

    FULL = "full"
    """The zone has too few addresses, or none at all, for its nodes or pods."""
    COULD_NOT_TELL = "could not tell"
    """The type of a node is not known."""
    TIGHT = "tight"
    """Everything fits, and less than `--reserve` is left."""
    FILLS_UP = "fills up"
    """Everything fits, and not even one further period of `--growth` does."""
    FITS = "fits"


@dataclass(frozen=True)
class Outcome:
    """The result of one `capacity`."""

    after: ClusterInventory
    before: ClusterInventory | None = None
    growth: Growth | None = None
    reserve: int = 0
    """Per cent of each zone's addresses that must stay free."""
    fail_on: FailOn = FailOn.ERROR

    @cached_property
    def rows(self) -> list[Row]:
        """A row for each zone."""
        return rows(self.after, self.before, self.growth)

    def verdict(self, row: Row) -> Fit:
        """Of one zone."""
        if row.most_nodes and not row.subnets:
            return Fit.FULL
        if row.lacking or (row.ranges_known and row.free < 0):
            return Fit.FULL
        if row.uncertain or not row.ranges_known or (row.most_nodes and not row.types_known):
            return Fit.COULD_NOT_TELL
        if row.free * 100 < row.size * self.reserve:
            return Fit.TIGHT
        return Fit.FILLS_UP if self.growth and row.periods == 0 else Fit.FITS

    @property
    def unsaid(self) -> Sequence[str]:
        """What could not be told, in words."""
        strange = [
            _unknown_type(nodes.instance_type, zone.name)
            for zone in self.after.zones
            for nodes in zone.nodes
            if nodes.greatest and self.after.limit(nodes) is None
        ]
        kubelet = self.after.pods_per_node is None and any(row.uncertain and row.types_known for row in self.rows)
        unread = f"cluster_max_pod_num of {self.after.cluster}, which bounds the pods of a node, is not known"
        return [*self.after.unknowns, *dict.fromkeys(strange)] or ([unread] if kubelet else [])

    @property
    def exit_code(self) -> ExitCode:
        """The worst zone. Less than the reserve is not fine: `--reserve` asks for that."""
        found = {self.verdict(row) for row in self.rows}
        if found & {Fit.FULL, Fit.TIGHT} or (Fit.FILLS_UP in found and self.fail_on.warnings_count):
            return ExitCode.NOT_FINE
        return ExitCode.COULD_NOT_TELL if self.unsaid or Fit.COULD_NOT_TELL in found else ExitCode.FINE

    def words(self, row: Row) -> str:
        """What a zone comes to."""
        if not row.subnets and (row.most_nodes or row.lacking):
            return "no ENI subnet: no ENI pod can run here"
        if row.ranges_known and row.free < 0:
            return f"{-row.free} addresses are missing"
        if row.lacking:
            return f"{several(row.lacking, 'pod')} {'does' if row.lacking == 1 else 'do'} not fit"
        if not row.ranges_known:
            return "the range of a subnet is not known"
        if row.most_nodes and not row.types_known:
            return "the type of a node is not known"
        if row.uncertain:
            return "not certain that all pods fit"
        if self.verdict(row) is Fit.TIGHT:
            return f"less than {self.reserve} % free"
        if self.growth is None or row.periods is None:
            return "fits" if row.pods <= row.pods_fit else "fits when the autoscaler has made more nodes"
        return f"full in {row.periods} {self.growth.period}{'' if row.periods == 1 else 's'}" if row.periods else "full now"


def _unknown_type(instance_type: str, zone: str) -> str:
    """Why a node's ENIs are not known. How the engine writes a value that comes late is nothing to show."""
    if unknown(instance_type):
        return f"a node in {zone} has a type that is not known yet"
    return f"{instance_type or 'a node without type'} in {zone} is not in the table of ENI limits"
