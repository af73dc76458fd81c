"""The interface between the API stand-in and the code that runs the control planes."""

from typing import Protocol

from tests.lab.world import Cluster


class ClusterRuntime(Protocol):
    async def start(self, cluster: Cluster) -> None:
        """Fill `cluster.kubeconfig` and return when the control plane is ready."""
        ...

    async def stop(self, cluster: Cluster) -> None:
        """End the control plane; called once `DeleteCluster` was accepted, also when `start` had failed."""
        ...

    def wake(self) -> None:
        """Let the controllers of every cluster read the world now. The API calls this after each change;
        otherwise the controllers read the world once a second."""
        ...
