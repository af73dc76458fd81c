"""Keys of one stand-in cluster: an authority, the API server's certificate, an administrator, service
accounts."""

import base64
from dataclasses import dataclass
from pathlib import Path

import trustme
import yaml

CLUSTER_DNS_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


@dataclass(frozen=True)
class Credentials:
    """Paths in the cluster's folder, and the administrator's own PEM texts."""

    ca: Path
    server_certificate: Path
    server_key: Path
    service_account_key: Path
    admin_certificate: str
    admin_key: str

    def kubeconfig(self, server: str) -> str:
        def encoded(text: str) -> str:
            return base64.b64encode(text.encode()).decode()

        cluster = {"server": server, "certificate-authority-data": encoded(self.ca.read_text())}
        user = {
            "client-certificate-data": encoded(self.admin_certificate),
            "client-key-data": encoded(self.admin_key),
        }
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "lab", "cluster": cluster}],
                "users": [{"name": "admin", "user": user}],
                "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
                "current-context": "lab",
            },
            sort_keys=False,
        )


def make_credentials(directory: Path, service_address: str) -> Credentials:
    directory.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="lab")
    server = authority.issue_cert("127.0.0.1", "localhost", service_address, *CLUSTER_DNS_NAMES)
    # The names in `.invalid` are never looked up, but Go refuses a certificate without any name.
    admin = authority.issue_cert("admin.invalid", common_name="lab-admin", organization_name="system:masters")
    accounts = authority.issue_cert("service-accounts.invalid")

    def write(name: str, data: bytes) -> Path:
        path = directory / name
        path.touch(mode=0o600)
        path.write_bytes(data)
        return path

    return Credentials(
        ca=write("ca.crt", authority.cert_pem.bytes()),
        server_certificate=write("server.crt", b"".join(pem.bytes() for pem in server.cert_chain_pems)),
        server_key=write("server.key", server.private_key_pem.bytes()),
        service_account_key=write("service-accounts.key", accounts.private_key_pem.bytes()),
        admin_certificate=b"".join(pem.bytes() for pem in admin.cert_chain_pems).decode(),
        admin_key=admin.private_key_pem.bytes().decode(),
    )
