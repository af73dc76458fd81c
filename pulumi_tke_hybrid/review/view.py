"""The content of a review as plain text: sentences, and the rows and columns of its tables.

Nothing here is escaped or shortened; the writers in `markdown_report` and `report` do that for every text.
A column of a table is added here alone: all writers read the columns of `zones` and `changes`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from pulumi_tke_hybrid.cli.process import several
from pulumi_tke_hybrid.cli.result import Column, Row
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.index import UNKNOWN_CLUSTER, Clusters
from pulumi_tke_hybrid.plan.model import Op, Plan, Step
from pulumi_tke_hybrid.plan.rules.cluster_rules import PHANTOM_HYBRID, POD_NETWORK_OFF
from pulumi_tke_hybrid.plan.rules.coverage import HEADROOM
from pulumi_tke_hybrid.plan.zone_changes import ZoneChange
from pulumi_tke_hybrid.review.grouping import Group, changes_in
from pulumi_tke_hybrid.review.redaction import Redactor, shown_errors
from pulumi_tke_hybrid.review.review import JudgedCause, Review, ReviewVerdict, StackReview
from pulumi_tke_hybrid.tke.rule import Severity


def headline(review: Review) -> str:
    """Return the counts of dangers, warnings and changes. A danger with its consequences counts once."""
    if review.verdict is ReviewVerdict.CLEAN:
        return "nothing changes"
    dangers = [item for item in review.causes if item.severity is Severity.ERROR]
    parts = [
        _counted([item for item in dangers if item.blocks], "danger"),
        _counted([item for item in dangers if item.accepted], "accepted danger"),
        _counted([item for item in review.causes if item.severity is Severity.WARNING], "warning"),
        _counts_text(review),
    ]
    return "; ".join(part for part in parts if part)


def _counted(causes: Sequence[JudgedCause], noun: str) -> str:
    if not causes:
        return ""
    consequences = sum(len(item.cause.consequences) for item in causes)
    more = f" with {several(consequences, 'consequence')}" if consequences else ""
    return several(len(causes), noun) + more


def _counts_text(review: Review) -> str:
    """Return the counts of changes, replacements apart."""
    counts = review.counts
    state_only, unknown = counts[Op.IMPORT] + counts[Op.LEAVE], counts[Op.OTHER]
    parts = [f"{counts[Op.CREATE]} add", f"{counts[Op.UPDATE]} update"]
    parts += [f"{counts[Op.REPLACE]} replace", f"{counts[Op.DELETE]} delete"]
    parts += [f"{state_only} in the stack's state only"] if state_only else []
    parts += [f"{unknown} unknown"] if unknown else []
    folded = f", {review.noise} without effect, folded" if review.noise else ""
    return f"{several(changes_in(counts), 'change')} ({', '.join(parts)}){folded}"


def troubles(review: Review) -> list[str]:
    """Return the reasons why a stack's preview is not whole."""
    found: list[str] = []
    for stack in review.stacks:
        if stack.plan.unreadable:
            found.append(f"{stack.name}: no whole preview could be read: {stack.plan.unreadable}")
        if stack.plan.failed:
            count = len(stack.plan.failures)
            silent = any(not shown_errors(failure) for failure in stack.plan.failures)
            where = f"; {'its' if count == 1 else 'their'} text is in the job's log" if silent else ""
            found.append(f"{stack.name}: the preview failed with {several(count, 'error')}{where}")
    return found


def errors(review: Review) -> list[str]:
    """Return the lines of all errors that may be shown."""
    return [
        line for stack in review.stacks for failure in stack.plan.failures for line in shown_errors(failure)
    ]


def void(review: Review) -> list[str]:
    """Return a line for each acceptance that accepts nothing."""
    return [
        f"{item.by} accepts nothing here: it is the code of another change set, or no code"
        for item in review.void
    ]


def stopped(review: Review) -> list[str]:
    """Return the reason why the pipeline stops though nothing is dangerous."""
    stops = review.stopped_by and review.verdict is not ReviewVerdict.DANGEROUS
    return [f"--fail-on {review.fail_on.value} stops at {review.stopped_by}"] if stops else []


def changed_steps(review: Review) -> list[Step]:
    """Return the steps whose properties are listed."""
    return [
        step
        for stack in review.stacks
        for group in stack.grouping.groups
        for step in group.steps
        if step.op in (Op.UPDATE, Op.REPLACE, Op.OTHER)
    ]


def unknowns(review: Review) -> list[str]:
    """Return a line for each fact that the previews do not hold."""
    found: list[str] = []
    for stack in review.stacks:
        plan, start = stack.plan, f"{stack.plan.stack}: " if len(review.stacks) > 1 else ""
        found += [f"{start}{gap}" for gap in plan.gaps]
        if plan.unknown_operations:
            names = ", ".join(sorted(plan.unknown_operations))
            found.append(f"{start}the meaning of {names}: unknown operations count as changes")
        if plan.unknowns:
            count = several(plan.unknowns, "resource")
            found.append(f"{start}values of {count} that are known only after `up`")
        if any(zone.covered and zone.free is None for zone in stack.zones):
            found.append(f"{start}free addresses of some container subnets")
    return found


def refresh_text(review: Review) -> str:
    """Return whether the state was refreshed from the cloud, as far as the preview shows."""
    refreshed = {stack.plan.refreshed for stack in review.stacks}
    return (
        "refreshed" if refreshed == {True} else "not refreshed" if refreshed == {False} else "refresh unknown"
    )


def tools(review: Review) -> list[str]:
    """Return the names and versions of the programs that made the preview."""
    found = dict(review.origin.tools)
    for stack in review.stacks:
        found.update(stack.plan.versions)
    return [f"{name} {version}" for name, version in sorted(found.items())]


@dataclass(frozen=True)
class ReviewColumn(Column[Row]):
    """A column of a review's table; a column without `text` is in the JSON alone."""

    markdown: Callable[[Redactor, Row], str] | None = None
    """The cell in Markdown; None: the text, escaped."""


@dataclass(frozen=True)
class ReviewTable(Generic[Row]):
    """The rows of a table with their columns."""

    columns: Sequence[ReviewColumn[Row]]
    rows: Sequence[Row]

    @property
    def shown_columns(self) -> list[ReviewColumn[Row]]:
        """The columns for people."""
        return [column for column in self.columns if column.text is not None]


@dataclass(frozen=True)
class ZoneRow:
    """One zone of the table of zones."""

    zone: ZoneChange
    whole: bool
    """Whether the preview came to its end; else node pools may be missing."""
    cluster_verdict: str = ""
    """The verdict where the zone's cluster or pod network ends; empty where both stay."""
    unused: str = ""
    """New subnets that may be meant for pods."""

    @property
    def subnets(self) -> str:
        """The container subnets of the zone."""
        marks = {Op.CREATE: " (new)", Op.DELETE: " (leaves)", Op.REPLACE: " (replaced)"}
        shown = (f"{each.subnet.cidr or each.name}{marks.get(each.op, '')}" for each in self.zone.subnets)
        return ", ".join(shown) or f"none{self.unused}"

    @property
    def free(self) -> str:
        """Free addresses before and after. A new subnet has none before; a zone without subnets has none."""
        if not self.zone.covered:
            return "-"
        now = [each.subnet.free for each in self.zone.subnets if each.op is not Op.CREATE]
        before = "?" if None in now else str(sum(count or 0 for count in now))
        left = self.zone.free_after
        return _change(before, "?" if left is None else str(max(left, 0)))

    @property
    def nodes(self) -> str:
        """The number of nodes before and after."""
        if not self.whole:
            return "?"
        zone = self.zone
        marks = {"shared out": zone.nodes_worked_out, "and more": zone.nodes_unknown}
        shown = ", ".join(mark for mark, holds in marks.items() if holds)
        return _change(str(zone.nodes_before), str(zone.nodes_after)) + (f" ({shown})" if shown else "")

    @property
    def verdict(self) -> str:
        """Whether pods with addresses of container subnets can run in the zone after the change."""
        found = self.cluster_verdict or _zone_verdict(self.zone)
        known = self.whole or (found.startswith("⛔") and "node" not in found)
        return found if known else "not known"


_ZONE_COLUMNS: Sequence[ReviewColumn[ZoneRow]] = (
    ReviewColumn(
        "zone",
        "zone",
        lambda row: row.zone.name,
        lambda row: row.zone.name,
        markdown=lambda redactor, row: redactor.code(row.zone.name),
    ),
    ReviewColumn(
        "container subnets",
        "subnets",
        lambda row: [each.subnet.cidr or each.name for each in row.zone.subnets],
        lambda row: row.subnets,
    ),
    ReviewColumn(
        "free addresses: as last read → after, estimated",
        "free",
        lambda row: row.zone.free,
        lambda row: row.free,
    ),
    ReviewColumn("", "freeAfter", lambda row: row.zone.free_after),
    ReviewColumn("nodes", "nodes", lambda row: row.zone.nodes_after, lambda row: row.nodes),
    ReviewColumn(
        "",
        "covered",
        lambda row: row.zone.covered and not any(row.zone.uncovered_pools()),
        lambda row: row.verdict,
    ),
)
_CHANGE_COLUMNS: Sequence[ReviewColumn[Group]] = (
    ReviewColumn("", "sign", lambda row: row.sign, lambda row: row.sign, markdown=lambda _, row: row.sign),
    ReviewColumn(
        "what",
        "name",
        lambda row: row.name,
        lambda row: f"{row.name} {row.kind}",
        markdown=lambda redactor, row: f"{redactor.code(row.name)} {redactor.prose(row.kind, 60)}",
    ),
    ReviewColumn("", "type", lambda row: row.kind),
    ReviewColumn("how", "what", lambda row: row.summary, lambda row: row.summary),
)


def changes(stack: StackReview) -> ReviewTable[Group]:
    """Return the table of changes: a row for each component, or resource without component."""
    return ReviewTable(_CHANGE_COLUMNS, stack.grouping.groups)


def zones(stack: StackReview) -> ReviewTable[ZoneRow]:
    """Return the table of zones."""
    verdicts = _cluster_verdicts(stack)
    only = len({step.urn for step in stack.plan.steps if step.type == resource_types.CLUSTER}) < 2
    overlay = "" if any(zone.subnets for zone in stack.zones) else "GlobalRouter only"
    unused = unused_subnets(stack.plan.steps)
    judged = [(zone, _cluster_verdict(zone, verdicts, only) or overlay) for zone in stack.zones]
    rows = [ZoneRow(zone, stack.plan.whole, verdict, _unused(zone, unused)) for zone, verdict in judged]
    return ReviewTable(_ZONE_COLUMNS, rows)


def unused_subnets(steps: Sequence[Step]) -> list[Step]:
    """Return the new subnets whose id no resource of the program takes."""
    used = {urn for step in steps for urns in step.sources.values() for urn in urns}
    return [
        step
        for step in steps
        if step.type == resource_types.SUBNET and step.op is Op.CREATE and step.urn not in used
    ]


_ENDED_CLUSTER = {Op.REPLACE: "⛔ its cluster is rebuilt", Op.DELETE: "⛔ its cluster is deleted"}
_MISSING_NETWORK = {
    POD_NETWORK_OFF.id: "⛔ the pod network is switched off",
    PHANTOM_HYBRID.id: "⛔ the pod network is not switched on",
}


def _unused(zone: ZoneChange, subnets: Sequence[Step]) -> str:
    """Return the unused new subnets of a zone, which may be meant for pods and are not registered."""
    found = [step for step in subnets if step.new.get("availabilityZone") == zone.name]
    blocks = ", ".join(str(step.new.get("cidrBlock") or step.name) for step in found)
    return f"; {blocks} (new) is not registered for pods" if blocks else ""


def _cluster_verdicts(stack: StackReview) -> dict[str, str]:
    """Return the verdict on each cluster that ends or loses its pod network, by the cluster's URN or id."""
    plan = Plan(stack.plan.steps)
    clusters, steps = Clusters(plan), {step.urn: step for step in plan.steps}
    found: dict[str, str] = {}
    for item in stack.causes:
        for finding in (*item.cause.findings, *item.cause.consequences):
            if finding.urn in steps and finding.rule.id in _MISSING_NETWORK:
                found[clusters.of(steps[finding.urn])] = _MISSING_NETWORK[finding.rule.id]
    for step in plan.of(resource_types.CLUSTER):
        if step.op in _ENDED_CLUSTER:
            found[step.urn] = _ENDED_CLUSTER[step.op]
    return found


def _cluster_verdict(zone: ZoneChange, verdicts: Mapping[str, str], only: bool) -> str:
    """Return the verdict on the zone's cluster, or on any cluster where the plan does not name the zone's."""
    clusters = set(zone.pools).union(*(subnet.clusters for subnet in zone.subnets))
    if only or not clusters or UNKNOWN_CLUSTER in clusters or UNKNOWN_CLUSTER in verdicts:
        return next(iter(verdicts.values()), "")
    return next((verdicts[cluster] for cluster in sorted(clusters) if cluster in verdicts), "")


def _change(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _zone_verdict(zone: ZoneChange) -> str:
    if not zone.covered and not zone.pools:
        return "its cluster lists no container subnets" if zone.unlisted else "no nodes"
    if not zone.covered and not zone.subnets and all(pools.checked for pools in zone.pools.values()):
        return "GlobalRouter only"
    if not zone.covered or any(zone.uncovered_pools()):
        return "⛔ nodes without container subnet"
    if any(subnet.op in (Op.DELETE, Op.REPLACE) for subnet in zone.subnets):
        return "⛔ a container subnet leaves"
    after = zone.free_after
    if after is not None and zone.taken and after < zone.size * HEADROOM:
        return "⚠ too few addresses" if after < 0 else "⚠ short of addresses"
    rebuilt = [pool.op is Op.REPLACE for pools in zone.pools.values() for pool in pools.steps]
    if any(rebuilt):
        return "⚠ its nodes are rebuilt" if all(rebuilt) else "⚠ some of its nodes are rebuilt"
    if not zone.pools and not zone.unlisted:
        return "⚠ no nodes left" if zone.nodes_before else "ok, no nodes here"
    return "ok"
