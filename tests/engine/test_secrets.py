"""Planted secrets are in clear nowhere: not in state, output, log or event log, nor in what other users of
the machine may see."""

import base64
import json
import os
import secrets
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.engine.stacks import PROGRAMS, stack
from tests.lab.lab import Lab
from tests.lab.pulumi_cli import PulumiProject

PAUSE = 0.02


class Processes:
    """The arguments and environment of each process of a CLI run, read again and again during the run."""

    def __init__(self) -> None:
        self.arguments: dict[int, bytes] = {}
        self.environments: dict[int, bytes] = {}

    def look(self) -> None:
        """Children of the CLI share its session. Every readable file of the children is read."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes()
                if b"PULUMI_BACKEND_URL=" in environment:
                    self.arguments[int(folder.name)] = (folder / "cmdline").read_bytes()
                    self.environments[int(folder.name)] = environment
            except OSError:
                continue  # ended meanwhile, or a process of another user


def run(project: PulumiProject, processes: Processes, *arguments: str, fails: bool = False) -> str:
    running = project.start(*arguments)
    try:
        while not running.wait(PAUSE):
            processes.look()
    finally:
        running.kill()
    result = running.result()
    assert bool(result.exit_code) == fails, result.output
    return result.output


def logged(step: str, folder: Path) -> list[str]:
    """Arguments for a log that is as verbose as it may be, and for an event log.

    When a pool is made, a log of level 3 and an event log have the requests of the tencentcloud plugin, with
    the password.
    """
    if step == "up":
        return ["--diff", "--logtostderr", "-v=2"]
    return ["--diff", "--event-log", str(folder / f"{step}.events"), "--logtostderr", "-v=3"]


def forms(secret: str) -> set[bytes]:
    """As it is, as JSON has it, and encoded."""
    return {secret.encode(), json.dumps(secret)[1:-1].encode(), base64.b64encode(secret.encode())}


def copies(folder: Path, kubeconfig: list[str]) -> list[Path]:
    """The files that the kubernetes plugin wrote for Helm at its configuration, and left behind."""
    ours = [path for path in folder.glob("kubeconfig*") if path.stat().st_uid == os.getuid()]
    return [
        path
        for path in ours
        if any(form in path.read_bytes() for secret in kubeconfig for form in forms(secret))
    ]


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks at processes through Linux's /proc"
)
def test_planted_secrets_are_nowhere_in_clear(lab: Lab, tmp_path: Path) -> None:
    password = f"Planted-{secrets.token_hex(4)}"
    (tmp_path / "password").write_text(f"{password}-and-longer")
    environment = {"LAB_PASSWORD_FILE": str(tmp_path / "password"), "PULUMI_DEBUG_COMMANDS": "true"}
    processes, printed = Processes(), list[str]()
    with stack(lab, PROGRAMS / "zones", "planted", {"zones": ["ap-guangzhou-4"]}, environment) as project:
        refused = run(project, processes, "preview", *logged("refused", tmp_path), fails=True)
        assert "password: is too long; the API takes 8 to 16 characters" in refused
        printed.append(refused)
        (tmp_path / "password").write_text(password)
        for step in ("preview", "up", "refresh"):
            flags = [] if step == "preview" else ["--yes"]
            printed.append(run(project, processes, step, *flags, *logged(step, tmp_path)))
        cluster_id = lab.cluster_id()
        user = yaml.safe_load(lab.kubeconfig(cluster_id))["users"][0]["user"]
        kubeconfig = [
            value if not name.endswith("-data") else base64.b64decode(value).decode()
            for name, value in user.items()
        ]
        planted = {
            "password of the nodes": password,
            "password of the cluster": lab.admin_password(cluster_id),
        }
        planted |= {f"kubeconfig {number}": value for number, value in enumerate(kubeconfig)}
        state = json.dumps(project.export()) + "".join(
            path.read_text() for path in project.backend.rglob("*.json*") if path.is_file()
        )
        (tmp_path / "password").write_text(f"Rotated-{secrets.token_hex(4)}")
        project.preview("--expect-no-changes")  # another password would rebuild the pool
        printed.append(run(project, processes, "destroy", "--yes", *logged("destroy", tmp_path)))
    places = {
        "state": state.encode(),
        "output and log": "".join(printed).encode(),
        "event log": b"".join(path.read_bytes() for path in tmp_path.glob("*.events")),
        "arguments": b"\n".join(processes.arguments.values()),
        "environment": b"\n".join(processes.environments.values()),
    }
    for place in places.values():
        assert len(place) > 1000
    left = copies(lab.temporary, kubeconfig)
    assert left  # without such a copy, this test does not show why TMPDIR is set
    assert {path.stat().st_mode & 0o077 for path in left} == {0}
    assert copies(Path(tempfile.gettempdir()), kubeconfig) == []
    assert any(b"tencentcloud_plugin" in arguments for arguments in processes.arguments.values())
    assert any(
        b"dynamic" in arguments or b"pulumi-resource-pulumi-python" in arguments
        for arguments in processes.arguments.values()
    )
    for name, secret in planted.items():
        for where, held in places.items():
            assert not [form for form in forms(secret) if form in held], f"{name} is in clear in: {where}"
    # The key was given in the environment. There it is, and nowhere else.
    handed_over = f"TENCENTCLOUD_SECRET_KEY={lab.secret_key}".encode()
    assert handed_over in places["environment"]
    places["environment"] = places["environment"].replace(handed_over, b"")
    for where, held in places.items():
        assert not [form for form in forms(lab.secret_key) if form in held], (
            f"the key is in clear in: {where}"
        )
