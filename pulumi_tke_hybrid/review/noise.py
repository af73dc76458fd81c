"""Steps that are in every preview or follow from others: folded, but counted. A rule still looks at them."""

from pulumi_tke_hybrid.review.plan import STACK
from pulumi_tke_hybrid.tke import tokens
from pulumi_tke_hybrid.tke.step import Op, Step
from pulumi_tke_hybrid.tke.values import texts

_BOOKKEEPING = ("pulumi-python:dynamic/tke-hybrid:ClusterGuard", "pulumi-python:dynamic/tke-hybrid:VpcCniReady")
_FROM_VERSIONS = frozenset({"version", "pluginDownloadURL", "pluginChecksums"})


def kind(step: Step) -> str:
    """What sort of noise a step is, in words; empty where a reviewer should see it."""
    if step.op is Op.READ:
        return "reads"
    if not step.op.changes:
        return ""
    if step.type == STACK:
        return "stack outputs" if step.op is Op.UPDATE else ""
    if not step.custom:
        return ""  # a component: it holds others, and has its own line
    if step.op is Op.UPDATE and step.type.startswith(tokens.PROVIDERS) and _changed(step) <= _FROM_VERSIONS:
        return "versions of providers"
    if step.type in _BOOKKEEPING and step.op in (Op.CREATE, Op.UPDATE):
        return "steps that only wait or check"
    if step.op is Op.UPDATE and _changed(step) == {"__provider"}:
        return "versions of this library"
    if step.op is Op.UPDATE and step.type == tokens.CLUSTER and _only_order(step):
        return "order of a list"
    return ""


def _changed(step: Step) -> set[str]:
    if step.diff_keys is not None:
        return set(step.diff_keys)
    return {key for key in {*step.old, *step.new} if step.old.get(key) != step.new.get(key)}


def _only_order(step: Step) -> bool:
    before, after = texts(step.old.get("eniSubnetIds")), texts(step.new.get("eniSubnetIds"))
    return _changed(step) == {"eniSubnetIds"} and bool(before) and sorted(before) == sorted(after)
