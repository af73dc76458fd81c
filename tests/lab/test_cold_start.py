"""A machine without anything gets its programs from a local mirror that has this machine's own programs."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.lab.lab import ROOT
from tests.lab.release_mirror import Mirror, own_programs
from tests.lab.toolchain import ensure
from tests.lab.toolchain.official import PLUGIN_FOLDER

MOST_SECONDS = 180


def test_a_cold_start_from_a_mirror_ends_within_three_minutes(tmp_path: Path) -> None:
    programs = own_programs(ensure())
    with Mirror().served() as mirror:
        mirror.add(programs)
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "TKE_HYBRID_LAB_MIRROR": mirror.address,
            "TKE_HYBRID_LAB_SUMS": str(mirror.write_sums(tmp_path / "sums")),
            "TKE_HYBRID_LAB_SOURCE": "download",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "tests.lab.toolchain"],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=MOST_SECONDS, check=True,
        )  # fmt: skip
        print(done.stderr, f"{time.monotonic() - started:.1f} s", sep="\n")
    fresh = Path(done.stdout.splitlines()[-1])
    assert fresh.is_relative_to(tmp_path)
    for command, text in (
        (["etcd", "--version"], "etcd Version: 3.6.14"),
        (["kwok", "--version"], "v0.8.0"),
        (["kube-apiserver", "--version"], "Kubernetes v1.36.3"),
        (["pulumi", "version"], "v3.259.0"),
    ):
        ran = subprocess.run(
            [str(fresh / command[0]), *command[1:]],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert text in ran.stdout
    assert os.access(
        fresh.parent / "pulumi-home" / "plugins" / PLUGIN_FOLDER / "pulumi-resource-kubernetes", os.X_OK
    )
