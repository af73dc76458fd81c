"""Records previews of real runs in the lab for the tests of `tke-hybrid review`: `python -m
tests.engine.record_previews [NAME...]`.

What is kept is small and free of machine paths: positions in source files, times and most outputs are left
out.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.engine.stacks import PROGRAMS, configure, stack
from tests.lab.lab import ROOT, Lab
from tests.lab.pulumi_cli import PulumiProject

RECORDED = ROOT / "tests" / "unit" / "review" / "recorded"
SECRET = "planted-7f3a"
FOUR, SIX, SEVEN = "ap-guangzhou-4", "ap-guangzhou-6", "ap-guangzhou-7"
_LEFT_OUT = (
    "sourcePosition",
    "stackTrace",
    "created",
    "modified",
    "duration",
    "timestamp",
    "customTimeouts",
    "__provider",
    "__defaults",
)
_PATHS = re.compile(rf"{re.escape(str(ROOT))}|{re.escape(str(Path.home()))}")
_KEPT_OUTPUTS = (
    "eniSubnetIds",
    "registeredSubnets",
    "availableIpCount",
    "status",
    "password",
    "kubeConfig",
    "kubeConfigIntranet",
)

RAW = {
    "raw-nothing": "",
    "raw-cluster-replaced": "cluster-pods",
    "raw-cluster-replaced-for-two-reasons": "cluster-pods+not-static",
    "raw-list-shrinks": "list-shrinks",
    "raw-list-empty": "list-empty",
    "raw-protected": "vpc-range",
    "raw-node-subnet-range": "node-range",
    "raw-reclaim": "reclaim",
    "raw-new-zone": "new-zone",
    "raw-uncovered-zone": "uncovered",
    "raw-pool-replaced": "machines",
    "raw-pool-gone": "pool-gone",
    "raw-more-nodes": "more-nodes",
    "raw-group-narrowed": "group",
    "raw-protection-off": "deletion-protection+unprotect",
    "raw-direct-access-off": "direct-off",
    "raw-service-type": "service-type",
    "raw-service-renamed": "service-renamed",
    "raw-service-renamed-in-the-program": "service-renamed+service-renamed-urn",
    "raw-statefulset-replaced": "statefulset",
    "raw-deployment-replaced": "deployment",
    "raw-kept-address-off": "claim",
    "raw-pods-leave-eni": "leave-eni",
    "raw-replicas": "replicas",
    "raw-ipamd-restart": "restart",
    "raw-masquerade": "masquerade",
    "raw-image": "image",
    "raw-tag": "tag",
    "raw-mixture": "list-shrinks+direct-off+group+image+uncovered+masquerade+claim",
    "raw-crash": "crash",
}
"""Name of a recording, and what its program changes."""
RAW_UNPROTECTED = {
    "raw-vpc-range": "vpc-range",
    "raw-everything": (
        "cluster-pods+vpc-range+service-type+statefulset+machines+claim+group+restart+masquerade+list-empty"
        "+uncovered"
    ),
}
"""The same, once nothing is protected any more."""


class Recorder:
    """Previews, made small and stored."""

    def __init__(self, wanted: Sequence[str]) -> None:
        self._wanted = wanted

    def wants(self, *names: str) -> bool:
        """Whether one of these is to be recorded."""
        return not self._wanted or any(name in self._wanted for name in names)

    def preview(
        self, project: PulumiProject, name: str, *arguments: str, command: Sequence[str] = ("preview",)
    ) -> None:
        """One preview, also a failing one."""
        if self.wants(name):
            result = project.run(*command, "--json", "--show-sames", *arguments, check=False)
            self._store(name, json.loads(result.stdout[result.stdout.index("{") :]))

    def events(self, project: PulumiProject, name: str) -> None:
        """The engine's event log of a preview."""
        if not self.wants(name):
            return
        log = project.backend / "events.log"
        project.change_environment({"PULUMI_DEBUG_COMMANDS": "true"})
        project.run("preview", "--event-log", str(log), check=False)
        project.change_environment({"PULUMI_DEBUG_COMMANDS": ""})
        events = [json.loads(line) for line in log.read_text().splitlines()]
        lines = [
            json.dumps(small(event), separators=(",", ":"))
            for event in events
            if "resOutputsEvent" not in event
        ]
        (RECORDED / f"{name}.log").write_text("\n".join(lines) + "\n")

    def _store(self, name: str, preview: Any) -> None:
        (RECORDED / f"{name}.json").write_text(written(small(preview)))
        print(name, preview.get("changeSummary"), flush=True)


def small(value: Any, inside: str = "") -> Any:
    """Without what no reader looks at."""
    if isinstance(value, dict):
        kept = _KEPT_OUTPUTS if inside == "outputs" else None
        return {
            key: small(item, key)
            for key, item in value.items()
            if key not in _LEFT_OUT
            and (kept is None or key in kept)
            and not (inside == "propertyDependencies" and not item)
        }
    if isinstance(value, list):
        return [small(item) for item in value]
    return _PATHS.sub("/project", value) if isinstance(value, str) else value


def written(preview: Any) -> str:
    """As JSON with a step a line."""
    lines: list[str] = []
    for name, value in preview.items():
        one = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if name in ("steps", "diagnostics"):
            rows = (json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in value)
            one = "[\n" + ",\n".join(rows) + "\n]"
        lines.append(f'"{name}":{one}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def raw(lab: Lab, recorder: Recorder) -> None:
    """The vendor's raw resources."""
    others = ("raw-first", "raw-phantom", "raw-switched-on", "raw-drift", "raw-destroy", "raw-events")
    if not recorder.wants(*RAW, *RAW_UNPROTECTED, *others):
        return
    with stack(lab, PROGRAMS / "raw_network", "dev", {"stage": 1}) as project:
        project.config_set("nodePassword", SECRET, secret=True)
        recorder.preview(project, "raw-first")
        configure(project, {"change": "phantom"})
        recorder.preview(project, "raw-phantom")
        configure(project, {"change": ""})
        project.up()
        configure(project, {"stage": 2})
        recorder.preview(project, "raw-switched-on")
        project.up()
        try:
            for name, change in RAW.items():
                configure(project, {"change": change})
                recorder.preview(project, name)
            configure(project, {"change": "list-shrinks+direct-off"})
            recorder.events(project, "raw-events")
            configure(project, {"change": ""})
            configure(project, {"unprotected": "true"})
            project.up()
            for name, change in RAW_UNPROTECTED.items():
                configure(project, {"change": change})
                recorder.preview(project, name)
            configure(project, {"change": ""})
            recorder.preview(project, "raw-destroy", "--preview-only", command=("destroy",))
            (cluster,) = lab.state()["clusters"].values()
            lab.call(
                "tke",
                "ModifyClusterAttribute",
                {"ClusterId": cluster["cluster_id"], "ClusterName": "renamed in the console"},
            )
            recorder.preview(project, "raw-drift", "--refresh")
        finally:
            configure(project, {"change": "destroy"})
            project.up(check=False)


def components(lab: Lab, recorder: Recorder) -> None:
    """This library's own."""
    names = (
        "zones-first", "zones-nothing", "zones-zone-added", "zones-subnet-leaves", "zones-cluster-range",
        "zones-no-workload",
        "zones-destroy", "exposure-first", "exposure-another-subnet", "exposure-to-none",
    )  # fmt: skip
    if not recorder.wants(*names):
        return
    with stack(lab, PROGRAMS / "zones", "prod", {"zones": [FOUR, SIX]}) as project:
        recorder.preview(project, "zones-first")
        project.up()
        recorder.preview(project, "zones-nothing")
        changes: dict[str, dict[str, object]] = {
            "zones-zone-added": {"zones": [FOUR, SIX, SEVEN]},
            "zones-subnet-leaves": {"firstBlock": 128},
            "zones-cluster-range": {"clusterCidr": "172.16.0.0/20"},
            "zones-no-workload": {"workload": "false"},
        }
        for name, change in changes.items():
            configure(project, change)
            recorder.preview(project, name)
            for key in change:
                project.run("config", "rm", key)
            configure(project, {"zones": [FOUR, SIX]})
            project.run("config", "rm", "--path", "zones[2]", check=False)
        recorder.preview(project, "zones-destroy", "--preview-only", command=("destroy",))
        exposure(lab, recorder, str(project.outputs()["clusterId"]))


def exposure(lab: Lab, recorder: Recorder, cluster: str) -> None:
    """One workload on a cluster of another stack."""
    first, second = sorted(
        name for name, item in lab.state()["subnets"].items() if item["name"].startswith("nodes-")
    )
    config = {"clusterId": cluster, "subnetId": first, "otherSubnetId": second, "way": "internal"}
    with stack(
        lab, PROGRAMS / "exposure", "app", config, {"LAB_KUBECONFIG": lab.kubeconfig(cluster)}
    ) as project:
        recorder.preview(project, "exposure-first")
        project.up()
        for name, way in {"exposure-another-subnet": "other", "exposure-to-none": "none"}.items():
            configure(project, {"way": way})
            recorder.preview(project, name)


def by_configmap(lab: Lab, recorder: Recorder) -> None:
    """A zone added through ipamd's ConfigMap."""
    if not recorder.wants("configmap-zone-added"):
        return
    with stack(
        lab,
        PROGRAMS / "zones",
        "configmap",
        {"registration": "configmap", "zones": [FOUR], "workload": "false"},
    ) as project:
        project.up()
        configure(project, {"zones": [FOUR, SIX]})
        recorder.preview(project, "configmap-zone-added")


def parts() -> Iterator[Callable[[Lab, Recorder], None]]:
    """All recordings, a lab's stack after the other."""
    yield from (raw, components, by_configmap)


def main(wanted: Sequence[str]) -> None:
    """Record all, or those of these names."""
    RECORDED.mkdir(exist_ok=True)
    recorder = Recorder(wanted)
    with Lab.started() as lab:
        for part in parts():
            part(lab, recorder)


if __name__ == "__main__":
    main(sys.argv[1:])
