"""The inputs of the stand-in controllers beside a Service or an Ingress, and their refusals, without a
cluster."""

import base64
from types import SimpleNamespace
from typing import Any

import pytest

from tests.lab.controllers import keys
from tests.lab.controllers.front_settings import FrontSettings
from tests.lab.controllers.ingress_controller import mixed_paths
from tests.lab.controllers.load_balancer import SyncRefused
from tests.lab.controllers.service_controller import same_port_twice
from tests.lab.world import Listener, LoadBalancer, SecurityGroup, World

Json = dict[str, Any]


class Objects:
    """A mirror with these objects."""

    def __init__(self, **items: Json) -> None:
        self._items = items

    def get(self, name: str, _namespace: str) -> Json | None:
        return self._items.get(name)


def settings(secrets: Json | None = None, configs: Json | None = None) -> FrontSettings:
    world = World()
    for name in ("sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "sg-6"):
        world.security_groups[name] = SecurityGroup(name, name, "", "0", "ap-guangzhou")
    mirrors = SimpleNamespace(secrets=Objects(**(secrets or {})), service_configs=Objects(**(configs or {})))
    context: Any = SimpleNamespace(world=world, mirrors=mirrors)
    return FrontSettings(context)


def balancer(user_made: bool = False) -> LoadBalancer:
    return LoadBalancer("lb-1", "cls-1", "service/shop/web", "10.0.1.8", "", True, True, user_made=user_made)


def test_a_certificate_is_named_by_an_opaque_secret_with_its_id() -> None:
    named = {"data": {keys.CERTIFICATE_ID: base64.b64encode(b"AbCd1234").decode()}}
    found = settings({"named": named, "pair": {"data": {"tls.crt": "x"}}})
    assert found.certificate("shop", "named") == "AbCd1234"
    with pytest.raises(SyncRefused, match="E4010"):
        found.certificate("shop", "missing")
    with pytest.raises(SyncRefused, match="E4011"):
        found.certificate("shop", "pair")


def test_security_groups_exist_and_are_at_most_five() -> None:
    made = balancer()
    settings().guard(made, "sg-1,sg-2", "true")
    assert (made.security_groups, made.pass_to_target) == (["sg-1", "sg-2"], True)
    settings().guard(made, None, None)
    assert (made.security_groups, made.pass_to_target) == ([], False)
    with pytest.raises(SyncRefused, match="do not exist"):
        settings().guard(made, "sg-9", None)
    with pytest.raises(SyncRefused, match="at most 5"):
        settings().guard(made, "sg-1,sg-2,sg-3,sg-4,sg-5,sg-6", None)
    with pytest.raises(SyncRefused, match="existing load balancer"):
        settings().guard(balancer(user_made=True), None, "true")


def test_a_config_finds_its_listeners_by_protocol_and_port() -> None:
    entry = {
        "protocol": "TCP",
        "port": 80,
        "session": {"enable": True, "sessionExpireTime": 60},
        "scheduler": "LEAST_CONN",
    }
    config = {"spec": {"loadBalancer": {"l4Listeners": [entry]}}}
    found, listeners = settings(configs={"ours": config}), [Listener("TCP", 80), Listener("UDP", 80)]
    found.configure(listeners, "shop", "ours")
    assert [(listener.session_seconds, listener.scheduler) for listener in listeners] == [
        (60, "LEAST_CONN"),
        (0, "WRR"),
    ]
    with pytest.raises(SyncRefused, match="E4050"):
        found.configure(listeners, "shop", "missing")
    with pytest.raises(SyncRefused, match="E4051"):
        found.configure(listeners, "shop", "web-auto-service-config")
    entry["session"] = {"enable": True, "sessionExpireTime": 5}
    with pytest.raises(SyncRefused, match="outside 30 to 3600"):
        found.configure(listeners, "shop", "ours")


def test_rules_of_one_protocol_come_from_the_annotation() -> None:
    rules = '[{"host":"a.example.com","path":"/","backend":{"serviceName":"web","servicePort":80}}]'
    assert mixed_paths(rules) == [("a.example.com", "/", {"name": "web", "port": {"number": 80}})]
    assert mixed_paths(None) == []
    with pytest.raises(SyncRefused, match="E4044"):
        mixed_paths('[{"path":"/"}]')


@pytest.mark.parametrize(("ports", "twice"), [([53, 53], True), ([53, 80], False)])
def test_one_port_with_two_protocols_is_noticed(ports: list[int], twice: bool) -> None:
    assert same_port_twice({"spec": {"ports": [{"port": port} for port in ports]}}) is twice
