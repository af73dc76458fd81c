"""Reads of the cluster in hooks: threads, clients and shared reads."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from pulumi_tke_hybrid.component import in_thread, live_objects
from pulumi_tke_hybrid.component.live_objects import Objects, budgets_in


def test_a_read_ends_while_registrations_occupy_every_thread_of_the_event_loop() -> None:
    registered = threading.Event()

    async def program() -> str:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        registration = loop.run_in_executor(None, registered.wait, 5)
        try:
            return await asyncio.wait_for(in_thread(lambda: "read"), 2)
        finally:
            registered.set()
            await registration

    assert asyncio.run(program()) == "read"


@pytest.mark.parametrize(("dry_run", "reads"), [(True, ["a", "b"]), (False, ["a", "a", "b"])])
def test_workloads_of_a_preview_share_the_read_of_a_namespace(
    monkeypatch: pytest.MonkeyPatch, dry_run: bool, reads: list[str]
) -> None:
    found: list[str] = []

    def objects_and_budgets(_: str, __: str, namespace: str, ___: Any) -> tuple[Any, Objects]:
        found.append(namespace)
        return {}, [{"metadata": {"name": f"budget-of-{namespace}"}}]

    monkeypatch.setattr(live_objects, "objects_and_budgets", objects_and_budgets)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: dry_run)
    run_of_a_program = SimpleNamespace()
    monkeypatch.setattr("pulumi_tke_hybrid.component.get_monitor", lambda: run_of_a_program)

    async def program() -> list[Objects]:
        return await asyncio.gather(*(budgets_in(None, namespace) for namespace in ("a", "a", "b")))

    names = [item["metadata"]["name"] for budgets in asyncio.run(program()) for item in budgets]
    assert names == ["budget-of-a", "budget-of-a", "budget-of-b"]
    assert sorted(found) == reads


def test_reads_share_a_client_until_its_credential_may_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    now = [1000.0]

    def connect_to(*_: str) -> Any:
        made.append(object())
        return made[-1]

    monkeypatch.setattr(live_objects, "connect_to", connect_to)
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr(live_objects, "_CLIENTS", {})
    first, second = (live_objects.client_of("text", "") for _ in range(2))
    other = live_objects.client_of("text", "another context")
    now[0] += live_objects.CLIENT_SECONDS
    later = live_objects.client_of("text", "")
    assert first is second
    assert [other is first, later is first] == [False, False]
    assert len(made) == 3
