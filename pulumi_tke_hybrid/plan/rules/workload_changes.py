"""Rules on changes of a ClientIpWorkload between its stored inputs and the program."""

from collections.abc import Iterator, Sequence
from typing import Any

from pulumi_tke_hybrid.plan.kubernetes_objects import annotations_of
from pulumi_tke_hybrid.plan.rules.service_rules import NONE, changed, effect
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.objects import Props, at, items, mapping, unknown
from pulumi_tke_hybrid.tke.rule import Finding, fixed_rule
from pulumi_tke_hybrid.tke.rules.immutable_fields import keep_what_was_known

ONE_STEP_AT_A_TIME = fixed_rule(
    "one-step-at-a-time",
    "Pods change their network only while the load balancer sends to node ports.",
    "the last state",
    "457/41897: backends of one direct Service are in one network",
)
ADDRESS_CHANGE = fixed_rule(
    "address-change", "A load balancer cannot become another one.", "the last state", "457/90598"
)
SELECTOR_FIXED = fixed_rule(
    "selector-fixed",
    "The labels by which a workload finds its pods do not change.",
    "the last state",
    "Kubernetes: spec.selector of a Deployment or StatefulSet is immutable (apps/v1)",
)

CLAIMS_FIXED = fixed_rule(
    "volume-claims-fixed",
    "The volumes that each pod of a StatefulSet gets do not change.",
    "the last state",
    "Kubernetes: spec.volumeClaimTemplates is immutable (apps/v1)",
)

STATEFUL_SET_FIXED = fixed_rule(
    "statefulset-fixed",
    "The governing Service of a StatefulSet and the order of its pods do not change.",
    "the last state",
    "Kubernetes: spec.serviceName and spec.podManagementPolicy are immutable (apps/v1)",
)

REPLACED_ALONE = fixed_rule(
    "replaced-alone",
    "A run that replaces objects of a workload includes the component.",
    "the last state",
    "pulumi-kubernetes: another name, namespace or immutable field replaces an object",
)

_FRONTS = {"service": "exposure", "ingress": "ingress.exposure"}
"""The objects in front of the pods, and the argument with the load balancer of each."""
_NAMES = {"name": "the objects' name", "namespace": "their namespace"}


def change_findings(before: Props, after: Props) -> Iterator[Finding]:
    """Return the findings on a change. Both sides are the component's inputs."""
    yield from network_findings(before, after)
    yield from _selector_findings(before, after)
    if not _is_renamed(before, after):
        yield from _claim_findings(before, after)
        yield from _stateful_findings(before, after)
    if not after.get("allowAddressChange"):
        yield from _fixed_findings(before, after)


def _front(side: Props, name: str) -> Props:
    found: Props = side.get(name) or {"kind": "none"}
    return found


def _fronted(side: Props) -> bool:
    return any(_front(side, name)["kind"] != "none" for name in _FRONTS)


def _is_renamed(before: Props, after: Props) -> bool:
    """Whether the objects get another name or namespace: then they are new, and judged elsewhere."""
    return any(before.get(name) != after.get(name) for name in _NAMES)


def network_findings(before: Props, after: Props) -> Iterator[Finding]:
    """Refuse another network while a load balancer sends to pods before or after the change."""
    old, new = before.get("network"), after.get("network")
    if old is None or old == new or not (_fronted(before) and _fronted(after)):
        return
    steps = [f"network='{new}', direct=False"]
    if before.get("direct"):
        steps.insert(0, f"network='{old}', direct=False")
    if after.get("direct"):
        steps.append(f"network='{new}', direct=True")
    if len(steps) > 1:
        numbered = "; ".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
        yield ONE_STEP_AT_A_TIME.finding(
            "network",
            f"instead of '{old}' while the load balancer sends to pods",
            value=repr(new),
            why="backends of both networks cannot stand behind one direct load balancer, clients would be"
            " dropped",
            todo=f"take these steps, each with an up of its own: {numbered}",
        )


def _selector_findings(before: Props, after: Props) -> Iterator[Finding]:
    """Compare the selectors; older states have no selector."""
    was, now = before.get("selector"), after.get("selector")
    if not was or not now or unknown(now) or _is_renamed(before, after):
        return
    if was.keys() != now.keys() or any(
        was[label] != value and not unknown(value) for label, value in now.items()
    ):
        yield SELECTOR_FIXED.finding(
            "selector",
            f"instead of {_labels(was)}",
            value=_labels(now),
            why="Kubernetes cannot change it in place: the Service would select no pod, and all pods would"
            " stop before others start",
            todo=f"go back to {_labels(was)}, or make another workload of another name beside it,"
            " move the clients, and remove this one",
        )


def _claim_findings(before: Props, after: Props) -> Iterator[Finding]:
    """Compare the volume claims. Older states have no claims, and a Deployment has none."""
    was, now = before.get("volumeClaims"), after.get("volumeClaims")
    if was is not None and now is not None and _differ(was, now):
        yield CLAIMS_FIXED.finding(
            "volume_claims",
            "are others than the StatefulSet was made with",
            why="Kubernetes cannot change them in place, and all pods would stop before others start",
            todo="go back to them; set larger volumes on the claims themselves (kubectl edit pvc),"
            " others by another workload of another name beside this one",
        )


def _stateful_findings(before: Props, after: Props) -> Iterator[Finding]:
    """Compare governing Service and pod order. Older states have neither; both were the defaults then."""
    if any(side.get("volumeClaims") is None for side in (before, after)):
        return
    defaults = {"serviceName": before.get("name"), "podManagementPolicy": "OrderedReady"}
    for name, path in (("serviceName", "service_name"), ("podManagementPolicy", "pod_management_policy")):
        was, now = before.get(name) or defaults[name], after.get(name)
        if now is not None and _differ(was, now):
            yield STATEFUL_SET_FIXED.finding(
                path,
                f"instead of {was}",
                value=now,
                why="Kubernetes cannot change it in place, and all pods would stop before others start",
                todo=f"go back to {was}, or make another workload of another name beside it",
            )


def replaced_alone_findings(last: str, now: str, *, may_be_renamed: bool) -> Iterator[Finding]:
    """Compare the identity of the objects in the last state with the program's, as `guard.identity` writes
    both, in a run that leaves the component out. Between a Deployment and a StatefulSet only the names are
    compared."""
    (names, _, fields), (new_names, _, new_fields) = last.partition("/"), now.partition("/")
    left_out = "than in the last run, and this run leaves the component out"
    todo = "run `pulumi up` without --target, or name the component as a target too"
    if names != new_names:
        if not may_be_renamed:
            why = "the objects would be replaced, and clients would lose the load balancer's address"
            what = f"the name, the namespace or front_service_name is another {left_out}"
            yield REPLACED_ALONE.finding("name", what, why=why, todo=todo)
    elif fields[:1] == new_fields[:1] and fields != new_fields:
        why = "Kubernetes cannot change them in place, and all pods would stop before others start"
        claims = "the selector, the volume claims, service_name or pod_management_policy"
        what = f"{claims if new_fields[:1] == 's' else 'the selector'} is another {left_out}"
        yield REPLACED_ALONE.finding("selector", what, why=why, todo=todo)


def _differ(was: object, now: object) -> bool:
    """Whether two values differ in their known parts."""
    if unknown(was) or unknown(now):
        return False
    if (old := mapping(was)) and (new := mapping(now)):
        return old.keys() != new.keys() or any(_differ(value, new[key]) for key, value in old.items())
    if (before := items(was)) and (after := items(now)):
        return len(before) != len(after) or any(map(_differ, before, after))
    return was != now


def _labels(selector: Props) -> str:
    return ",".join(
        f"{label}={'(not known yet)' if unknown(value) else value}"
        for label, value in sorted(selector.items())
    )


def unmoved_findings(network: str, pods: Sequence[str]) -> Iterator[Finding]:
    """Report direct access that is enabled while running pods are on the other network."""
    if pods:
        more = f" and {len(pods) - _SHOWN_PODS} more" if len(pods) > _SHOWN_PODS else ""
        yield ONE_STEP_AT_A_TIME.finding(
            "direct",
            f"while pods are not on network '{network}': {', '.join(pods[:_SHOWN_PODS])}{more}",
            value=True,
            why="a rollout has not ended, and backends of both networks cannot stand behind one direct load"
            " balancer",
            todo=f"set network='{network}', direct=False, and run `pulumi up` until the rollout ends; then"
            " turn direct",
        )


def still_direct_findings(network: str, fronts: Sequence[str]) -> Iterator[Finding]:
    """Report a change of the network while a live Service or Ingress sends to pods against the program."""
    if fronts:
        yield ONE_STEP_AT_A_TIME.finding(
            "network",
            f"while the live {' and '.join(fronts)} sends to pods",
            value=repr(network),
            why="the stack's state differs from the cluster; clients would be dropped",
            todo="go back to the last network, run `pulumi up --refresh`, then change the network",
        )


_SHOWN_PODS = 5
_FIXED = {
    "kind": "between public, internal and existing",
    "subnetId": "its subnet",
    "loadBalancerId": "which one it is",
    "chargeType": "its billing",
    "bandwidth": "its bandwidth",
}
_ARGUMENTS = {"subnetId": "subnet_id", "loadBalancerId": "load_balancer_id", "chargeType": "charge_type"}
"""Arguments of a program whose stored names differ."""
_IDS = ("loadBalancerId", "subnetId")
"""Ids that come from another resource, which may be replaced."""


def _address_change(path: str, was: object, now: object, why: str) -> Finding:
    return ADDRESS_CHANGE.finding(
        path,
        f"instead of {was}",
        value=now,
        why=why,
        todo=f"go back to {was}, or set allow_address_change=True to have it replaced, with a new address and"
        " a gap",
    )


def _fixed_findings(before: Props, after: Props) -> Iterator[Finding]:
    for front, path in _FRONTS.items():
        old, new = _front(before, front), _front(after, front)
        if old["kind"] == "none":
            continue
        other = [name for name in _FIXED if not unknown(new.get(name)) and old.get(name) != new.get(name)]
        if "kind" in other:
            other = ["kind"]  # the rest follows from it
        for name in () if other else _IDS:
            if (was := old.get(name)) and not unknown(was) and unknown(new.get(name)):
                yield ADDRESS_CHANGE.finding(
                    f"{path}.{_ARGUMENTS.get(name, name)}",
                    f"is not known any more, and was {was}",
                    why="what it comes from is replaced or lost; a load balancer cannot change"
                    f" {_FIXED[name]}, so the {front.title()} would get another one, and clients would"
                    " lose its address (457/90598)",
                    todo=f"{keep_what_was_known(str(was))}; or set allow_address_change=True",
                )
        for name in other:
            was, now = old.get(name) or "none", new.get(name) or "none"
            why = f"a load balancer cannot change {_FIXED[name]}, clients would lose its address (457/90598)"
            yield _address_change(f"{path}.{_ARGUMENTS.get(name, name)}", was, now, why)
        if not other and new["kind"] != "none":
            yield from _annotation_findings(before, after, front)
    if not _fronted(before):
        return
    was, now = (side.get("frontService") or side.get("name") for side in (before, after))
    if before.get("name") == after.get("name") and was is not None and not unknown(now) and was != now:
        why = "a Service cannot change its name in place, clients would lose the load balancer's address"
        yield _address_change("front_service_name", was, now, why)
    for name, what in _NAMES.items():
        was, now = before.get(name), after.get(name)
        if was is not None and not unknown(now) and was != now:
            why = f"{what} cannot change in place, clients would lose the load balancer's address"
            yield _address_change(name, was, now, why)


_GIVEN = {
    "service": (On.SERVICE, "serviceAnnotations", "service_annotations"),
    "ingress": (On.INGRESS, "ingressAnnotations", "ingress.annotations"),
}


def _annotation_findings(before: Props, after: Props, front: str) -> Iterator[Finding]:
    """Compare the annotations that the program sets and TKE reads only once. Older states have none, and
    nothing is compared."""
    on, name, path = _GIVEN[front]
    was, now = before.get(name), after.get(name)
    if was is not None and now is not None:
        yield from _changed_annotations(on, path, mapping(was), mapping(now))


def _changed_annotations(on: On, path: str, before: object, after: object) -> Iterator[Finding]:
    for known, old, new in changed((on,), before, after):
        yield ADDRESS_CHANGE.finding(
            f"{path}[{known.key!r}]",
            f"instead of {old or NONE} ({known.fixed})",
            value=new or NONE,
            why=effect(on.value),
            todo=f"go back to {old or NONE}, or set allow_address_change=True to have the load balancer"
            " replaced, with another address",
        )


def front_findings(on: On, before: Props, after: Props) -> Iterator[Finding]:
    """Compare the inputs of a Service or an Ingress that is updated in place: load balancer and selector
    stay."""
    if on is On.SERVICE:
        yield from _selector_findings(_named(before), _named(after))
        was, now = (at(side, "spec", "type") for side in (before, after))
        if was != "LoadBalancer":
            return
        if now != "LoadBalancer" and not unknown(now):
            yield ADDRESS_CHANGE.finding(
                "exposure.kind",
                "instead of a load balancer",
                value="none",
                why="the load balancer would be deleted, and clients would lose its address (457/90598)",
                todo="go back, or set allow_address_change=True to give the load balancer up",
            )
            return
    path = "service_annotations" if on is On.SERVICE else "ingress.annotations"
    yield from _changed_annotations(on, path, annotations_of(before), annotations_of(after))


def _named(inputs: Props) -> dict[str, Any]:
    names = {name: at(inputs, "metadata", name) for name in _NAMES}
    return {**names, "selector": at(inputs, "spec", "selector")}


def lost_ids(before: Props, after: Props) -> Iterator[str]:
    """Yield a warning for each id that the stored state has and the preview does not know, where a new id is
    no error: the workload takes it in place (`ids`), or the program allows another load balancer."""
    olds, news = dict(mapping(before.get("ids"))), dict(mapping(after.get("ids")))
    if after.get("allowAddressChange"):
        for front, path in _FRONTS.items():
            old, new = _front(before, front), _front(after, front)
            olds |= {f"{path}.{_ARGUMENTS.get(name, name)}": old[name] for name in _IDS if name in old}
            news |= {f"{path}.{_ARGUMENTS.get(name, name)}": new.get(name) for name in _IDS}
    for path, was in olds.items():
        if not unknown(was) and unknown(news.get(path)):
            yield f"{path}: is not known any more, and was {was}; what it comes from is replaced or lost"
