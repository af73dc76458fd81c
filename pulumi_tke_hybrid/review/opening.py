"""The two sentences that open a review: the effect if the change is merged, and what to check before.

Answers with `CHECKS` for the first finding; without findings with what is new or restarted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_tke_hybrid.cli.process import listed, several
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.kubernetes_objects import (
    existing_balancer,
    holders,
    internal_subnet,
    is_load_balancer_source,
)
from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.plan.nodes_of_pools import pool_nodes
from pulumi_tke_hybrid.plan.rules.not_judged import NOT_JUDGED
from pulumi_tke_hybrid.plan.rules.workloads import BALANCER_REPLACED
from pulumi_tke_hybrid.review import view
from pulumi_tke_hybrid.review.affected import NOT_IN_PREVIEW
from pulumi_tke_hybrid.review.grouping import changes_in, pods_text, short_type
from pulumi_tke_hybrid.review.review import JudgedCause, Review, ReviewVerdict
from pulumi_tke_hybrid.tke.objects import Props, unknown
from pulumi_tke_hybrid.tke.rule import Finding, Severity

NO_EFFECT = "No effect on the network found"
_FEW = 3
"""Changes and new resources that a sentence about another finding names."""
_MOST_EFFECTS = 12
_UNUSED = " (no resource of the preview uses this subnet)"
_SIZED_POOLS = (resource_types.NODE_POOL, resource_types.NATIVE_NODE_POOL)


def opening(review: Review) -> list[tuple[str, str]]:
    """Return (title, sentence) of each line: `If merged` and `Check`; no title where no effect was found."""
    if review.verdict is ReviewVerdict.COULD_NOT_TELL:
        return _sentences(
            "not known: no whole preview could be read, so this comment shows no effect or only a part of"
            " it.",
            "do not merge on this comment; run the preview again and read the job's log.",
        )
    judged = [
        item
        for item in review.causes
        if item.severity is not Severity.NOTE and item.cause.first.rule.id != NOT_JUDGED.id
    ]
    if any(stack.plan.failed for stack in review.stacks):
        return _failed(review, judged)
    return _found(review, judged) if judged else _nothing_found(review)


def _sentences(merged: str, check: str) -> list[tuple[str, str]]:
    return [("If merged", merged), ("Check", check)]


def _failed(review: Review, judged: Sequence[JudgedCause]) -> list[tuple[str, str]]:
    merged = (
        "nothing is applied: the next update stops at the same error in its own preview, before it changes"
        " anything."
    )
    if judged:
        merged += f" The following holds once the error is fixed. {_merged(review, judged)}"
    return _sentences(
        merged, "send the change back to its author: the error must be fixed and a new preview made."
    )


def _found(review: Review, judged: Sequence[JudgedCause]) -> list[tuple[str, str]]:
    first = judged[0].cause.first
    rule = BALANCER_REPLACED.id if first.path.endswith(".spec.type") else first.rule.id
    question = CHECKS.get(rule) or f"is this intended? If not: {first.todo}"
    affected = review.affected(judged[0])
    if NOT_IN_PREVIEW in affected:
        question += f" {affected[0].upper()}{affected[1:]}"
    accepted = " The danger is accepted already." if judged[0].accepted else ""
    return _sentences(_merged(review, judged), f"{question}{'' if question.endswith('?') else '.'}{accepted}")


def _merged(review: Review, judged: Sequence[JudgedCause]) -> str:
    first, rest = judged[0], judged[1:]
    dangers = sum(item.severity is Severity.ERROR for item in rest)
    more = {"more danger": dangers, "more warning": len(rest) - dangers}
    also = " and ".join(several(count, noun) for noun, count in more.items() if count)
    affected = review.affected(first)
    effect = first.cause.first.why.partition("; ")[0]
    known = f" Affected: {affected}." if affected and NOT_IN_PREVIEW not in affected else ""
    only_new = changes_in(review.counts) == review.counts[Op.CREATE]
    added = _added_effects(review.steps)
    news = _news(added) if only_new or first.severity is not Severity.ERROR or len(added) <= _FEW else ""
    start = f"{_all_deleted(review)}{_new_zones(review)}{_change(review, first)}."
    below = f" And {also}, below." if also else ""
    return f"{start} {effect[:1].upper()}{effect[1:]}.{known}{news}{below}"


def _change(review: Review, item: JudgedCause) -> str:
    """Return the change with its places: `Deployment web, StatefulSet db: …`; each place with its own change
    where the changes differ."""
    findings = item.cause.findings
    if len({finding.head for finding in findings}) == 1:
        places = listed(findings, _FEW, lambda finding: _named(review, item.stack, finding))
        return f"{places}: {findings[0].head}"
    each = [f"{_named(review, item.stack, finding)}: {finding.head}" for finding in findings[:_FEW]]
    return "; ".join([*each, *([f"and {len(findings) - _FEW} more"] if len(findings) > _FEW else [])])


def _new_zones(review: Review) -> str:
    """Return a sentence on zones that get their first subnets and nodes while other zones have nodes."""
    zones = [zone for stack in review.stacks for zone in stack.zones]
    new = [
        zone.name
        for zone in zones
        if zone.nodes_after and not zone.nodes_before and all(net.op is Op.CREATE for net in zone.subnets)
    ]
    if not new or not any(zone.nodes_before for zone in zones):
        return ""
    return f"{'Zones' if len(new) > 1 else 'Zone'} {', '.join(new)} {'are' if len(new) > 1 else 'is'} added. "


def _all_deleted(review: Review) -> str:
    """Return the first sentence for a review with deletions alone that include a network or a cluster."""
    counts = review.counts
    gone = [step for step in review.steps if step.op is Op.DELETE]
    wide = [step for step in gone if step.type in (resource_types.VPC, resource_types.CLUSTER)]
    kept = any(counts[op] for op in Op if op not in (Op.DELETE, Op.IMPORT, Op.LEAVE))
    if not wide or kept:
        return ""
    pools = sum(step.type in resource_types.POOLS for step in gone)
    subnets = sum(step.type == resource_types.SUBNET for step in gone)
    parts = [*(f"{short_type(step)} {step.name}" for step in wide)]
    parts += [several(pools, "node pool")] if pools else []
    parts += [several(subnets, "subnet")] if subnets else []
    return (
        f"Everything that this preview shows is deleted: {', '.join(parts)},"
        f" {several(counts[Op.DELETE], 'resource')} in all. "
    )


def _named(review: Review, stack: str, finding: Finding) -> str:
    """Return type and name of the finding's resource, as `Cluster prod`; the path where the finding is about
    several resources."""
    step = next((step for step in review.steps if finding.urn and step.urn == finding.urn), None)
    name = f"{short_type(step)} {step.name}" if step else finding.path
    return f"{stack}: {name}" if len(review.stacks) > 1 else name


def _nothing_found(review: Review) -> list[tuple[str, str]]:
    """Return the sentences of a review without findings: what is new, restarts, or was not judged."""
    added, restarted = _added_effects(review.steps), _restarted_effects(review.steps)
    unjudged = [item for item in review.causes if item.cause.first.rule.id == NOT_JUDGED.id]
    names = listed(
        [review.place(item.stack, finding) for item in unjudged for finding in item.cause.findings]
    )
    unnamed = sorted({op for stack in review.stacks for op in stack.plan.unknown_operations})
    if unnamed:
        names += f"{', ' if names else ''}unknown operations: {listed(unnamed)}"
    count = sum(len(item.cause.findings) for item in unjudged) + len(unnamed)
    also = f" A rolling update replaces {', '.join(restarted)}, one after another." if restarted else ""
    if count:
        return _sentences(
            f"{NO_EFFECT.lower()} in what was judged; not judged: {count} ({names}).{_news(added)}{also}",
            "the effect of the parts that were not judged on addresses and load balancers; ask their author.",
        )
    if added:
        unused = (
            " Subnets that no resource uses have no effect until a later change registers them as container"
            " subnets of the cluster."
            if view.unused_subnets(review.steps)
            else ""
        )
        return _sentences(
            f"{', '.join(added)}. Nothing that exists loses its network or its address.{also}",
            f"is everything new here as planned (ranges, nodes, load balancers, pods)?{unused}",
        )
    return [("", f"{NO_EFFECT}.{also}")]


def _news(added: Sequence[str]) -> str:
    return f" In this change: {', '.join(added)}." if added else ""


def _added_effects(steps: Sequence[Step]) -> list[str]:
    """Return what is new on the network: ranges, nodes, load balancers, pods."""
    unused = {step.urn for step in view.unused_subnets(steps)}
    return _bounded(
        phrase + (_UNUSED if step.urn in unused else "") for step in steps for phrase in _effects_of(step)
    )


def _restarted_effects(steps: Sequence[Step]) -> list[str]:
    """Return the workloads whose pods a rolling update replaces."""
    return _bounded(phrase for step in steps if step.op is Op.UPDATE for phrase in _rollouts(step))


def _bounded(phrases: Iterable[str]) -> list[str]:
    found = list(phrases)
    more = len(found) - _MOST_EFFECTS
    return [*found[:_MOST_EFFECTS], f"{more} more"] if more > 0 else found


def _effects_of(step: Step) -> Iterator[str]:
    if step.type in _SIZED_POOLS:
        yield from _node_changes(step)
    elif step.op is Op.UPDATE:
        yield from _pod_changes(step)
    if step.op is not Op.CREATE:
        return
    if step.type == resource_types.SUBNET:
        yield f"new subnet {_text(step.new, 'cidrBlock')} in {_text(step.new, 'availabilityZone')}"
    elif step.type == resource_types.VPC:
        yield f"new VPC {_text(step.new, 'cidrBlock')}"
    elif step.type == resource_types.CLUSTER:
        yield f"new cluster {step.name} with the pod range {_text(step.new, 'clusterCidr')}"
    elif step.type == resource_types.SWITCH:
        yield "pods may have addresses of container subnets from then on (VPC-CNI is switched on)"
    elif is_load_balancer_source(step):
        named = existing_balancer(step, step.new)
        kind = "internal" if internal_subnet(step, step.new) else "public"
        new = f"new {kind} load balancer for {step.name}"
        yield f"{step.name} uses the load balancer {named}" if named else new
    elif not step.type.endswith("Patch"):  # a Patch kind changes a workload that is there
        yield from (
            f"new workload {step.name} ({pods_text([holder])})" for holder in holders(step.type, step.new)
        )


def _node_changes(step: Step) -> Iterator[str]:
    before, after = (pool_nodes(props) or 0 for props in (step.old, step.new))
    if step.op is Op.CREATE:
        yield f"{several(after, 'new node')} of {step.name}"
    elif step.op is Op.UPDATE and before != after:
        yield f"{step.name} from {before} to {several(after, 'node')}"


def _pod_changes(step: Step) -> Iterator[str]:
    for was, becomes in zip(holders(step.type, step.old), holders(step.type, step.new), strict=False):
        if was.pods is not None and becomes.pods is not None and was.pods != becomes.pods:
            yield f"{step.name} from {was.pods} to {several(becomes.pods, 'pod')}"


def _rollouts(step: Step) -> Iterator[str]:
    for was, becomes in zip(holders(step.type, step.old), holders(step.type, step.new), strict=False):
        if was.template != becomes.template:
            alone = step.type == resource_types.STATEFUL_SET and becomes.pods == 1
            away = " (none until it is back)" if alone else ""
            yield f"{pods_text([becomes])} of {step.name}{away}"


def _text(props: Props, key: str) -> str:
    found: Any = props.get(key)
    return "(not known before the apply)" if unknown(found) or not isinstance(found, str) else found


CHECKS: Mapping[str, str] = {
    "addresses-short": (
        "how many pods does a rollout start at once in this zone? The free addresses must be enough for them"
    ),
    "balancer-replaced": (
        "which clients use this address (DNS records, allow-lists, other networks)? They must be moved first"
    ),
    "cluster-rebuilt": (
        "may the whole cluster stop and lose its addresses? A rebuild is almost never intended: ask the"
        " author"
    ),
    "deployment-replaced": "may all pods of the workload stop at the same time?",
    "direct-access-off": (
        "do the applications, their logs or their allow-lists need the clients' own addresses?"
    ),
    "eni-pods-fit": (
        "are nodes or addresses for these pods added elsewhere? Otherwise the rollout stands still"
    ),
    "exposure-widened": (
        "may these clients reach the pods or the API server? If this is not intended, do not merge"
    ),
    "fixed-annotation": "is another load balancer wanted? Then it needs a second object, not this change",
    "gr-source-address": (
        "do the firewalls and allow-lists of the destinations admit the pods' own range as well as the nodes'"
        " addresses?"
    ),
    "ipamd-removed": "do pods still need addresses of container subnets? Without ipamd no new pod gets one",
    "ipamd-restart": "does another change roll out pods at the same time? Then wait until ipamd is back",
    "kept-address-off": (
        "is the address of one of these pods in an allow-list or in DNS? If you do not know, ask the author"
    ),
    "node-pool-rebuilt": "can other nodes take the pods, and are the nodes drained before?",
    "phantom-hybrid": "do pods of this cluster need addresses of container subnets? They get none",
    "pod-network-off": (
        "does any pod still use an address of these container subnets? If so, or if you do not know,"
        " do not merge"
    ),
    "pod-subnet-leaves": (
        "send the change back to its author: TKE gives a container subnet up only with the whole pod network"
    ),
    "pods-leave-eni": (
        "do the applications, their logs or their allow-lists need the clients' own addresses, or the pods'"
        " own addresses?"
    ),
    "port-closed": "which clients still connect to this port, host or path?",
    "protection-off": "is a deletion planned next? If you know of none, ask the author",
    "range-changed": (
        "is anything in this range still in use (nodes, load balancers, pods, databases)? If so, do not merge"
    ),
    "refused-update": "nothing on the network: the apply fails, so send the change back to its author",
    "security-group-narrowed": (
        "do clients in these ranges still connect to the resources with this security group?"
    ),
    "selector-changed": "do pods with the new labels run, and are they ready to take the clients?",
    "source-address-lost": (
        "do the applications, their logs or their allow-lists need the clients' own addresses?"
    ),
    "statefulset-replaced": "may all pods of the workload stop at the same time?",
    "switch-unmanaged": "is the cluster removed as well? If not, keep the resource in the program",
    "workload-deleted": "do clients still use these pods?",
    "zone-uncovered": (
        "will pods with addresses of container subnets run in this zone? Without a container subnet there"
        " they do not start"
    ),
}
"""By rule: a question about a change that a network engineer can answer."""
