"""Runs the credential helper of a kubeconfig (`exec`) and checks its output.

A helper has a time limit and no terminal, and its output is not shown. An output that is no valid credential
raises `KubeError` before any request. Source of the protocol: Kubernetes, "client-go credential plugins",
versions v1 and v1beta1 of client.authentication.k8s.io.
"""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pulumi_tke_hybrid.kube import KubeError
from pulumi_tke_hybrid.kube.kubeconfig import Section, shown_name
from pulumi_tke_hybrid.tke.objects import Json, mapping

TIMEOUT = 60.0
"""Seconds for a helper."""
_MAX_OUTPUT = 1024 * 1024
_GROUP = "client.authentication.k8s.io/"
_VERSIONS = ("v1", "v1beta1")
_INTERACTIVE = ("", "Never", "IfAvailable", "Always")
_CLUSTER_FIELDS = (
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "proxy-url",
    "disable-compression",
)
_EXTENSION = "client.authentication.k8s.io/exec"


@dataclass(frozen=True)
class Credential:
    """The output of a helper: a token, a client certificate with its key, or all three."""

    token: str = field(default="", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)


def run_helper(
    spec: Section, cluster: Section, authority: bytes | None, timeout: float = TIMEOUT
) -> Credential:
    """Run the helper of a user and return its credential. `authority` is the cluster's certificate
    authority in PEM, for `provideClusterInfo`."""
    version = _version(spec)
    mode = spec.text("interactiveMode")
    if mode not in _INTERACTIVE:
        raise KubeError(f"{spec.title}: interactiveMode is none of Never, IfAvailable, Always")
    if mode == "Always":
        raise KubeError(
            f"{spec.title}: interactiveMode is Always, and this command gives a helper no terminal; use a"
            " token or another user"
        )
    program, name = _program(spec)
    arguments = [_text(item, spec, "args") for item in spec.items("args")]
    request: Json = {"interactive": False}
    if spec.flag("provideClusterInfo"):
        request["cluster"] = _cluster_info(cluster, authority)
    info = {"apiVersion": f"{_GROUP}{version}", "kind": "ExecCredential", "spec": request}
    environment = {**os.environ, **_environment(spec), "KUBERNETES_EXEC_INFO": json.dumps(info)}
    title = f"{spec.title}: helper {shown_name(name)}"
    return _credential(_run([program, *arguments], environment, title, timeout), version, title)


def _version(spec: Section) -> str:
    given = spec.text("apiVersion")
    version = given.removeprefix(_GROUP)
    if given.startswith(_GROUP) and version in _VERSIONS:
        return version
    if given == f"{_GROUP}v1alpha1":
        raise KubeError(
            f"{spec.title}: apiVersion is v1alpha1, which kubectl has not supported since 1.24; write it with"
            " v1 or v1beta1"
        )
    raise KubeError(f"{spec.title}: apiVersion is neither {_GROUP}v1 nor {_GROUP}v1beta1")


def _program(spec: Section) -> tuple[str, str]:
    """Return the path and the name of the helper. A path with a folder starts at the kubeconfig's folder,
    a bare name is searched on PATH."""
    command = spec.text("command")
    if not command:
        raise KubeError(f"{spec.title}: command is missing")
    name = Path(command).name
    bare = name == command
    found = shutil.which(command if bare else str(spec.folder / command))
    if found is None:
        where = "on PATH" if bare else "where command names it"
        raise KubeError(
            f"{spec.title}: there is no program {shown_name(name)} {where}; install the helper, or give"
            " another user's context"
        )
    return found, name


def _environment(spec: Section) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in spec.items("env"):
        fields = mapping(item)
        key = _text(fields.get("name"), spec, "env")
        if not key or "=" in key:
            raise KubeError(f"{spec.title}: env holds a name that cannot be used")
        found[key] = _text(fields.get("value") or "", spec, "env")
    return found


def _text(value: object, spec: Section, key: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise KubeError(f"{spec.title}: {key} holds something that is not a text")
    return value


def _cluster_info(cluster: Section, authority: bytes | None) -> Json:
    info: Json = {key: cluster.fields[key] for key in _CLUSTER_FIELDS if cluster.fields.get(key)}
    if authority:
        info["certificate-authority-data"] = base64.b64encode(authority).decode("ascii")
    for extension in cluster.items("extensions"):
        fields = mapping(extension)
        if fields.get("name") == _EXTENSION:
            info["config"] = fields.get("extension")
    return info


def _run(argv: list[str], environment: Mapping[str, str], title: str, timeout: float) -> bytes:
    """Return the standard output of a helper that ended with 0."""
    deadline = time.monotonic() + timeout
    try:
        process = subprocess.Popen(  # noqa: S603 # the user's kubeconfig names the program
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else ""
        raise KubeError(f"{title} does not start ({reason or type(error).__name__})") from None
    output: list[bytes] = []
    stdout = process.stdout
    assert stdout, "a pipe"
    reader = threading.Thread(target=lambda: output.append(stdout.read(_MAX_OUTPUT + 1)), daemon=True)
    reader.start()
    try:
        reader.join(timeout)
        if not output:
            raise KubeError(f"{title} did not end within {timeout:g} s")
        if len(output[0]) > _MAX_OUTPUT:
            raise KubeError(f"{title} printed more than {_MAX_OUTPUT} bytes")
        code = process.wait(max(deadline - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        raise KubeError(f"{title} did not end within {timeout:g} s") from None
    finally:
        _end(process)
    if code:
        raise KubeError(f"{title} ended with exit code {code}; run the helper by hand to see why")
    return output[0]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a helper that still runs, and its child processes. The process group exists until `wait` has
    returned."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _credential(output: bytes, version: str, title: str) -> Credential:
    try:
        answer: Any = json.loads(output)
    except (ValueError, RecursionError):
        raise KubeError(f"{title} printed no JSON") from None
    fields = mapping(answer)
    if fields.get("kind") != "ExecCredential":
        raise KubeError(f"{title} printed no ExecCredential")
    if fields.get("apiVersion") != f"{_GROUP}{version}":
        raise KubeError(f"{title} answered in another apiVersion than {version}")
    status = Section(title, mapping(fields.get("status")))
    _refuse_expired(status.text("expirationTimestamp"), title)
    found = Credential(
        status.text("token"),
        status.text("clientCertificateData").encode(),
        status.text("clientKeyData").encode(),
    )
    if bool(found.certificate) != bool(found.key):
        raise KubeError(f"{title} returned one of clientCertificateData and clientKeyData without the other")
    if not found.token and not found.certificate:
        raise KubeError(f"{title} returned neither a token nor a client certificate")
    return found


def _refuse_expired(stamp: str, title: str) -> None:
    if not stamp:
        return
    try:
        # Python 3.10 parses neither fractions of a second nor `Z`.
        ends = datetime.fromisoformat(re.sub(r"\.[0-9]*", "", re.sub(r"[Zz]\Z", "+00:00", stamp), count=1))
    except ValueError:
        raise KubeError(f"{title}: expirationTimestamp is no time") from None
    if ends.tzinfo is None:
        raise KubeError(f"{title}: expirationTimestamp has no time zone")
    if ends <= datetime.now(timezone.utc):
        raise KubeError(f"{title} returned a credential that has expired")
