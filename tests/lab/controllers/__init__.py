"""The stand-in controllers that play TKE inside a cluster: nodes, VPC-CNI, load balancers and admission."""

import asyncio
import time
from collections.abc import Callable

from tests.lab.controllers.addresses import release_cluster
from tests.lab.controllers.bootstrap import bootstrap
from tests.lab.controllers.context import Context
from tests.lab.controllers.eni_capacity import EniCapacityController
from tests.lab.controllers.graceful_deletion import GracefulDeletionController
from tests.lab.controllers.ingress_controller import IngressController
from tests.lab.controllers.ipamd import IpamdController
from tests.lab.controllers.kube import Api
from tests.lab.controllers.load_balancer import LoadBalancers
from tests.lab.controllers.masquerade import MasqueradeController
from tests.lab.controllers.nodes import NodeController
from tests.lab.controllers.pod_addresses import PodAddressController
from tests.lab.controllers.readiness_gates import ReadinessGateController
from tests.lab.controllers.service_controller import ServiceController
from tests.lab.controllers.watching import Bell, run_together
from tests.lab.controllers.webhook import WebhookServer
from tests.lab.world import Cluster, World

__all__ = ["TkeControllers", "release_cluster"]


class TkeControllers:
    """All controllers of one cluster, as one coroutine."""

    def __init__(
        self,
        world: World,
        cluster: Cluster,
        kubeconfig: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        gate_delay: float = 0.3,
    ) -> None:
        self._world = world
        self._cluster = cluster
        self._kubeconfig = kubeconfig
        self._clock = clock
        self._gate_delay = gate_delay
        self._changed = Bell()
        self.ready = asyncio.Event()
        """Set once the bootstrap objects and the webhooks are there: pods created from now on are seen by
        them."""

    def wake(self) -> None:
        """Look at the World now rather than at the next tick."""
        self._changed.ring()

    async def run(self) -> None:
        """Run until cancelled."""
        api = Api(self._kubeconfig)
        try:
            context = Context(
                self._world,
                self._cluster,
                api,
                clock=self._clock,
                gate_delay=self._gate_delay,
                changed=self._changed,
            )
            await bootstrap(context)
            webhook = WebhookServer(api, self._cluster)
            await run_together([webhook.serve(), self._control(context, webhook)])
        finally:
            await api.close()

    async def _control(self, context: Context, webhook: WebhookServer) -> None:
        balancers = LoadBalancers(context.world, context.cluster, context.clock)
        controllers = (
            NodeController(context),
            IpamdController(context),
            EniCapacityController(context),
            PodAddressController(context),
            ServiceController(context, balancers),
            IngressController(context, balancers),
            ReadinessGateController(context, balancers),
            GracefulDeletionController(context, balancers),
            MasqueradeController(context),
        )

        async def start() -> None:
            # A round before the first complete list would take unlisted objects for deleted objects.
            await context.mirrors.wait_synced()
            await webhook.register()
            self.ready.set()
            await run_together([controller.run() for controller in controllers])

        await run_together([*(mirror.run() for mirror in context.mirrors.all()), start()])
