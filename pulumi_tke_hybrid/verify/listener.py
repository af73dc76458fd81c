"""The listeners of a load balancer: for each port the protocol, the layer and the hosts that TKE gives it.

A Service has the protocols of its ports, and those of the annotation `specify-protocol` instead, port by port
(457/39141). An Ingress
has port 80 for HTTP and port 443 for HTTPS, or the ports of `listen-ports` (457/45700).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from pulumi_tke_hybrid.cli.text import listed, shown
from pulumi_tke_hybrid.kube.objects import annotations_of, child, children
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.values import Json, at, items, mapping, texts
from pulumi_tke_hybrid.verify.kube import CannotVerify

LAYER_4 = ("TCP", "UDP", "TCP_SSL")
"""The load balancer hands the connection on, with the client's address (214/3728)."""
LAYER_7 = ("HTTP", "HTTPS")
"""The load balancer answers the client itself, and may be the pod's peer (214/3728)."""
_PREFERRED = ("HTTP", "HTTPS", "TCP", "TCP_SSL", "UDP")
"""Which protocol of a port is asked, where the port has several."""


@dataclass(frozen=True)
class Listener:
    """One port of a load balancer."""

    port: int
    protocols: Sequence[str]
    """For example `TCP`, or `TCP` and `UDP` side by side."""
    hosts: Sequence[str] = ()
    """Host names of an HTTP or HTTPS listener; none: every host."""
    problem: str = ""
    """Why the listener is not known; empty where it is."""

    @property
    def layer7(self) -> bool:
        """Whether the load balancer itself answers every client of the port."""
        return bool(self.protocols) and all(protocol in LAYER_7 for protocol in self.protocols)

    @property
    def unknown(self) -> str:
        """Why nothing can be judged about the port; empty where something can."""
        strange = [protocol for protocol in self.protocols if protocol not in (*LAYER_4, *LAYER_7)]
        if self.problem or not strange:
            return self.problem
        return (
            f"port {self.port} has the protocol {listed([shown(item, 40) for item in strange])}, whose layer"
            " is not known here"
        )

    @property
    def protocol(self) -> str:
        """The protocol that a request to the port uses. Raises CannotVerify."""
        if self.unknown:
            raise CannotVerify(f"{self.unknown}; give --port with another port, or --structure-only")
        return next(protocol for protocol in _PREFERRED if protocol in self.protocols)

    @property
    def host(self) -> str:
        """A host name that the listener has a rule for; empty: every host."""
        return next((host.replace("*", "verify", 1) for host in self.hosts), "")

    def __str__(self) -> str:
        return f"{self.port} ({' and '.join(self.protocols) or 'unknown'})"


def of_service(service: Json) -> list[Listener]:
    """The listeners of a Service of type LoadBalancer, in the order of its ports; several protocols of one
    port are one listener."""
    declared: dict[int, list[str]] = {}
    for port in children(service, "spec", "ports"):
        if isinstance(port.get("port"), int):
            protocols = declared.setdefault(port["port"], [])
            protocols.append(str(port.get("protocol") or "TCP").upper())
    balanced = (
        child(service, "spec").get("type") == "LoadBalancer"
    )  # TKE reads the annotation of no other type (457/39141)
    text = annotations_of(service).get(keys.SERVICE_PROTOCOLS, "") if balanced else ""
    specified = _object(text) if text.strip() else {}
    if specified is None:
        problem = (
            f"the annotation {keys.SERVICE_PROTOCOLS} is no JSON object, so the protocols of its ports are"
            " not known"
        )
        return [Listener(port, protocols, problem=problem) for port, protocols in declared.items()]
    return [
        _specified(port, tuple(dict.fromkeys(protocols)), specified.get(str(port)))
        for port, protocols in declared.items()
    ]


def _specified(port: int, declared: Sequence[str], given: object) -> Listener:
    """A port, with what the annotation has for that port."""
    if given is None:
        return Listener(port, declared)
    protocols = texts(at(given, "protocol"))
    if not protocols or protocols != at(given, "protocol"):
        problem = (
            f"the annotation {keys.SERVICE_PROTOCOLS} has no list of protocols for port {port}, so its layer"
            " is not known"
        )
        return Listener(port, declared, problem=problem)
    return Listener(
        port, tuple(dict.fromkeys(item.upper() for item in protocols)), tuple(mapping(at(given, "hosts")))
    )


def of_ingress(ingress: Json) -> list[Listener]:
    """The listeners of an Ingress of TKE's own controller, the HTTPS one first."""
    annotations = annotations_of(ingress)
    hosts = tuple(
        dict.fromkeys(str(rule["host"]) for rule in children(ingress, "spec", "rules") if rule.get("host"))
    )
    secured = bool(children(ingress, "spec", "tls"))
    plain = not secured
    of_http, of_https, problem = hosts, hosts, ""
    if annotations.get(keys.INGRESS_RULE_MIX) == "true":
        http, https = (
            _hosts_of_rules(annotations.get(key, ""))
            for key in (keys.INGRESS_HTTP_RULES, keys.INGRESS_HTTPS_RULES)
        )
        if http is None or https is None:
            problem = (
                f"{keys.INGRESS_HTTP_RULES} or {keys.INGRESS_HTTPS_RULES} is no JSON list, so the hosts of"
                " each port are not known"
            )
        of_http, of_https = http or (), https or ()
        plain = True
    elif "true" in (annotations.get(keys.INGRESS_REDIRECT), annotations.get(keys.INGRESS_RULE_MIX_BOTH)):
        plain = True
    http_ports, https_ports = _listen_ports(annotations.get(keys.INGRESS_LISTEN_PORTS, ""))
    if http_ports is None or https_ports is None:
        problem, http_ports, https_ports = (
            f"the annotation {keys.INGRESS_LISTEN_PORTS} cannot be read",
            [80],
            [443],
        )
    found = [
        Listener(port, ("HTTPS",), of_https, problem)
        for port in (https_ports or [443])
        if secured or https_ports
    ]
    return found + [
        Listener(port, ("HTTP",), of_http, problem) for port in (http_ports or [80]) if plain or http_ports
    ]


def _hosts_of_rules(text: str) -> tuple[str, ...] | None:
    """Hosts of `http-rules` or `https-rules`; None where the text is no list of rules."""
    try:
        rules: Any = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    if rules is None:
        return ()
    found = [mapping(rule) for rule in items(rules)]
    if found != rules:
        return None
    return tuple(dict.fromkeys(str(rule["host"]) for rule in found if rule.get("host")))


def _listen_ports(text: str) -> tuple[list[int] | None, list[int] | None]:
    """(HTTP ports, HTTPS ports) of `[{"HTTP": 80}, {"HTTPS": 443}]`; None where the text cannot be read."""
    if not text.strip():
        return [], []
    try:
        entries: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None, None
    found: dict[str, list[int]] = {"HTTP": [], "HTTPS": []}
    listed_ports = [mapping(entry) for entry in items(entries)]
    if listed_ports != entries:
        return None, None
    for protocol, port in (pair for entry in listed_ports for pair in entry.items()):
        if protocol not in found or not isinstance(port, int):
            return None, None
        found[protocol].append(port)
    return found["HTTP"], found["HTTPS"]


def _object(text: str) -> Json | None:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast(Json, found) if isinstance(found, dict) else None
