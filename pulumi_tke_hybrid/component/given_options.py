"""The options that a program gives a component: what Pulumi itself would end in a stack trace over."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import pulumi

from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY


def refuse_wrong_options(opts: object, owner: str, wanted: str = "Kubernetes") -> None:
    """Refuse what are no options, and another thing where a provider belongs, a HybridCluster for instance.

    `wanted` names the provider that the component works with.
    """
    InvalidInputs.check(owner, _problems(opts, wanted))


def given_provider(opts: pulumi.ResourceOptions | None, package: str) -> pulumi.ProviderResource | None:
    """The provider of that package which the program gave this very component, not one that it inherits."""
    if opts is None:
        return None
    given = [*([opts.provider] if opts.provider else []), *(_several(opts.providers or ()) or ())]
    return next((one for one in given if isinstance(one, pulumi.ProviderResource) and one.package == package), None)


def _problems(opts: object, wanted: str) -> Iterator[Finding]:
    if opts is None:
        return
    if not isinstance(opts, pulumi.ResourceOptions):
        around = "provider=...) around it" if isinstance(opts, pulumi.ProviderResource) else "...)"
        yield PROPERTY.finding("opts", f"must be ResourceOptions, not a {type(opts).__name__}", todo=f"write ResourceOptions({around}")
        return
    given: list[tuple[str, object]] = [("opts.provider", opts.provider)] if opts.provider else []
    several = _several(opts.providers or ())
    if several is None:
        todo = "write [...] around it, or say provider="
        yield PROPERTY.finding("opts.providers", f"must be a list, not a {type(opts.providers).__name__}", todo=todo)
    for path, value in [*given, *(("opts.providers", item) for item in several or ())]:
        if not isinstance(value, pulumi.ProviderResource):
            cluster = wanted == "Kubernetes" and hasattr(type(value), "provider")
            todo = "pass cluster.provider" if cluster else "pass the provider itself"
            yield PROPERTY.finding(path, f"must be a {wanted} provider, not a {type(value).__name__}", todo=todo)


def _several(providers: object) -> Sequence[object] | None:
    """The providers of a list or a mapping; None if it is neither."""
    if isinstance(providers, Mapping):
        return list(cast(Mapping[str, object], providers).values())
    return cast(Sequence[object], providers) if isinstance(providers, Sequence) and not isinstance(providers, str) else None
