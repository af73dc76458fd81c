"""What of a preview may be shown: text without secrets, and values of listed network settings.

`Redactor` makes foreign text harmless. `differences` compares the inputs of a resource before and after;
values of properties that are not on the list are replaced by the reason.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pulumi_tke_hybrid.cli.process import plain, shown
from pulumi_tke_hybrid.plan.model import Step
from pulumi_tke_hybrid.plan.preview_json import Failure
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.objects import SECRET, items, mapping, unknown
from pulumi_tke_hybrid.tke.rule import refusal_lines

NAME = 80
"""Characters of a name that are shown."""
SENTENCE = 600
_CREDENTIALS = re.compile(
    r"AKID[A-Za-z0-9]{12,}"  # a Tencent key id
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+"  # a signed token
    r"|(?<=://)[^/\s@]+:[^/\s@]+(?=@)"  # user and password of an address
    r"|-----BEGIN[\s\S]*?(-----END[^-]*-----|$)"
    r"|\b(gh[pousr]|glpat|pul)[-_][A-Za-z0-9_-]{16,}"
    r"|(?i:(?:password|passwd|passphrase|secret|token)\s*[=:]\s*)\S+"
)
_FENCE = re.compile(r"`+")


class Redactor:
    """Makes text for reports: one line of limited length, without secrets and control characters."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted(secrets, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None
        self._lines: dict[tuple[str, int], str] = {}

    def line(self, text: str, most: int = SENTENCE) -> str:
        """Return one printable line for a terminal or a program. Kept, because a report repeats its texts."""
        found = self._lines.get((text, most))
        if found is None:
            cut = text[: most * 20]
            if self._secrets is not None:
                cut = self._secrets.sub(SECRET, cut)
            found = self._lines[text, most] = shown(_CREDENTIALS.sub(SECRET, cut), most)
        return found

    def prose(self, text: str, most: int = SENTENCE) -> str:
        """Return the line escaped for a sentence of Markdown."""
        return plain(self.line(text, most), most)

    def code(self, text: str, most: int = NAME) -> str:
        """Return the line as Markdown code, also for a cell of a table."""
        inside = self.line(text, most).replace("|", "¦")
        fence = "`" * (max((len(run) for run in _FENCE.findall(inside)), default=0) + 1)
        pad = " " if inside.startswith("`") or inside.endswith("`") or not inside.strip() else ""
        return f"{fence}{pad}{inside or ' '}{pad}{fence}"


_PROTECTED = re.compile(
    r'unable to (delete|replace) resource "([^"]{1,2000})"[\s\S]{0,4000}?marked for protection'
)
"""A sentence of the engine that holds only names."""


def shown_errors(failure: Failure) -> list[str]:
    """Return the lines of an error that may be shown: those of this library. Other text may hold secrets and
    is only counted."""
    protected = _PROTECTED.search(failure.text)
    if protected:
        name = protected[2].rsplit("::", 1)[-1]
        return [
            f"{name} is protected, and the plan would {protected[1]} it; go back, or switch protect off in a"
            " change of its own"
        ]
    ours = "tke-hybrid:" in failure.urn or "/tke-hybrid" in failure.urn
    found = [line.partition("has a problem: ")[2].strip() for line in failure.text.splitlines() if ours]
    return [line for line in found if line] + refusal_lines(failure.text)


HIDDEN = "hidden: not a network setting"
HIDDEN_SECRET = "hidden: secret"  # noqa: S105
NOT_YET = "known only after the apply"
"""In place of a value: the reason why no value is shown."""
_MOST_ITEMS = 10
"""Items of a list that are shown."""
_MOST_PROPERTIES = 40
"""Properties of one resource that are named."""
_LISTED = re.compile(
    r"(^|\.)(zone|zones|availabilityZone|cidrBlock|clusterCidr|serviceCidr|vpcCidr|vpcId|clusterId|subnetId"
    r"|subnets|subnetIds|eniSubnetIds|instanceType|desiredCapacity|minSize|maxSize|enableAutoScale|size"
    r"|replicas|image|networkType|clusterVersion|clusterMaxPodNum|clusterMaxServiceNum|isNonStaticIpMode"
    r"|claimExpiredSeconds|vpcCniType|deletionProtection|staticIp|ipReclaim|nonMasquerade|onDelete"
    r"|zoneRegistration|kind|network|direct|fixedIp|exposure|type|port|targetPort|protocol|serviceName"
    r"|namespace|version|addonName|addonVersion|clusterIntranet|clusterInternet|maxSurge|maxUnavailable"
    r"|action)(\[\d+\])*$"
)
_LISTED_ANNOTATIONS = keys.POD_KEYS | keys.SERVICE_KEYS | keys.INGRESS_KEYS
_SHORT_ANNOTATIONS = (
    keys.NETWORKS,
    keys.CLAIM_DELETE_POLICY,
    keys.SERVICE_DIRECT_ACCESS,
    keys.INGRESS_DIRECT_ACCESS,
)
"""Annotations that are named by their last part."""
_BRACKETS = re.compile(r'\["([^"]*)"\]')
"""A key with dots as the engine writes the key; here it is a part of the path like any other."""
_IGNORED = ("__defaults", "__provider", "pulumi.com/")
_ANNOTATIONS = "annotations."


def differences(step: Step) -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, before, after) of each input that differs; a missing value is None. A property that only
    the provider reports has None twice."""
    found = list(_walk("", step.old, step.new))
    yield from found
    for key in (_BRACKETS.sub(r".\1", key) for key in step.diff_keys or ()):
        seen = any(path.startswith(key) or key.startswith(path) for path, *_ in found)
        if not seen and not any(part in key for part in _IGNORED):
            yield key, None, None


def _walk(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if before == after:
        return
    if _all_are(dict, before, after):
        old, new = mapping(before), mapping(after)
        for key in dict.fromkeys([*old, *new]):
            if not key.startswith(_IGNORED):
                yield from _walk(f"{path}.{key}" if path else key, old.get(key), new.get(key))
    elif _all_are(list, before, after) and len(items(before)) == len(items(after)) and path.find("[") < 0:
        for index, (one, other) in enumerate(zip(items(before), items(after), strict=True)):
            yield from _walk(f"{path}[{index}]", one, other)
    else:
        yield path, before, after


def _all_are(kind: type, *values: object) -> bool:
    return all(isinstance(value, kind) for value in values)


def is_listed(path: str) -> bool:
    """Whether the value at a path may be shown."""
    annotation = path.rpartition(_ANNOTATIONS)[2]
    return (
        bool(_LISTED.search(path))
        or annotation in _LISTED_ANNOTATIONS
        or (annotation != path and annotation.startswith(keys.OURS))
    )


def value_text(path: str, value: Any) -> str:
    """Return the value as text, or the reason why no value is shown."""
    if value is None:
        return "none"
    if value == SECRET:
        return HIDDEN_SECRET
    if unknown(value):
        return NOT_YET
    if _all_are(dict, value):
        inner = {
            key: value_text(f"{path}.{key}", item) for key, item in mapping(value).items() if item is not None
        }
        return ", ".join(f"{key} {text}" for key, text in inner.items() if not _is_hidden(text)) or HIDDEN
    if _all_are(list, value):
        texts = [value_text(path, item) for item in items(value)[:_MOST_ITEMS]]
        return ", ".join(text for text in texts if not _is_hidden(text)) or ("none" if not texts else HIDDEN)
    if not is_listed(path):
        return HIDDEN
    return "true" if value is True else "false" if value is False else str(value)


def _is_hidden(text: str) -> bool:
    return text in (HIDDEN, HIDDEN_SECRET)


def change_text(path: str, before: Any, after: Any) -> str:
    """Return the change of a property: both values, or the added and removed items of a list. Empty without
    values: then only the provider reports the property."""
    if before is None and after is None:
        return ""
    if _all_are(list, before) or _all_are(list, after):
        return _list_change(path, items(before), after)
    old, new = value_text(path, before), value_text(path, after)
    if _is_hidden(new) or _is_hidden(old) or old == new:
        return f"changed ({new if _is_hidden(new) else old})"
    return f"{old} → {new}"


def _list_change(path: str, before: list[Any], after: Any) -> str:
    if after is not None and not _all_are(list, after):
        return f"changed ({value_text(path, after)})"
    old, new = ([value_text(path, item) for item in items(side)] for side in (before, after))
    changes = [
        *(f"+{item}" for item in new if item not in old),
        *(f"-{item}" for item in old if item not in new),
    ]
    visible = [item for item in changes if not _is_hidden(item[1:])][:_MOST_ITEMS]
    if visible:
        more = len(changes) - len(visible)
        return ", ".join(visible) + (f" and {more} more" if more else "")
    if changes:
        return f"changed ({changes[0][1:]})"
    return f"changed ({HIDDEN})" if any(map(_is_hidden, new)) else "changed (in another order)"


def property_lines(step: Step) -> list[tuple[str, str]]:
    """Return (path, change) of each property that differs, as in `change_text`."""
    rows = [(path, change_text(path, before, after)) for path, before, after in differences(step)]
    more = len(rows) - _MOST_PROPERTIES
    return rows[:_MOST_PROPERTIES] + ([(f"{more} more", "")] if more > 0 else [])


def short_changes(step: Step) -> list[str]:
    """Return the changed properties of a step for one line; a change that is not shown is left out."""
    found: dict[str, None] = {}
    for path, before, after in differences(step):
        change = change_text(path, before, after)
        hidden = not change or change.startswith("changed (hidden")
        found[_short(path) if hidden else f"{_short(path)} {change}"] = None
    return list(found)


def _short(path: str) -> str:
    """Return the last part of a property's path, or the name of an annotation."""
    annotation = path.rpartition(_ANNOTATIONS)[2]
    for key in _SHORT_ANNOTATIONS:
        if key in path:
            return key.rpartition("/")[2]
    return annotation if annotation != path else path.rpartition(".")[2].partition("[")[0]
