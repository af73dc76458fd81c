"""Rules on inputs in general: types, combinations, values that are missing or not known yet."""

from collections.abc import Iterable, Iterator

from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity

PROPERTY = Rule(
    "property",
    Severity.ERROR,
    "A property exists, is given where it is required, and has the type and the bounds that its class"
    " states.",
    "the property",
    "the documentation of the class",
    fixed_severity=True,
)
COMBINATION = Rule(
    "combination",
    Severity.ERROR,
    "Properties that exclude or need each other are given so.",
    "the properties",
    "the documentation of the class",
    fixed_severity=True,
)
NO_EFFECT = Rule(
    "no-effect",
    Severity.WARNING,
    "A property that the program sets has an effect.",
    "the properties",
    "the documentation of the class",
)
TWICE = Rule(
    "listed-twice",
    Severity.ERROR,
    "A list names each item once.",
    "the list",
    "the documentation of the class",
    fixed_severity=True,
)
EMPTY = Rule(
    "empty-list",
    Severity.ERROR,
    "A list that something needs is not empty.",
    "the list",
    "the article, step 7; the provider: an emptied list switches VPC-CNI off",
    fixed_severity=True,
)
ADOPTED = Rule(
    "adopted-as-it-is",
    Severity.ERROR,
    "The program describes an adopted resource as it is.",
    "the id of the adopted resource, and its properties in the cloud",
    "the documentation of the class",
    fixed_severity=True,
)
NOT_GLOBAL_ROUTER = Rule(
    "not-global-router",
    Severity.ERROR,
    "Only a GlobalRouter cluster without Cilium becomes hybrid.",
    "the cluster's properties in the cloud",
    "the article; imroc/tke-guide, cilium/gr-native-not-recommended",
    fixed_severity=True,
)
NOT_YET = Rule(
    "not-known-yet",
    Severity.NOTE,
    "A check whose values are known only during the update is made then.",
    "nothing",
    "how Pulumi previews what does not exist yet",
)
NOT_STATED = Rule(
    "not-stated",
    Severity.NOTE,
    "A check that lacks a value which the program could give is named.",
    "nothing",
    "the documentation of the class",
)


def twice(path: str, value: str, first: str = "") -> Finding:
    """Refuse an item that is listed a second time."""
    return TWICE.finding(
        path, "is listed twice" + (f", first at {first}" if first else ""), value=value, todo="list it once"
    )


def not_yet(rule: Rule, path: str) -> Finding:
    """Note that a rule waits for the property at `path`. `gathered` makes one line of all such notes."""
    return NOT_YET.finding(path, rule.id)


def gathered(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Return the findings, with those of `not_yet` as one finding: the pending values, and the rules that
    wait."""
    waiting: list[Finding] = []
    for finding in findings:
        if finding.rule is NOT_YET:
            waiting.append(finding)
        else:
            yield finding
    if waiting:
        paths = ", ".join(dict.fromkeys(finding.path for finding in waiting))
        rules = ", ".join(sorted({finding.what for finding in waiting}))
        yield NOT_YET.finding(paths, "not known yet", todo=f"checked during the update: {rules}")


def not_stated(path: str, unchecked: str) -> Finding:
    """Note that a rule was not checked because the program does not give the property at `path`."""
    return NOT_STATED.finding(path, "is not given", why=f"not checked: {unchecked}", todo="give it")
