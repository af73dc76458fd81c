"""The lab for tests and for the demo: started, used and stopped from another process."""

import contextlib
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_tke_hybrid.cloud.api_client import VERSIONS
from tests.lab import packets as packet_network
from tests.lab.cloud.tls_door import authority_path
from tests.lab.packets import PacketsUnavailable
from tests.lab.pulumi_cli import PulumiProject
from tests.lab.tencentcloud_plugin.install import VERSION as TENCENTCLOUD_PLUGIN
from tests.lab.tencentcloud_plugin.install import install as install_stand_in_plugin
from tests.lab.toolchain import Binaries, ensure
from tests.lab.toolchain.official import PLUGIN_FOLDER, plugin_folder, tencentcloud_plugin

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "lab.test"
REGION = "ap-guangzhou"
_KINDS = {"vpcs": "vpc_id", "subnets": "subnet_id", "clusters": "cluster_id", "load_balancers": "lb_id"}


class Lab:
    """A running lab."""

    def __init__(
        self,
        process: "subprocess.Popen[str]",
        port: int,
        directory: Path,
        binaries: Binaries,
        secret: tuple[str, str],
    ) -> None:
        self._process = process
        self.address = f"http://127.0.0.1:{port}"
        self.directory = directory
        self.temporary = directory / "tmp"
        self.temporary.mkdir()
        self.binaries = binaries
        self.secret_id, self.secret_key = secret
        self._http = httpx.Client(base_url=self.address, timeout=30, trust_env=False)

    @classmethod
    @contextlib.contextmanager
    def started(
        cls, log: Path | None = None, *, packets: bool = False, draining: bool | None = None
    ) -> "Generator[Lab]":
        """Build the missing programs, start the lab, and stop the lab at the end. With `packets` the lab
        has a real packet network; raises PacketsUnavailable with the reason where this machine cannot have
        one.

        `draining`: pods that end run their preStop hooks first. Default: only with `packets`, because
        without packets no test sees the difference.
        """
        reason = packet_network.unavailable() if packets else None
        if reason is not None:
            raise PacketsUnavailable(reason)
        built = ensure()
        with tempfile.TemporaryDirectory(prefix="tke-hybrid-lab-") as name:
            directory = Path(name)
            binaries = replace(built, pulumi_home=_pulumi_home(built.pulumi_home, directory / "pulumi-home"))
            secret = (f"AKID{secrets.token_hex(16)}", secrets.token_hex(16))
            with (log or directory / "lab.log").open("w") as sink:
                process = subprocess.Popen(
                    [
                        sys.executable, "-m", "tests.lab.server", "--binaries", str(binaries.bin),
                        "--directory", name,
                        *(["--packets"] if packets else []),
                        *(["--draining"] if (packets if draining is None else draining) else []),
                    ],
                    cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sink, text=True,
                )  # fmt: skip
                try:
                    assert process.stdin is not None
                    assert process.stdout is not None
                    process.stdin.write(" ".join(secret) + "\n")
                    process.stdin.flush()
                    line = process.stdout.readline()
                    if not line.strip().isdigit():
                        raise RuntimeError(
                            f"the lab did not start: {(log or directory / 'lab.log').read_text()[-2000:]}"
                        )
                    yield cls(process, int(line), directory, binaries, secret)
                finally:
                    process.send_signal(signal.SIGINT)
                    try:
                        process.wait(20)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        process.wait()
                    if packets:
                        packet_network.sweep()  # nothing, unless it had to be killed

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that calls the stand-in cloud instead of Tencent's.

        `HTTPS_PROXY` and `SSL_CERT_FILE` are for the fixed https hosts of the vendor's plugin. Every other
        https host is refused.
        """
        return {
            "TENCENTCLOUD_SECRET_ID": self.secret_id,
            "TENCENTCLOUD_SECRET_KEY": self.secret_key,
            "TENCENTCLOUD_REGION": REGION,
            "TENCENTCLOUD_DOMAIN": DOMAIN,
            "TENCENTCLOUD_PROTOCOL": "HTTP",
            "HTTP_PROXY": self.address,
            "HTTPS_PROXY": self.address,
            "SSL_CERT_FILE": str(authority_path(self.directory)),
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def project(self, root: Path, environment: Mapping[str, str] | None = None) -> PulumiProject:
        """A Pulumi project whose cloud is this lab, with a backend of its own.

        Temporary files stay in the lab's folder: the kubernetes plugin leaves a kubeconfig behind wherever it
        is configured.
        """
        backend = Path(tempfile.mkdtemp(prefix="backend-", dir=self.directory))
        return PulumiProject(
            root,
            backend,
            self.binaries,
            {**self.environment, "TMPDIR": str(self.temporary), **(environment or {})},
        )

    @contextlib.contextmanager
    def own_load_balancers(self) -> "Generator[Callable[[], str]]":
        """Yield a function that makes load balancers of the customer, which TKE may use and never deletes.
        The end of the block deletes them."""
        made: list[str] = []

        def make() -> str:
            made.append(str(self._http.post("/_lab/load_balancers").raise_for_status().json()["lb_id"]))
            return made[-1]

        try:
            yield make
        finally:
            for lb_id in made:
                self._http.delete(f"/_lab/load_balancers/{lb_id}").raise_for_status()

    def calls(self, action: str | None = None, since: int = 0) -> list[dict[str, Any]]:
        """The calls to the cloud, in order."""
        found: list[dict[str, Any]] = self._get(f"/_lab/calls?since={since}")
        return [call for call in found if action in (None, call["action"])]

    def reset_calls(self) -> None:
        """Forget the calls so far."""
        self._http.post("/_lab/calls/reset").raise_for_status()

    def state(self) -> dict[str, dict[str, Any]]:
        """The resources of the cloud: for each kind, the resources by id."""
        found = self._get("/_lab/state")
        return {kind: {item[key]: item for item in found[kind]} for kind, key in _KINDS.items()}

    def cluster_id(self) -> str:
        """The one cluster there is."""
        (found,) = self.state()["clusters"]
        return found

    def fault(self, **fault: object) -> None:
        """Make an action fail; see `cloud/faults.py`."""
        self._http.post("/_lab/faults", json=fault).raise_for_status()

    def settings(self, **settings: object) -> None:
        """Change the delays or the answers of the cloud; see `cloud/settings.py`."""
        self._http.patch("/_lab/settings", json=settings).raise_for_status()

    def call(self, service: str, action: str, params: Mapping[str, object]) -> dict[str, Any]:
        """Call the cloud directly, as the console or another team would."""
        http = HttpProfile(protocol="http", rootDomain=DOMAIN, proxy=self.address)
        credential = Credential(self.secret_id, self.secret_key)
        client = CommonClient(service, VERSIONS[service], credential, REGION, ClientProfile(httpProfile=http))
        answer: dict[str, Any] = client.call_json(action, dict(params))["Response"]
        return answer

    def kubeconfig(self, cluster_id: str) -> str:
        """Admin kubeconfig of a cluster."""
        return self._http.get(f"/_lab/kubeconfig/{cluster_id}").raise_for_status().text

    def client(self, address: str, *, behind: str = "") -> list[str]:
        """The command prefix that runs a command as a client with this address (with `behind`: behind a
        NAT of that address). Needs `packets`.

        The client's 127.0.0.1 has doors to the lab's API and to its control planes, so a kubeconfig works
        there too.
        """
        return self._enter({"address": address, "behind": behind})

    def inside(self, machine: str) -> list[str]:
        """The command prefix that runs a command on a node (its address) or in a pod (`namespace/name`).
        Needs `packets`."""
        return self._enter({"inside": machine})

    def packets(self, **modes: bool) -> dict[str, Any]:
        """The packet network, with its load balancers switched: keep_alive, snat, sticky, proxy_protocol."""
        answer = self._http.patch("/_lab/packets", json=modes) if modes else self._http.get("/_lab/packets")
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def _enter(self, wanted: dict[str, str]) -> list[str]:
        answer = self._http.post("/_lab/packets/clients", json=wanted)
        if answer.is_error:
            raise LookupError(answer.text)
        return ["ip", "netns", "exec", str(answer.json()["namespace"])]

    def admin_password(self, cluster_id: str) -> str:
        """The cluster's admin password, which no output, state or log may have."""
        return str(self.call("tke", "DescribeClusterSecurity", {"ClusterId": cluster_id})["Password"])

    def _get(self, path: str) -> Any:
        return self._http.get(path).raise_for_status().json()


def _pulumi_home(built: Path, own: Path) -> Path:
    """Make a Pulumi home for this lab: the kubernetes plugin, and the tencentcloud plugin.

    The vendor's tencentcloud plugin is used where it is installed, else the stand-in of this checkout.
    Labs of two checkouts may run at once.
    """
    plugins = own / "plugins"
    _link(built / "plugins" / PLUGIN_FOLDER, plugins / PLUGIN_FOLDER)
    vendors = tencentcloud_plugin()
    if vendors is None:
        install_stand_in_plugin(plugins)
    else:
        _link(vendors, plugins / plugin_folder("tencentcloud", TENCENTCLOUD_PLUGIN))
    return own


def _link(source: Path, folder: Path) -> None:
    """Link each file: the engine does not follow a link to a folder."""
    folder.mkdir(parents=True)
    for path in source.iterdir():
        (folder / path.name).symlink_to(path.resolve())


def wait_until(
    what: str, look: "Any", seconds: float = 30.0, picture: "Callable[[], str] | None" = None
) -> Any:
    """Call `look` until it gives something true. `picture`: what to show where it never does."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            shown = f"\n{picture()}" if picture else ""
            raise AssertionError(f"{what}: not within {seconds:.0f} s{shown}")
        time.sleep(0.1)
