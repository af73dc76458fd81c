"""The inputs of policies, made from the previews that were recorded in the lab."""

import json
from pathlib import Path
from typing import Any

from pulumi_policy import PolicyResource, ResourceValidationArgs
from pulumi_policy.policy import PolicyCustomTimeouts, PolicyResourceOptions
from pulumi_policy.proxy import unknown_checking_proxy

from pulumi_tke_hybrid.policies.steps import PreviousState, of_export

RECORDED = Path(__file__).parents[1] / "review" / "recorded"
PREVIEWS = sorted(path for path in RECORDED.glob("raw-*.json") if path.stem != "raw-destroy")
"""The engine shows a destroy to no policy."""


def options(state: dict[str, Any]) -> PolicyResourceOptions:
    """A resource's options, as the SDK shows them."""
    return PolicyResourceOptions(
        bool(state.get("protect")),
        [],
        None,
        state.get("aliases") or [],
        PolicyCustomTimeouts(0, 0, 0),
        [],
        str(state.get("parent") or "") or None,
    )


class Recorded:
    """One preview from a policy's side."""

    def __init__(self, path: Path) -> None:
        self.path = path
        steps = json.loads(path.read_text())["steps"]
        # The last step of a replacement has the old resource, which waits for its deletion.
        was = {step["urn"]: {**step["oldState"], "delete": False} for step in steps if step.get("oldState")}
        self.before: PreviousState = of_export(json.dumps({"deployment": {"resources": list(was.values())}}))
        going = {step["urn"] for step in steps if step["op"] == "delete"}
        self._news = {
            step["urn"]: step["newState"]
            for step in steps
            if step.get("newState") and step["urn"] not in going
        }

    @classmethod
    def of(cls, name: str) -> "Recorded":
        """The preview of that name."""
        return cls(next(path for path in PREVIEWS if path.stem == name))

    def resources(self) -> list[ResourceValidationArgs]:
        """As resource policies see them: inputs."""
        return [
            ResourceValidationArgs(
                state["type"], _proxy(state.get("inputs")), urn, urn.rsplit("::", 1)[1], options(state), None
            )
            for urn, state in self._news.items()
        ]

    def stack(self) -> list[PolicyResource]:
        """As stack policies see them: outputs, which hold the inputs too."""
        found = {
            urn: PolicyResource(
                state["type"],
                _proxy({**(state.get("inputs") or {}), **(state.get("outputs") or {})}),
                urn,
                urn.rsplit("::", 1)[1],
                options(state),
                None,
                None,
                [],
                {},
            )
            for urn, state in self._news.items()
        }
        for urn, state in self._news.items():
            for key, urns in (state.get("propertyDependencies") or {}).items():
                found[urn].property_dependencies[key] = [
                    found[source] for source in urns or () if source in found
                ]
        return list(found.values())


def _proxy(props: Any) -> Any:
    return unknown_checking_proxy(
        {key: value for key, value in (props or {}).items() if not key.startswith("__")}
    )
