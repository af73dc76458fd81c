"""Stand-in for TKE's admission webhooks: the ENI resource and the CLB's readiness gate on new pods, over real
HTTPS."""

import base64
import contextlib
import json
import socket
import ssl
from collections.abc import Callable, Generator
from typing import Any

import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.lab.controllers import keys
from tests.lab.controllers.kube import (
    INGRESS,
    SERVICE,
    WEBHOOK,
    Api,
    Json,
    annotations_of,
    child,
    children,
    containers_of,
    host_network,
    labels_of,
    spec_of,
)
from tests.lab.controllers.load_balancer import direct_owners
from tests.lab.world import Cluster

ENI_IP_PATH = "/eni-ip"
READINESS_GATE_PATH = "/readiness-gate"


def eni_ip_patch(pod: Json) -> list[Json]:
    """One `eni-ip` for the first container; the others do not matter, as in the vendor's webhook."""
    if keys.ROUTE_ENI not in (annotations_of(pod).get(keys.NETWORKS) or "") or host_network(pod):
        return []
    resources = dict(child(containers_of(pod)[0], "resources"))
    for field in ("requests", "limits"):
        resources[field] = {**child(resources, field), keys.ENI_IP: "1"}
    return [{"op": "add", "path": "/spec/containers/0/resources", "value": resources}]


def readiness_gate_patch(pod: Json, selected_by: set[str]) -> list[Json]:
    """The gate for a pod that a direct load balancer selects right now; later is too late."""
    gates = children(spec_of(pod), "readinessGates")
    if (
        not selected_by
        or host_network(pod)
        or any(gate["conditionType"] == keys.READINESS_GATE for gate in gates)
    ):
        return []
    return [
        {
            "op": "add",
            "path": "/spec/readinessGates",
            "value": [*gates, {"conditionType": keys.READINESS_GATE}],
        }
    ]


def _answer(uid: str, patch: list[Json]) -> JSONResponse:
    response: Json = {"uid": uid, "allowed": True}
    if patch:
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
    return JSONResponse(
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
    )


def application(api: Api, cluster: Cluster) -> Starlette:
    async def eni_ip(request: Request) -> JSONResponse:
        review: Json = (await request.json())["request"]
        # The webhook is part of VPC-CNI: a cluster without it has none.
        return _answer(review["uid"], eni_ip_patch(review["object"]) if cluster.vpc_cni is not None else [])

    async def readiness_gate(request: Request) -> JSONResponse:
        review: Json = (await request.json())["request"]
        namespace = str(review["namespace"])
        # Live lists, not mirrors: a Service created a moment before the pod counts.
        services, _ = await api.list_all(SERVICE, namespace)
        ingresses, _ = await api.list_all(INGRESS, namespace)
        owners = direct_owners(labels_of(review["object"]), namespace, services, ingresses)
        return _answer(review["uid"], readiness_gate_patch(review["object"], owners))

    return Starlette(
        routes=[
            Route(ENI_IP_PATH, eni_ip, methods=["POST"]),
            Route(READINESS_GATE_PATH, readiness_gate, methods=["POST"]),
        ]
    )


def configuration(name: str, url: str, ca_pem: bytes, without_label: str | None) -> Json:
    """One MutatingWebhookConfiguration for new pods outside of kube-system."""
    expressions: list[Json] = [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [keys.KUBE_SYSTEM]}
    ]
    if without_label is not None:
        expressions.append({"key": without_label, "operator": "DoesNotExist"})
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": f"{name}.cloud.tencent.com",
                "clientConfig": {"url": url, "caBundle": base64.b64encode(ca_pem).decode()},
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                        "scope": "Namespaced",
                    }
                ],
                "namespaceSelector": {"matchExpressions": expressions},
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "timeoutSeconds": 10,
                "admissionReviewVersions": ["v1"],
            }
        ],
    }


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals belong to the lab's own process, of which this server is only a part."""
        yield


class WebhookServer:
    """The HTTPS server and the configurations that lead to it."""

    def __init__(self, api: Api, cluster: Cluster) -> None:
        self._api = api
        self._cluster = cluster
        self._authority = trustme.CA()
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        port: int = self._socket.getsockname()[1]
        self._url = f"https://127.0.0.1:{port}"
        self._server = _Server(
            uvicorn.Config(
                application(api, cluster),
                log_level="warning",
                access_log=False,
                lifespan="off",
                ssl_context_factory=self._ssl_context,
                timeout_graceful_shutdown=1,
            )
        )

    def _ssl_context(self, _config: uvicorn.Config, _default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate: Any = self._authority.issue_cert("127.0.0.1")
        certificate.configure_cert(context)
        return context

    async def serve(self) -> None:
        """Serve until cancelled."""
        try:
            await self._server.serve([self._socket])
        finally:
            # When cancelled, uvicorn does not. A socket that is closed while the loop still watches it makes
            # the loop deaf for the
            # next connection that gets the same number.
            for listening in getattr(self._server, "servers", ()):
                listening.close()
            self._socket.close()

    async def register(self) -> None:
        """Point the API server here; also when an earlier server left its configuration."""
        ca_pem = self._authority.cert_pem.bytes()
        for body in (
            configuration(
                "add-pod-eni-ip-limit-webhook", self._url + ENI_IP_PATH, ca_pem, keys.NO_ENI_IP_LIMIT_LABEL
            ),
            configuration("tke-readiness-gate", self._url + READINESS_GATE_PATH, ca_pem, None),
        ):
            name = str(body["metadata"]["name"])
            if await self._api.get(WEBHOOK, name) is None:
                await self._api.create(WEBHOOK, body, manager=keys.TKE_MANAGER)
            else:
                await self._api.patch(WEBHOOK, name, {"webhooks": body["webhooks"]}, manager=keys.TKE_MANAGER)
