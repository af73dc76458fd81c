"""Whether a kubeconfig is that of the cluster that was named: what two clusters say must never be put together."""

from collections.abc import Collection

from pulumi_tke_hybrid.console.text import several


def other_cluster(cluster_id: str, nodes: Collection[str], machines: Collection[str]) -> str:
    """That it is another cluster's, as no node's address is that of a machine; empty where one is, or one side lists none."""
    if not nodes or not machines or any(address in machines for address in nodes):
        return ""
    none = f"none of its {several(len(nodes), 'node')} is a machine of {cluster_id}"
    return f"the kubeconfig is that of another cluster: {none}; give the right one"
