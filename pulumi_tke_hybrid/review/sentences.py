"""The two sentences that open a review: what happens if the change is merged, and what to check before."""

from collections.abc import Mapping, Sequence

from pulumi_tke_hybrid.cli.text import listed, several
from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op
from pulumi_tke_hybrid.plan.rules.not_judged import NOT_JUDGED
from pulumi_tke_hybrid.plan.rules.workloads import BALANCER_REPLACED
from pulumi_tke_hybrid.review import effects, view
from pulumi_tke_hybrid.review.accepting import JudgedCause, Verdict
from pulumi_tke_hybrid.review.behind import UNSEEN
from pulumi_tke_hybrid.review.grouping import kind_of
from pulumi_tke_hybrid.review.review import Review
from pulumi_tke_hybrid.tke.rule import Finding, Severity

NO_EFFECT = "No effect on the network found"
_FEW = 3
"""Changes and new things that a sentence about something else names."""
_CHECKS: Mapping[str, str] = {
    "addresses-short": (
        "how many pods does a rollout start at once in this zone? The free addresses must be enough for them"
    ),
    "balancer-replaced": (
        "who uses this address (DNS records, allow-lists, other networks)? They must be moved first"
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
        "may these clients reach the pods or the API server? If nobody asked for it, do not merge"
    ),
    "fixed-annotation": "is another load balancer wanted? Then it needs a second object, not this change",
    "gr-source-address": (
        "do the firewalls and allow-lists of the destinations admit the pods' own range as well as the nodes'"
        " addresses?"
    ),
    "ipamd-removed": "do pods still need addresses of pod subnets? Without ipamd no new pod gets one",
    "ipamd-restart": "does another change roll out pods at the same time? Then wait until ipamd is back",
    "kept-address-off": (
        "is the address of one of these pods in an allow-list or in DNS? If nobody knows, ask the author"
    ),
    "node-pool-rebuilt": "can other nodes take the pods, and are the nodes drained before?",
    "phantom-hybrid": "do pods of this cluster need addresses of pod subnets? They get none",
    "pod-network-off": (
        "does any pod still use an address of these pod subnets? If one does, or nobody knows, do not merge"
    ),
    "pod-subnet-leaves": (
        "send the change back to its author: TKE gives a pod subnet up only with the whole pod network"
    ),
    "pods-leave-eni": (
        "do the applications, their logs or their allow-lists need the clients' own addresses, or the pods'"
        " own ones?"
    ),
    "protection-off": "is a deletion planned next? If nobody knows of one, ask the author",
    "range-changed": (
        "is anything in this range still in use (nodes, load balancers, pods, databases)? If so, do not merge"
    ),
    "refused-update": "nothing on the network: the apply fails, so send the change back to its author",
    "security-group-narrowed": "do clients in these ranges still connect to what carries the security group?",
    "statefulset-replaced": "may all pods of the workload stop at the same time?",
    "switch-unmanaged": "is the cluster removed as well? If not, keep the resource in the program",
    "workload-deleted": "do clients still use these pods?",
    "zone-uncovered": (
        "will pods with addresses of pod subnets run in this zone? Without a pod subnet there they do not"
        " start"
    ),
}
"""What a network engineer can answer, by rule."""


def opening(review: Review) -> list[tuple[str, str]]:
    """(title, sentence) of each line: `If merged` and `Check`; no title where no effect was found."""
    if review.verdict is Verdict.COULD_NOT_TELL:
        return [
            (
                "If merged",
                (
                    "not known: no whole preview could be read, so this comment shows no effect or only a"
                    " part of it."
                ),
            ),
            ("Check", "do not merge on this comment; run the preview again and read the job's log."),
        ]
    told = [
        item
        for item in review.causes
        if item.severity is not Severity.NOTE and item.cause.first.rule.id != NOT_JUDGED.id
    ]
    if any(stack.plan.failed for stack in review.stacks):
        return _failed(review, told)
    return _effects(review, told) if told else _nothing_found(review)


def _failed(review: Review, told: Sequence[JudgedCause]) -> list[tuple[str, str]]:
    merged = (
        "nothing is applied: the next update stops at the same error in its own preview, before it changes"
        " anything."
    )
    if told:
        merged += f" What follows is for the time when the error is mended. {_merged(review, told)}"
    return [
        ("If merged", merged),
        ("Check", "send the change back to its author: the error must be mended and a new preview made."),
    ]


def _effects(review: Review, told: Sequence[JudgedCause]) -> list[tuple[str, str]]:
    first = told[0].cause.first
    rule = BALANCER_REPLACED.id if first.path.endswith(".spec.type") else first.rule.id
    question = _CHECKS.get(rule) or f"is this intended? If not: {first.todo}"
    who = view.behind(review, told[0])
    if UNSEEN in who:
        question += f" {who[0].upper()}{who[1:]}"
    accepted = " The danger is accepted already." if told[0].accepted else ""
    return [
        ("If merged", _merged(review, told)),
        ("Check", f"{question}{'' if question.endswith('?') else '.'}{accepted}"),
    ]


def _merged(review: Review, told: Sequence[JudgedCause]) -> str:
    first, rest = told[0], told[1:]
    dangers = sum(item.severity is Severity.ERROR for item in rest)
    more = [
        several(dangers, "more danger") if dangers else "",
        several(len(rest) - dangers, "more warning") if len(rest) > dangers else "",
    ]
    also = " and ".join(part for part in more if part)
    who = view.behind(review, first)
    change = _change(review, first)
    effect = first.cause.first.why.partition("; ")[0]
    affected = f" Affected: {who}." if who and UNSEEN not in who else ""
    only_new = review.counts.changes == review.counts.add
    added = effects.added_effects([step for stack in review.stacks for step in stack.plan.steps])
    news = _news(added) if only_new or first.severity is not Severity.ERROR or len(added) <= _FEW else ""
    start = f"{_all_deleted(review)}{_new_zones(review)}{change}. {effect[:1].upper()}{effect[1:]}."
    return f"{start}{affected}{news}{f' And {also}, below.' if also else ''}"


def _change(review: Review, item: JudgedCause) -> str:
    """What changes where: `Deployment web, StatefulSet db: …`; each place with its own change where the
    changes differ."""
    findings = item.cause.findings
    if len({finding.head for finding in findings}) == 1:
        return (
            f"{listed([_named(review, item.stack, finding) for finding in findings], 3)}: {findings[0].head}"
        )
    each = [f"{_named(review, item.stack, finding)}: {finding.head}" for finding in findings[:_FEW]]
    return "; ".join([*each, *([f"and {len(findings) - _FEW} more"] if len(findings) > _FEW else [])])


def _new_zones(review: Review) -> str:
    """Zones that get their first subnets and nodes while other zones have nodes."""
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
    """The first sentence of a review of deletions alone, where a network or a cluster is among them."""
    counts = review.counts
    gone = [step for stack in review.stacks for step in stack.plan.steps if step.op is Op.DELETE]
    wide = [step for step in gone if step.type in (resource_types.VPC, resource_types.CLUSTER)]
    if not wide or counts.delete + counts.state_only != counts.changes or counts.same:
        return ""
    pools = sum(step.type in resource_types.POOLS for step in gone)
    subnets = sum(step.type == resource_types.SUBNET for step in gone)
    parts = [*(f"{kind_of(step)} {step.name}" for step in wide)]
    parts += [several(pools, "node pool")] if pools else []
    parts += [several(subnets, "subnet")] if subnets else []
    return (
        f"Everything that this preview shows is deleted: {', '.join(parts)},"
        f" {several(counts.delete, 'resource')} in all. "
    )


def _named(review: Review, stack: str, finding: Finding) -> str:
    """`Cluster prod`, as the resource is called in the program; its path where the finding is about several
    resources."""
    step = next(
        (step for one in review.stacks for step in one.plan.steps if finding.urn and step.urn == finding.urn),
        None,
    )
    name = f"{kind_of(step)} {step.name}" if step else finding.path
    return f"{stack}: {name}" if len(review.stacks) > 1 else name


def _nothing_found(review: Review) -> list[tuple[str, str]]:
    """Rules found nothing in what was judged: what is new, what restarts, and what was not judged."""
    steps = [step for stack in review.stacks for step in stack.plan.steps]
    added, restarted = effects.added_effects(steps), effects.restarted_effects(steps)
    unjudged = [item for item in review.causes if item.cause.first.rule.id == NOT_JUDGED.id]
    names = listed(
        [view.place(review, item.stack, finding) for item in unjudged for finding in item.cause.findings]
    )
    unnamed = sorted({op for stack in review.stacks for op in stack.plan.unnamed_ops})
    names += (
        f"{', ' if names and unnamed else ''}{f'unknown operations: {listed(unnamed)}' if unnamed else ''}"
    )
    count = sum(len(item.cause.findings) for item in unjudged) + len(unnamed)
    also = f" A rolling update replaces {', '.join(restarted)}, one after another." if restarted else ""
    if count:
        return [
            (
                "If merged",
                f"{NO_EFFECT.lower()} in what was judged; not judged: {count} ({names}).{_news(added)}{also}",
            ),
            (
                "Check",
                "what the parts that were not judged do to addresses and load balancers; ask their author.",
            ),
        ]
    if added:
        unused = (
            " Subnets that no resource uses give pods no address until they are registered."
            if effects.unused_subnets(steps)
            else ""
        )
        return [
            ("If merged", f"{', '.join(added)}. Nothing that exists loses its network or its address.{also}"),
            ("Check", f"is everything new here as planned (ranges, nodes, load balancers, pods)?{unused}"),
        ]
    return [("", f"{NO_EFFECT}.{also}")]


def _news(added: Sequence[str]) -> str:
    return f" In this change: {', '.join(added)}." if added else ""
