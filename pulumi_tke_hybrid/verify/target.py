"""The target of the requests: a URL of the user, or a listener of the load balancer with its protocol and
hosts.

A Service has the protocols of its ports, replaced port by port by the annotation `specify-protocol`
(457/39141). An Ingress has port 80 for HTTP and port 443 for HTTPS, or the ports of `listen-ports`
(457/45700).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from pulumi_tke_hybrid.cli.process import CouldNotTell, WrongUse, listed, shown
from pulumi_tke_hybrid.tke import keys
from pulumi_tke_hybrid.tke.objects import Json, annotations_of, at, child, children, items, mapping, texts
from pulumi_tke_hybrid.verify.answers import Version

Scheme = Literal["http", "https", "tcp", "tls", "udp"]
"""`tls`: plain TCP inside TLS, as behind a TCP_SSL listener. `udp`: one datagram each way."""

LAYER_7 = ("HTTP", "HTTPS")
"""The load balancer answers the client itself, and may be the pod's peer (214/3728)."""
_PROTOCOLS = (*LAYER_7, "TCP", "TCP_SSL", "UDP")
"""All protocols, in the order in which the protocol of a request is chosen. At layer 4 the load balancer
hands the connection on, with the client's address (214/3728)."""
_MAX_NAME = 40


@dataclass(frozen=True)
class Limits:
    connect: float = 3.0
    """Seconds until the connection (and TLS) is established."""
    answer: float = 5.0
    """Seconds for the whole answer, however slowly the bytes come."""
    head: int = 64 * 1024
    """Bytes of an answer's head."""
    body: int = 256 * 1024
    """Bytes of an answer's body."""
    quiet: float = 0.3
    """Plain TCP: seconds of silence after which an answer is complete."""


@dataclass(frozen=True)
class Target:
    scheme: Scheme
    host: str
    """Name or address of the connection."""
    port: int
    path: str = "/"
    host_header: str = ""
    """`Host` and the name in TLS, where they differ from `host`: an Ingress's host."""
    insecure: bool = False
    """The certificate is not checked."""
    proxy_protocol: Version | None = None
    """The port expects a PROXY protocol header."""

    @property
    def http(self) -> bool:
        """Return whether a request has a path and headers."""
        return self.scheme in ("http", "https")

    @property
    def shown(self) -> str:
        """The URL for reports, without the query, which may hold a secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        path = self.path.partition("?")[0] if self.http else ""
        header = f" (host {self.host_header})" if self.host_header else ""
        return f"{self.scheme}://{host}:{self.port}{path}{header}"


@dataclass(frozen=True)
class TargetOptions:
    url: str = ""
    port: int = 0
    """Port of the Service, 0: the first port; of the Ingress, 0: 443 with TLS, else 80. A URL has its own."""
    path: str = "/"
    tcp: bool = False
    """The pods take plain TCP."""
    host: str = ""
    insecure: bool = False
    proxy_protocol: Version | None = None


@dataclass(frozen=True)
class Listener:
    """One port of a load balancer."""

    port: int
    protocols: Sequence[str]
    """For example `TCP`, or `TCP` and `UDP` side by side."""
    hosts: Sequence[str] = ()
    """Host names of an HTTP or HTTPS listener; empty: every host."""
    problem: str = ""
    """Reason why the listener is not known; empty where the listener is known."""

    @property
    def layer7(self) -> bool:
        """Return whether the load balancer itself answers every client of the port."""
        return bool(self.protocols) and all(protocol in LAYER_7 for protocol in self.protocols)

    @property
    def unknown(self) -> str:
        """Reason why the port cannot be judged; empty where the port can be judged."""
        strange = [shown(item, _MAX_NAME) for item in self.protocols if item not in _PROTOCOLS]
        if self.problem or not strange:
            return self.problem
        return f"port {self.port} has the protocol {listed(strange)}, whose layer is not known here"

    @property
    def protocol(self) -> str:
        """The protocol of a request to the port. Raises CouldNotTell."""
        if self.unknown:
            raise CouldNotTell(f"{self.unknown}; give --port with another port, or --structure-only")
        return next(protocol for protocol in _PROTOCOLS if protocol in self.protocols)

    @property
    def host(self) -> str:
        """A host name that the listener has a rule for; empty: every host."""
        return next((host.replace("*", "verify", 1) for host in self.hosts), "")

    def __str__(self) -> str:
        return f"{self.port} ({' and '.join(self.protocols) or 'unknown'})"


def listeners_of_service(service: Json) -> list[Listener]:
    """Return the listeners of a Service of type LoadBalancer, in the order of its ports; protocols of one
    port are one listener. TKE reads the annotation of no other type (457/39141)."""
    declared: dict[int, list[str]] = {}
    for port in children(service, "spec", "ports"):
        if isinstance(port.get("port"), int):
            protocols = declared.setdefault(port["port"], [])
            protocols.append(str(port.get("protocol") or "TCP").upper())
    balanced = child(service, "spec").get("type") == "LoadBalancer"
    text = annotations_of(service).get(keys.SERVICE_PROTOCOLS, "") if balanced else ""
    specified = _json(text)
    entries = mapping(specified)
    if text.strip() and entries != specified:
        problem = (
            f"the annotation {keys.SERVICE_PROTOCOLS} is no JSON object, so the protocols of the ports are"
            " not known"
        )
        return [Listener(port, protocols, problem=problem) for port, protocols in declared.items()]
    return [
        _specified(port, tuple(dict.fromkeys(protocols)), entries.get(str(port)))
        for port, protocols in declared.items()
    ]


def _specified(port: int, declared: Sequence[str], given: object) -> Listener:
    """Return the listener of a port whose entry in the annotation is `given`."""
    if given is None:
        return Listener(port, declared)
    protocols = texts(at(given, "protocol"))
    if not protocols or protocols != at(given, "protocol"):
        problem = (
            f"the annotation {keys.SERVICE_PROTOCOLS} has no list of protocols for port {port}, so the layer"
            " of the port is not known"
        )
        return Listener(port, declared, problem=problem)
    upper = tuple(dict.fromkeys(item.upper() for item in protocols))
    return Listener(port, upper, tuple(mapping(at(given, "hosts"))))


def listeners_of_ingress(ingress: Json) -> list[Listener]:
    """Return the listeners of an Ingress of TKE's own controller, the HTTPS listener first."""
    annotations = annotations_of(ingress)
    hosts = _hosts(children(ingress, "spec", "rules"))
    secured = bool(children(ingress, "spec", "tls"))
    mixed = annotations.get(keys.INGRESS_RULE_MIX) == "true"
    both = "true" in (annotations.get(keys.INGRESS_REDIRECT), annotations.get(keys.INGRESS_RULE_MIX_BOTH))
    http_hosts, https_hosts, problem = hosts, hosts, ""
    if mixed:
        http, https = (
            _hosts_of_rules(annotations.get(key, ""))
            for key in (keys.INGRESS_HTTP_RULES, keys.INGRESS_HTTPS_RULES)
        )
        if http is None or https is None:
            problem = (
                f"{keys.INGRESS_HTTP_RULES} or {keys.INGRESS_HTTPS_RULES} is no JSON list, so the hosts of"
                " each port are not known"
            )
        http_hosts, https_hosts = http or (), https or ()
    ports = _listen_ports(annotations.get(keys.INGRESS_LISTEN_PORTS, ""))
    if ports is None:
        problem = f"the annotation {keys.INGRESS_LISTEN_PORTS} cannot be read"
    http_ports, https_ports = ([80], [443]) if ports is None else ports
    http_ports = http_ports or ([80] if mixed or both or not secured else [])
    https_ports = https_ports or ([443] if secured else [])
    return [Listener(port, ("HTTPS",), https_hosts, problem) for port in https_ports] + [
        Listener(port, ("HTTP",), http_hosts, problem) for port in http_ports
    ]


def _hosts(rules: Sequence[Json]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(rule["host"]) for rule in rules if rule.get("host")))


def _hosts_of_rules(text: str) -> tuple[str, ...] | None:
    """Return the hosts of `http-rules` or `https-rules`; None where the text is no list of rules."""
    if text.strip() in ("", "null"):
        return ()
    rules = _json(text)
    found = [mapping(rule) for rule in items(rules)]
    return _hosts(found) if found == rules else None


def _listen_ports(text: str) -> tuple[list[int], list[int]] | None:
    """Return (HTTP ports, HTTPS ports) of `[{"HTTP": 80}, {"HTTPS": 443}]`; None for an unreadable text."""
    if not text.strip():
        return [], []
    entries = _json(text)
    listed_ports = [mapping(entry) for entry in items(entries)]
    pairs = [pair for entry in listed_ports for pair in entry.items()]
    if listed_ports != entries or any(
        protocol not in LAYER_7 or not isinstance(port, int) for protocol, port in pairs
    ):
        return None
    http, https = ([port for protocol, port in pairs if protocol == name] for name in LAYER_7)
    return http, https


def _json(text: str) -> Any:
    """Return the value of a JSON text; None for any other text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def target_of_url(options: TargetOptions) -> Target:
    """Return the target that the URL names. Raises WrongUse."""
    try:
        parts = urlsplit(options.url)
        port = parts.port
    except ValueError:
        raise WrongUse("the URL cannot be read; write http://10.0.8.10/ or tcp://10.0.8.10:5000") from None
    schemes: dict[str, Scheme] = {"http": "http", "https": "https", "tcp": "tcp"}
    if parts.scheme not in schemes or not parts.hostname:
        raise WrongUse("the URL must begin with http://, https:// or tcp:// and name a host")
    if parts.username or parts.password:
        raise WrongUse(
            "the URL holds credentials; leave the credentials out, because they would end up in logs"
        )
    port = port or {"http": 80, "https": 443}.get(parts.scheme)
    if not port:
        raise WrongUse("tcp:// needs a port: tcp://10.0.8.10:5000")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii() or any(character.isspace() for character in path):
        raise WrongUse("the URL's path must be written in plain ASCII, with %XX for everything else")
    scheme = schemes[parts.scheme]
    return Target(scheme, parts.hostname, port, path, options.host, options.insecure, options.proxy_protocol)


def target_of_listener(
    options: TargetOptions, addresses: Sequence[str], listener: Listener, from_tcp_table: bool
) -> Target:
    """Return the target behind a listener of a load balancer that has `addresses`. Raises WrongUse."""
    protocol = listener.protocol
    if protocol in LAYER_7 and (options.tcp or from_tcp_table):
        option = "--tcp" if options.tcp else "--from-tcp-table"
        raise WrongUse(
            f"{option} does not go with port {listener}: there the load balancer itself answers HTTP"
        )
    over_tcp: Scheme = "tcp" if options.tcp else "https" if listener.port == 443 else "http"
    schemes: dict[str, Scheme] = {
        "HTTP": "http",
        "HTTPS": "https",
        "UDP": "udp",
        "TCP": over_tcp,
        "TCP_SSL": "tls" if options.tcp else "https",
    }
    return Target(
        schemes[protocol],
        min(addresses, key=lambda given: ":" in given),  # IPv4 where both families exist
        listener.port,
        options.path,
        options.host or listener.host,
        options.insecure,
        options.proxy_protocol,
    )
