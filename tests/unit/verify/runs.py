"""Runs of `verify` on loopback, with a cluster that is a few lists."""

import asyncio
import contextlib
import threading
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from pulumi_tke_hybrid.verify.backends import Backends, Pod
from pulumi_tke_hybrid.verify.caveats import name_of_caveat
from pulumi_tke_hybrid.verify.cluster_snapshot import Frontend
from pulumi_tke_hybrid.verify.probe import ProbePlan, Progress
from pulumi_tke_hybrid.verify.report import Verification
from pulumi_tke_hybrid.verify.run_command import VerifyOptions, verify
from pulumi_tke_hybrid.verify.target import Limits
from tests.unit.verify.objects import SUBNETS, FakeKube
from tests.unit.verify.servers import Handler, Whoami, serving

CLIENT = "127.0.0.1"


PODS = Backends((Pod("web-0", address="10.0.64.2"), Pod("web-1", address="10.0.68.2")))


FRONTEND = Frontend("Service", "default", "web")


OPTIONS = VerifyOptions(
    frontend=FRONTEND,
    subnets=SUBNETS,
    plan=ProbePlan(requests=20, deadline=5, retry=0.1, limits=Limits(connect=2, answer=2)),
)


@contextlib.contextmanager
def background(handler: Handler) -> Generator[int]:
    """Run a server in a thread, beside code that runs its own event loop."""
    ready, ports, loop = threading.Event(), list[int](), asyncio.new_event_loop()
    done = asyncio.Event()

    async def main() -> None:
        async with serving(handler) as port:
            ports.append(port)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    thread.start()
    try:
        assert ready.wait(5)
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(5)
        loop.close()


def run(handler: Handler, kube: FakeKube | None = None, **changes: Any) -> Verification:
    with background(handler) as port:
        wanted = replace(OPTIONS, url=f"http://127.0.0.1:{port}/", **changes)
        return verify(wanted, lambda: kube or FakeKube(), Progress())


def seeing(peers: dict[str, str], adds: str = "") -> Handler:
    return Whoami(PODS, lambda one: peers.get(one.name), adds).handle


def names(outcome: Verification) -> list[str]:
    return [name_of_caveat(caveat) for caveat in outcome.caveats]
