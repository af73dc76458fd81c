"""Starts each command in a process, as a user does."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.unit.capacity.stacks import FOUR, cluster, stack, subnet, workload
from tests.unit.review.recordings import RECORDED

ROOT = Path(__file__).parents[2]
FACTS = {
    "clusterId": "cls-a1b2c3d4",
    "vpcId": "vpc-a1b2c3d4",
    "region": "ap-guangzhou",
    "zones": {"ap-guangzhou-4": [{"subnetId": "subnet-44444444", "cidrBlock": "10.0.64.0/22"}]},
    "nodePools": [],
    "staticIp": True,
    "ipReclaim": "300s",
}


class Forks:
    """Forks of a process that has imported all modules except `missing` and `broken`."""

    def __init__(
        self, env: Mapping[str, str], missing: Sequence[str] = (), broken: Sequence[str] = ()
    ) -> None:
        words = [sys.executable, "-m", "tests.processes.forks", json.dumps([missing, broken])]
        self._process = subprocess.Popen(
            words, cwd=ROOT, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, words: Sequence[str], **how: object) -> tuple[int, bytes, bytes]:
        """Return exit code, standard output and standard error."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"words": words, **how}), file=self._process.stdin, flush=True)
        found = json.loads(self._process.stdout.readline())
        return found["code"], bytes.fromhex(found["out"]), bytes.fromhex(found["err"])

    def __enter__(self) -> "Forks":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass(frozen=True)
class Call:
    """A command, and its exit code without a fault."""

    words: list[str]
    code: int


def kubeconfig(folder: Path, server: str) -> Path:
    """Write a kubeconfig for an address of loopback."""
    path = folder / "kubeconfig"
    path.touch(0o600)
    path.write_text(
        "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], clusters: [{name:"
        f" k, cluster: {{server: 'http://{server}'}}}}], users: [{{name: u, user: {{token: t}}}}]}}"
    )
    return path


def calls(folder: Path, server: str) -> dict[str, Call]:
    """Return a call of each command. `server`, an address of loopback, is the cloud and the cluster."""
    facts, state, config = folder / "facts.json", folder / "state.json", kubeconfig(folder, server)
    facts.write_text(json.dumps(FACTS))
    state.write_text(json.dumps(stack(cluster(), subnet(FOUR, "10.0.64.0/28", 9), workload("web", 3))))
    live = ["--cluster-id", "cls-a1b2c3d4", "--region", "ap-guangzhou", "--kubeconfig", str(config)]
    return {
        "review": Call(["review", str(RECORDED / "raw-image.json")], 0),
        "review of a danger": Call(["review", str(RECORDED / "raw-list-empty.json")], 2),
        "verify": Call(
            ["verify", "--service", "default/web", "--kubeconfig", str(config), "--structure-only"], 3
        ),
        "drift": Call(["drift", "--facts", str(facts), "--kubeconfig", str(config)], 3),
        "capacity": Call(["capacity", "--state", str(state)], 0),
        "capacity of a cluster": Call(["capacity", *live], 3),
        "capacity propose": Call(
            ["capacity", "propose", "--vpc", "10.0.0.0/16", "--zone", "ap-guangzhou-4:3xS5.LARGE8:60"], 0
        ),
        "doctor": Call(
            ["doctor", "--region", "ap-guangzhou", "--project", str(folder), "--offline"], 2
        ),  # no pulumi on this PATH
        "policy": Call(["policy"], 0),
    }


def environment(folder: Path, server: str, **more: str) -> dict[str, str]:
    """Return variables without locale, terminal and cluster, and with an empty home."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT")
    }
    cloud = {"SECRET_ID": "AKIDx", "SECRET_KEY": "y", "DOMAIN": "cloud.test", "PROTOCOL": "http"}
    settings = {f"TENCENTCLOUD_{name}": value for name, value in cloud.items()}
    return {
        **kept,
        **settings,
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "HTTP_PROXY": f"http://{server}",
        **more,
    }


def start(words: Sequence[str], env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a program with an empty standard input."""
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ends(process: "subprocess.Popen[bytes]") -> tuple[int, bytes, bytes]:
    """Return exit code, standard output and standard error; kill a process that does not end."""
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, out or b"", err or b""


class Refusing(BaseHTTPRequestHandler):
    """A cloud that knows no key. Its response is not that of a Kubernetes API server."""

    def do_POST(self) -> None:
        body = (
            b'{"Response": {"Error": {"Code": "AuthFailure.SecretIdNotFound", "Message": "unknown key"},'
            b' "RequestId": "r"}}'
        )
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def refusing() -> Generator[str]:
    """Serve, and return the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
