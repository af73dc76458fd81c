"""Argument classes: one class is the type, the documentation, the validation and the schema of its
properties. The resource options of components and of their children.

The checks of single values are in `component.inputs`; the rules are in `tke.rules`."""

import copy
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, TypeVar, Union, cast

import pulumi
import pydantic.dataclasses
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict, Unpack, dataclass_transform

from pulumi_tke_hybrid.component.inputs import Check, EachItem, Input, NoneAllowed, accept_outputs
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs, labelled, problems_of
from pulumi_tke_hybrid.plan.rules import every_rule
from pulumi_tke_hybrid.tke.rule import (
    NOT_YET,
    PROPERTY,
    Finding,
    Severity,
    gathered,
    judged,
    setting_findings,
)

A = TypeVar("A", bound="Args")
C = TypeVar("C", bound=type)

SeverityInput = Union[Severity, Literal["error", "warning", "note"]]
"""A severity, or its name."""

_CONFIG = ConfigDict(
    arbitrary_types_allowed=True, extra="forbid", hide_input_in_errors=True, use_enum_values=False
)


class Args:
    """Base of all argument classes."""

    def problems(self) -> Iterator[Finding]:
        """Yield the findings that concern several properties of this object; paths are relative to the
        object.

        Nested argument objects are checked by the base class, and not here.
        """
        yield from ()

    def without_components(self: A) -> A:
        """Return a copy in which the inputs of each component replace the component."""
        return self

    def judged(self) -> list[Finding]:
        """Return the findings on this object and on all nested objects, with the severities of `rules`."""
        found, settings = list(_findings("", self)), self.settings
        if not settings:
            return found
        return [*setting_findings(settings, every_rule()), *judged(found, settings)]

    @property
    def settings(self) -> Mapping[str, Severity]:
        """The severities that the program gives to single rules."""
        return getattr(self, "rules", None) or {}


_WITHOUT_PARTS = (str, int, type(None), Enum)


def parts_of(value: object) -> list[tuple[str, object]]:
    """Return the values inside an argument object, a mapping or a list, each with its path below the
    value."""
    if isinstance(value, Args):
        return [(name, part) for name, part in vars(value).items() if part is not None]
    if isinstance(value, Mapping):
        return [(f"[{key!r}]", part) for key, part in cast(Mapping[str, object], value).items()]
    listed = cast(Sequence[object], value) if isinstance(value, list | tuple) else ()
    return [(f"[{index}]", part) for index, part in enumerate(listed)]


def _findings(path: str, value: object) -> Iterator[Finding]:
    """Yield the findings on every argument object in the value, the innermost first; `path` leads to the
    value."""
    for below, part in parts_of(value):
        if isinstance(part, _WITHOUT_PARTS):
            continue
        yield from _findings(f"{path}.{below}" if path and not below.startswith("[") else path + below, part)
    if isinstance(value, Args):
        yield from (finding.under(path) if path else finding for finding in value.problems())


@dataclass_transform(kw_only_default=True)
def args_class(**checks: Check | EachItem | NoneAllowed) -> Callable[[C], C]:
    """Make a keyword-only class with validated properties: plain values at once, Outputs when they resolve.

    `checks` maps a property to a function that returns the fault of a plain value, or None; to `EachItem` of
    such a function for the items of a list or the values of a mapping; to `NoneAllowed` for a property whose
    Output may resolve to None.
    """

    def make(cls: C) -> C:
        annotations: dict[str, Any] = dict(cls.__annotations__)
        unknown = checks.keys() - annotations.keys()
        if unknown:
            raise TypeError(f"{cls.__name__} has no properties {sorted(unknown)}")
        cls.__annotations__ = {
            name: accept_outputs(annotation, cls.__name__, name, checks.get(name))
            for name, annotation in annotations.items()
        }
        made: Any = pydantic.dataclasses.dataclass(cls, kw_only=True, config=_CONFIG)
        # Cross-language schemas, editors and the documentation read the annotations as written.
        made.__annotations__ = annotations
        validate: Callable[..., None] = made.__init__

        @functools.wraps(validate)
        def __init__(self: object, *positional: object, **named: object) -> None:
            try:
                validate(self, *positional, **named)
            except ValidationError as error:
                raise InvalidInputs(labelled(cls.__name__, named), problems_of(error, cls)) from None

        made.__init__ = __init__
        return cast(C, made)

    return make


def parse_args(cls: type[A], value: A | Mapping[str, object], owner: str) -> A:
    """Return an instance of `cls`, as `parse_and_judge`."""
    return parse_and_judge(cls, value, owner)[0]


def parse_and_judge(cls: type[A], value: A | Mapping[str, object], owner: str) -> tuple[A, Sequence[Finding]]:
    """Return an instance of `cls`, made from a mapping of the same shape if necessary, and the findings.

    Raise `InvalidInputs` with all errors of types and bounds; without such errors, with all errors of the
    rules. `check_deferred` reports warnings and notes, once the component exists.
    """
    if not isinstance(value, cls):
        try:
            value = TypeAdapter(cls).validate_python(value)
        except ValidationError as error:
            raise InvalidInputs(owner, problems_of(error, cls)) from None
    found = value.judged()
    _stop(owner, found)
    return value, found


def check_deferred(
    component: pulumi.Resource, owner: str, args: Args, found: Sequence[Finding] | None = None
) -> Input[bool]:
    """Report warnings and notes once; check again, and raise errors, when the Outputs in `args` resolve.

    A resource that must not be made before the second check uses the returned value, which is an Output if
    `args` holds an Output. The Output is known also if a preview does not know the values; the preview then
    reports the checks that are left out. `found`: the findings of `args`, where `args` hold no component.
    """
    plain = args.without_components()
    found = plain.judged() if found is None else found
    said = [finding for finding in found if finding.rule is not NOT_YET]
    _log(component, said)
    if not holds_outputs(plain):
        return True

    async def later() -> bool:
        in_update = not pulumi.runtime.is_dry_run()
        now = list(gathered((await _now(plain)).judged(), in_update=in_update))
        _stop(owner, now)
        _log(component, (finding for finding in now if finding not in said))
        return True

    return pulumi.Output.from_input(later())


def note_while_pending(
    component: pulumi.Resource, value: "pulumi.Output[Any]", text: str
) -> "pulumi.Output[bool]":
    """Write a note under the component if a preview does not know the value. Return whether the value is
    known."""

    async def note() -> bool:
        is_known = await value.is_known()
        if not is_known:
            pulumi.log.info(text, component)
        return is_known

    return pulumi.Output.from_input(note())


def report(
    component: pulumi.Resource, owner: str, settings: Mapping[str, Severity], findings: Iterable[Finding]
) -> None:
    """Raise the errors among findings of live values, and log the others under the component."""
    found = judged(findings, settings)
    _stop(owner, found)
    _log(component, found)


def _stop(owner: str, findings: Iterable[Finding]) -> None:
    InvalidInputs.raise_if_any(owner, (finding for finding in findings if finding.severity is Severity.ERROR))


def _log(component: pulumi.Resource, findings: Iterable[Finding]) -> None:
    for finding in findings:
        if finding.severity is not Severity.ERROR:
            log = pulumi.log.warn if finding.severity is Severity.WARNING else pulumi.log.info
            log(str(finding), component)


def holds_outputs(value: object) -> bool:
    """Whether an Output is in arguments, in a mapping or in a list, at any depth."""
    if isinstance(value, _WITHOUT_PARTS):
        return False
    return isinstance(value, pulumi.Output) or any(holds_outputs(part) for _, part in parts_of(value))


async def _now(value: Any) -> Any:
    """Return the value in which every Output is replaced by its value, if that is known and not a secret."""
    if isinstance(value, pulumi.Output):
        output: pulumi.Output[Any] = cast(Any, value)
        is_known = await output.is_known()  # waits for the value, so an error of the value is raised here
        return await output.future() if is_known and not await output.is_secret() else output
    if not holds_outputs(value):
        return value
    if isinstance(value, Args):
        same = copy.copy(value)
        for name, part in vars(value).items():
            setattr(same, name, await _now(part))
        return same
    if isinstance(value, Mapping):
        return {key: await _now(part) for key, part in cast(Mapping[str, Any], value).items()}
    return [await _now(part) for part in cast(Sequence[Any], value)]


def register_declared_outputs(component: pulumi.ComponentResource, cls: type) -> None:
    """Register the outputs that the component's class declares: `cluster_id` as `clusterId`."""
    component.register_outputs({to_camel(name): getattr(component, name) for name in cls.__annotations__})


class _ChildOptions(TypedDict, total=False):
    depends_on: Sequence[pulumi.Resource]
    provider: pulumi.ProviderResource
    protect: bool | None
    ignore_changes: list[str]
    replace_on_changes: list[str]
    additional_secret_outputs: list[str]
    delete_before_replace: bool
    retain_on_delete: bool
    replacement_trigger: pulumi.Output[str]
    custom_timeouts: pulumi.CustomTimeouts | None
    hooks: pulumi.ResourceHookBinding
    aliases: Sequence[pulumi.Alias]


def child_options(parent: pulumi.Resource, **options: Unpack[_ChildOptions]) -> pulumi.ResourceOptions:
    """Return the options of a child of `parent`.

    The caller's providers, `protect`, transforms and aliases reach the child through its parent, `depends_on`
    through the component's own registration. Options are never merged: a merge would replace the parent.
    """
    return pulumi.ResourceOptions(parent=parent, **options)


def with_hooks(
    opts: pulumi.ResourceOptions | None, hooks: pulumi.ResourceHookBinding
) -> pulumi.ResourceOptions:
    """Return the options of a component with further hooks."""
    found = pulumi.ResourceOptions() if opts is None else copy.copy(opts)
    found.hooks = pulumi.ResourceHookBinding.merge(found.hooks, hooks) if found.hooks else hooks
    return found


def refuse_wrong_options(opts: object, owner: str, wanted: str = "Kubernetes") -> None:
    """Refuse options of a wrong type, and a value that is not a provider in place of a provider, for example
    a HybridCluster.

    `wanted` names the provider that the component needs.
    """
    InvalidInputs.raise_if_any(owner, _problems(opts, wanted))


def given_providers(opts: pulumi.ResourceOptions | None) -> list[tuple[str, object]]:
    """Return each provider in a component's own options with its path, also a value that is no provider."""
    if opts is None:
        return []
    providers: object = opts.providers or ()
    if isinstance(providers, Mapping):
        providers = list(cast(Mapping[str, object], providers).values())
    several = cast(Sequence[object], providers) if _is_list(providers) else ()
    return [
        *([("opts.provider", opts.provider)] if opts.provider else []),
        *(("opts.providers", provider) for provider in several),
    ]


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _problems(opts: object, wanted: str) -> Iterator[Finding]:
    if opts is None:
        return
    if not isinstance(opts, pulumi.ResourceOptions):
        around = "provider=...) around it" if isinstance(opts, pulumi.ProviderResource) else "...)"
        what = f"must be ResourceOptions, not a {type(opts).__name__}"
        yield PROPERTY.finding("opts", what, todo=f"write ResourceOptions({around}")
        return
    if opts.providers and not isinstance(opts.providers, Mapping) and not _is_list(opts.providers):
        what = f"must be a list, not a {type(opts.providers).__name__}"
        yield PROPERTY.finding("opts.providers", what, todo="write [...] around it, or use provider=")
    for path, value in given_providers(opts):
        if not isinstance(value, pulumi.ProviderResource):
            cluster = wanted == "Kubernetes" and hasattr(type(value), "provider")
            todo = "pass cluster.provider" if cluster else "pass the provider itself"
            what = f"must be a {wanted} provider, not a {type(value).__name__}"
            yield PROPERTY.finding(path, what, todo=todo)


def require_provider(providers: Mapping[str, pulumi.ProviderResource], owner: str) -> None:
    """Refuse the default provider, which would send the objects to the cluster of this machine's
    kubeconfig."""
    if "kubernetes" not in providers:
        raise InvalidInputs.single(
            owner,
            "opts.provider",
            "no Kubernetes provider; without one the objects would go to the cluster of this machine's own"
            " kubeconfig; pass opts=ResourceOptions(provider=cluster.provider), or set"
            " use_ambient_provider=True",
        )
