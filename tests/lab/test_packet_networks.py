"""The machine's requirements for real packets, and the removal of a lab's network namespaces."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab.controllers.kube import (
    Json,
)
from tests.lab.controllers_tests import cluster as controlled
from tests.lab.lab import Lab, wait_until
from tests.lab.packets import PacketsUnavailable, kernel, names, tools
from tests.lab.packets.plan import MAX_PODS, Client, Modes, observe
from tests.lab.packets_cluster import (
    with_cluster,
)


def test_without_root_there_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.unavailable.cache_clear()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    try:
        with pytest.raises(PacketsUnavailable, match="need root"), Lab.started(packets=True):
            pass
        kernel.unavailable.cache_clear()
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(shutil, "which", lambda program: None if program == "nft" else "/bin/true")
        with (
            pytest.raises(PacketsUnavailable, match="`nft` of the package nftables"),
            Lab.started(packets=True),
        ):
            pass
    finally:
        kernel.unavailable.cache_clear()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of programs of a machine without those that packets need."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_missing_tools_are_installed_where_that_is_possible(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tools.missing() == ["iproute2", "nftables"]
    assert "this machine's package manager" in tools.provide()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "not root" in tools.provide()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    _program(bare / "apt-get", "echo no such package >&2; exit 100")
    assert tools.provide().endswith("real packets are left out: no such package")
    # Its lists are absent at first, as in a fresh container.
    made = "; ".join(f"echo > {bare / name}; /bin/chmod +x {bare / name}" for name in ("ip", "nft"))
    _program(
        bare / "apt-get",
        f'[ "$1" = update ] && exec /bin/sh -c "echo > {bare}/lists"; [ -e {bare}/lists ] || exit 100;'
        f" {made}",
    )
    assert tools.provide() == "installed iproute2 nftables"
    assert tools.provide() == ""


def _pod(number: int) -> Json:
    return {
        "metadata": {"name": f"web-{number:02}", "namespace": "default", "uid": f"{number:08}"},
        "spec": {"nodeName": "10.0.0.4", "containers": [{"name": "web", "image": "web"}]},
        "status": {"phase": "Running", "podIP": f"10.0.4.{number + 10}"},
    }


def test_the_number_of_pods_is_bounded() -> None:
    made = controlled.Lab()
    made.loop.close()
    node: Json = {
        "metadata": {"name": "10.0.0.4"},
        "spec": {"podCIDR": "192.168.0.0/26"},
        "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.4"}]},
    }
    plan = observe(
        made.world, made.cluster, [node], [_pod(number) for number in range(MAX_PODS + 2)], [], [], Modes()
    )
    assert len(plan.pods) == MAX_PODS
    assert plan.left_out == (
        f"pod default/web-60: more than {MAX_PODS} pods",
        f"pod default/web-61: more than {MAX_PODS} pods",
    )
    taken = observe(made.world, made.cluster, [node], [_pod(0)], [], [Client("10.0.0.4")], Modes())
    assert (taken.nodes, taken.left_out) == ((), ("node 10.0.0.4: 10.0.0.4 belongs to a client",))


def test_a_lab_leaves_nothing_behind(possible: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # The lab must have removed its namespaces itself, before the sweep of the next lab.
    monkeypatch.setattr(kernel, "sweep", list)
    monkeypatch.setattr("tests.lab.packets.sweep", list)
    with Lab.started(packets=True) as lab:
        made = with_cluster(lab)
        assert len(made) == 2
        prefix = lab.client("10.0.0.3")
        shown = subprocess.run(
            [*prefix, "ip", "-o", "-4", "address"], capture_output=True, text=True, check=True
        ).stdout
        assert "10.0.0.3/32" in shown
        assert lab.packets(keep_alive=True)["modes"]["keep_alive"]
        with pytest.raises(LookupError, match="belongs to the VPC's router"):
            lab.client("10.0.0.1")
        # The lab's door works from the client.
        look = f"import urllib.request as u; print(u.urlopen('{lab.address}/_lab/healthz').status)"
        health = subprocess.run(
            [*prefix, sys.executable, "-c", look], capture_output=True, text=True, check=True
        )
        assert health.stdout.strip() == "200"
        left = names.existing(made[0].rpartition("-")[0])
        assert len(left) == 3
        begin = time.monotonic()
    print(f"stopped in {time.monotonic() - begin:.1f} s")
    assert not set(left) & set(names.existing())


def test_after_a_hard_kill_the_next_start_cleans_up(possible: None) -> None:
    with Lab.started(packets=True) as lab:
        left = set(with_cluster(lab))
        client = lab.client("10.0.0.3")
        left.add(client[-1])
        agent = lab.packets()["agent"]
        inside = subprocess.Popen([*client, "sleep", "300"])
        os.kill(int(client[-1].removeprefix("tkl").partition("-")[0]), signal.SIGKILL)
        wait_until("its agent ends with it", lambda: not Path(f"/proc/{agent}").exists(), 5)
        assert left <= set(names.existing())
        with Lab.started(packets=True):
            assert not left & set(names.existing())
        assert inside.wait(5) == -signal.SIGKILL
