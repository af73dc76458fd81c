"""What a program's workloads say of existing load balancers, each compared with those before it."""

from collections.abc import Mapping
from weakref import WeakKeyDictionary

import pulumi

from pulumi_tke_hybrid.component.advice import say
from pulumi_tke_hybrid.component.errors import InvalidInputs
from pulumi_tke_hybrid.component.inputs import Input, awaited
from pulumi_tke_hybrid.component.live_objects import known_value
from pulumi_tke_hybrid.tke.rule import Severity
from pulumi_tke_hybrid.tke.rules.shared_balancers import Use, sum_findings, use_findings

_USES: "WeakKeyDictionary[pulumi.Resource, dict[str, list[Use]]]" = WeakKeyDictionary()
"""By the stack resource of a run, so that two programs of one process know nothing of each other."""


def claim(component: pulumi.Resource, use: Use, balancer: Input[str], settings: Mapping[str, Severity]) -> Input[bool]:
    """Note that a workload names this load balancer: at once, or as soon as its id is known.

    Raises `InvalidInputs` where another workload of the same run names the load balancer too, unless both share it. What must not be made
    before that uses the returned value, which a preview knows also where it does not know the id.
    """
    root = pulumi.runtime.get_root_resource()
    uses: dict[str, list[Use]] = {} if root is None else _USES.setdefault(root, {})

    def claimed(name: str) -> bool:
        others = uses.setdefault(name, [])
        InvalidInputs.check(use.owner, use_findings(use, name, others))
        say(component, use.owner, settings, sum_findings(use, name, others))
        others.append(use)
        return True

    async def later() -> bool:
        name = await known_value(balancer)
        return name is None or claimed(str(name))  # a preview may not know the id

    return pulumi.Output.from_input(later()) if awaited(balancer) else claimed(str(balancer))
