"""`tke-hybrid verify`, the command itself, run as a client of the lab's packet network; and its output."""

import asyncio
import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests import COMMAND
from tests.lab.controllers.kube import SERVICE, Json
from tests.lab.controllers_tests.cluster import ENI
from tests.lab.lab import ROOT
from tests.lab.packets_cluster import DIRECT, PacketLab

CLIENT = "10.0.0.3"
ENI_SUBNETS = [f"--subnet=ap-guangzhou-{zone}=10.0.{zone}.0/24" for zone in (4, 6, 7)]
# Runs a command, and prints its largest memory in KiB as the last line on standard error.
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Verified:
    """The output of one run of the command."""

    code: int
    report: Json
    text: str
    """For people: tables, findings and the headline."""
    seconds: float

    @property
    def verdict(self) -> str:
        return str(self.report["verdict"])

    @property
    def zones(self) -> dict[str, str]:
        return {zone["zone"].removeprefix("ap-guangzhou-"): zone["verdict"] for zone in self.report["zones"]}

    @property
    def peers(self) -> dict[str, set[str]]:
        return {pod["pod"]: set(pod["peers"]) for pod in self.report["pods"]}

    @property
    def verdicts(self) -> set[str]:
        return {pod["verdict"] for pod in self.report["pods"]}

    @property
    def traps(self) -> dict[str, str]:
        return {trap["name"]: trap["message"] for trap in self.report["traps"]}


class Place:
    """The cluster, and its kubeconfig in a file."""

    def __init__(self, lab: PacketLab, directory: Path) -> None:
        self.lab = lab
        self.kubeconfig = directory / "kubeconfig"
        self.kubeconfig.touch(0o600)
        self.kubeconfig.write_text(lab.cluster.kubeconfig)

    async def verify(
        self, namespace: str, *options: str, client: str = CLIENT, behind: str = "", measured: bool = False
    ) -> Verified:
        """Run the command as a client, by default on the Service `web`."""
        where = await self.lab.network.client(client, behind=behind)
        return await self.verify_in(where, namespace, *options, measured=measured)

    async def verify_in(self, where: str, namespace: str, *options: str, measured: bool = False) -> Verified:
        if not any(option.startswith("--ingress") for option in options):
            options = (f"--service={namespace}/web", *options)
        begin = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            "ip", "netns", "exec", where, *([sys.executable, "-c", MEASURED] if measured else []), COMMAND,
            "verify", f"--kubeconfig={self.kubeconfig}", *ENI_SUBNETS, "--json=-", *options,
            cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
        try:
            output, errors = await asyncio.wait_for(process.communicate(), 60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        assert process.returncode is not None
        text = errors.decode()
        assert "Traceback" not in text
        assert output, text
        found = Verified(process.returncode, json.loads(output), text, time.monotonic() - begin)
        assert found.report["exitCode"] == found.code
        print(f"exit {found.code}, {found.seconds:.1f} s: {found.report['headline']}")
        return found


async def direct(lab: PacketLab, namespace: str, per_zone: dict[str, int]) -> list[Json]:
    """ENI pods behind a direct Service, as the article has them."""
    await lab.service(namespace, DIRECT)
    pods = await lab.pods_on(namespace, per_zone, ENI)
    await lab.bound(await lab.vip(SERVICE, namespace), sum(per_zone.values()))
    return pods
