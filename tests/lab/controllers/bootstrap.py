"""Stand-in for the first content of a new TKE cluster: kube-system and the custom resources."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from tests.lab.controllers import keys, masquerade
from tests.lab.controllers.context import Context
from tests.lab.controllers.kube import (
    CONFIG_MAP,
    CRD,
    INGRESS_CLASS,
    TKE_SERVICE_CONFIG,
    VPC_IP_CLAIM,
    Json,
    Kind,
    KubeError,
)
from tests.lab.controllers.watching import logger

ATTEMPTS = 300
PAUSE = 0.1


def _config_map(name: str, data: dict[str, str]) -> Json:
    return {"metadata": {"name": name, "namespace": keys.KUBE_SYSTEM}, "data": data}


def _crd(group: str, version: str, kind: str, plural: str, short_names: list[str]) -> Json:
    schema: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": short_names,
            },
            "versions": [
                {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    }


def objects(context: Context) -> list[tuple[Kind, Json]]:
    cidrs = masquerade.wanted_cidrs(context.world, context.cluster)
    return [
        (CRD, _crd("cloud.tencent.com", "v1alpha1", "TkeServiceConfig", "tkeserviceconfigs", ["tscs"])),
        (CRD, _crd("networking.tke.cloud.tencent.com", "v1", "VpcIPClaim", "vpcipclaims", ["vipc"])),
        (
            CONFIG_MAP,
            _config_map(
                keys.SERVICE_CONFIG,
                {
                    "GlobalRouteDirectAccess": "true",
                    "EnableDefaultDirectAccess": "true",
                    "EnablePodGracefulDeletion": "false",
                    "EnableDefaultModificationProtection": "true",
                    "REUSE_LOADBALANCER": "false",
                    "VERSION": "v2.11.1",
                },
            ),
        ),
        (CONFIG_MAP, _config_map(keys.INGRESS_CONFIG, {"VERSION": "v2.11.1"})),
        (CONFIG_MAP, _config_map(masquerade.NAME, {"config": masquerade.config(cidrs)})),
        (
            INGRESS_CLASS,
            {
                "metadata": {"name": keys.INGRESS_CLASS_NAME},
                "spec": {"controller": f"cloud.tencent.com/{keys.INGRESS_CONTROLLER}"},
            },
        ),
    ]


async def bootstrap(context: Context) -> None:
    """Create the missing objects. Retries while the API server starts."""
    api = context.api
    for kind, body in objects(context):
        await _patiently(
            str(body["metadata"]["name"]), partial(api.ensure, kind, body, manager=keys.TKE_MANAGER)
        )
    for kind in (VPC_IP_CLAIM, TKE_SERVICE_CONFIG):
        await _patiently(f"serving {kind.__name__}", partial(api.list_all, kind))


async def _patiently(what: str, call: Callable[[], Awaitable[object]]) -> None:
    for attempt in range(ATTEMPTS):
        try:
            await call()
        except KubeError as error:
            if attempt == ATTEMPTS - 1:
                raise
            logger.info("bootstrap: %s not done yet: %s", what, error)
        else:
            return
        await asyncio.sleep(PAUSE)
