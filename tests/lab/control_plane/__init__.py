"""A real Kubernetes control plane on loopback, with KWOK in place of kubelets: the stand-in for a TKE
cluster."""

from tests.lab.control_plane.plane import ControlPlane
from tests.lab.control_plane.processes import ProcessFailed

__all__ = ["ControlPlane", "ProcessFailed"]
