"""All that one run found, and its exit code."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from pulumi_tke_hybrid.capacity.estate import Estate
from pulumi_tke_hybrid.capacity.rows import Growth, Row, rows
from pulumi_tke_hybrid.console.text import several
from pulumi_tke_hybrid.tke.step import unknown


class ExitCode(IntEnum):
    """What the process says to a pipeline."""

    FITS = 0
    """Everything fits."""
    TIGHT = 1
    """It fits, and less than the asked reserve is left in a zone."""
    FULL = 2
    """A zone has too few addresses, or none at all, for its nodes or pods."""
    COULD_NOT_TELL = 3
    """A range, a pool's size or a node's type is not known."""
    USAGE = 64
    """The command was called wrongly."""


@dataclass(frozen=True)
class Outcome:
    """The result of one `capacity`."""

    after: Estate
    before: Estate | None = None
    growth: Growth | None = None
    reserve: int = 0
    """Per cent of each zone's addresses that must stay free."""

    @property
    def rows(self) -> list[Row]:
        """A row for each zone."""
        return rows(self.after, self.before, self.growth)

    def verdict(self, row: Row) -> ExitCode:
        """Of one zone."""
        if row.nodes and (not row.size or row.free < 0):
            return ExitCode.FULL
        if row.nodes and not row.types_known:
            return ExitCode.COULD_NOT_TELL
        if row.nodes and row.pods > row.pods_fit:
            return ExitCode.FULL
        return ExitCode.TIGHT if row.free * 100 < row.size * self.reserve else ExitCode.FITS

    @property
    def unsaid(self) -> Sequence[str]:
        """What could not be told, in words."""
        strange = [
            _unknown_type(nodes.instance_type, zone.name)
            for zone in self.after.zones
            for nodes in zone.nodes
            if self.after.limit(nodes) is None
        ]
        return [*self.after.unsaid, *dict.fromkeys(strange)]

    @property
    def exit_code(self) -> ExitCode:
        """The worst zone; what could not be told may hide a worse one than a tight zone."""
        codes = [*(self.verdict(row) for row in self.rows), *([ExitCode.COULD_NOT_TELL] if self.unsaid else [])]
        order = (ExitCode.FULL, ExitCode.COULD_NOT_TELL, ExitCode.TIGHT)
        return next((code for code in order if code in codes), ExitCode.FITS)

    def words(self, row: Row) -> str:
        """What a zone comes to."""
        if row.nodes and not row.size:
            return "no ENI subnet: no ENI pod can run here"
        if row.free < 0:
            return f"{-row.free} addresses are missing"
        if row.nodes and not row.types_known:
            return "the type of a node is not known"
        if row.nodes and row.pods > row.pods_fit:
            homeless = row.pods - row.pods_fit
            return f"{several(homeless, 'pod')} {'does' if homeless == 1 else 'do'} not fit"
        if self.verdict(row) is ExitCode.TIGHT:
            return f"less than {self.reserve} % free"
        if self.growth is None or row.periods is None:
            return "fits"
        return f"full in {row.periods} {self.growth.period}{'' if row.periods == 1 else 's'}" if row.periods else "full now"


def _unknown_type(instance_type: str, zone: str) -> str:
    """Why a node's ENIs are not known. How the engine writes a value that comes late is nothing to show."""
    if unknown(instance_type):
        return f"a node in {zone} has a type that is not known yet"
    return f"{instance_type or 'a node without type'} in {zone} is not in the table of ENI limits"
