"""Command lines of the control plane's programs."""

from dataclasses import dataclass
from pathlib import Path

from tests.lab.control_plane.certificates import Credentials

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    etcd: int
    etcd_peer: int
    api: int
    controller_manager: int
    scheduler: int
    kwok: int


def etcd(ports: Ports, directory: Path) -> list[str]:
    client = f"http://{LOOPBACK}:{ports.etcd}"
    peer = f"http://{LOOPBACK}:{ports.etcd_peer}"
    return [
        "--name=lab",
        f"--data-dir={directory / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=lab={peer}",
        "--log-level=warn",
    ]


def api_server(ports: Ports, credentials: Credentials, service_cidr: str) -> list[str]:
    return [
        f"--etcd-servers=http://{LOOPBACK}:{ports.etcd}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={ports.api}",
        # A loopback address must not be an endpoint of Service `kubernetes`. The lab does not use that
        # Service.
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={credentials.server_certificate}",
        f"--tls-private-key-file={credentials.server_key}",
        f"--client-ca-file={credentials.ca}",
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={credentials.service_account_key}",
        f"--service-account-signing-key-file={credentials.service_account_key}",
        f"--service-cluster-ip-range={service_cidr}",
        "--shutdown-delay-duration=0s",
        "--profiling=false",
    ]


def controller_manager(ports: Ports, credentials: Credentials, kubeconfig: Path) -> list[str]:
    return [
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={ports.controller_manager}",
        f"--root-ca-file={credentials.ca}",
        f"--service-account-private-key-file={credentials.service_account_key}",
        # The lab's own controllers give nodes their block, as TKE does.
        "--allocate-node-cidrs=false",
        # Nothing of the lab loses a node by being slow.
        "--node-monitor-grace-period=30m",
        "--kube-api-qps=300",
        "--kube-api-burst=600",
        "--profiling=false",
    ]


def scheduler(ports: Ports, kubeconfig: Path) -> list[str]:
    return [
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={ports.scheduler}",
        "--kube-api-qps=300",
        "--kube-api-burst=600",
        "--profiling=false",
    ]


def kwok(ports: Ports, kubeconfig: Path, stages: list[Path]) -> list[str]:
    return [
        f"--kubeconfig={kubeconfig}",
        *(f"--config={path}" for path in stages),
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        f"--server-address={LOOPBACK}:{ports.kwok}",
    ]
