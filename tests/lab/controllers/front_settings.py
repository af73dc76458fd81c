"""The inputs of TKE's controllers beside a Service or an Ingress itself: certificates, security groups, the
TkeServiceConfig."""

import base64
from collections.abc import Iterable

from tests.lab.controllers import keys
from tests.lab.controllers.context import Context
from tests.lab.controllers.kube import Json, child, children, data_of, spec_of
from tests.lab.controllers.load_balancer import SyncRefused
from tests.lab.world import Listener, LoadBalancer

MOST_GROUPS = 5
GENERATED = ("-auto-service-config", "-auto-ingress-config")


class FrontSettings:
    def __init__(self, context: Context) -> None:
        self._context = context

    def certificate(self, namespace: str, secret_name: object) -> str:
        """The certificate's id out of its Secret."""
        secret = self._context.mirrors.secrets.get(str(secret_name or ""), namespace)
        if secret is None:
            raise SyncRefused(f"Secret {namespace}/{secret_name} not found", "E4010")
        encoded = data_of(secret).get(keys.CERTIFICATE_ID)
        if not encoded:
            raise SyncRefused(f"Secret {namespace}/{secret_name} has no {keys.CERTIFICATE_ID}", "E4011")
        return base64.b64decode(encoded).decode()

    def guard(self, balancer: LoadBalancer, groups: str | None, pass_to_target: str | None) -> None:
        """Security groups of the load balancer itself, and whether those of the backends are skipped."""
        wanted = [group for group in (groups or "").split(",") if group]
        unknown = [group for group in wanted if group not in self._context.world.security_groups]
        if unknown:
            raise SyncRefused(f"security groups {unknown} do not exist")
        if len(wanted) > MOST_GROUPS:
            raise SyncRefused(f"{len(wanted)} security groups, at most {MOST_GROUPS}")
        if pass_to_target is not None and balancer.user_made:
            raise SyncRefused(f"pass-to-target cannot be set on the existing load balancer {balancer.lb_id}")
        balancer.security_groups, balancer.pass_to_target = wanted, pass_to_target == "true"

    def configure(self, listeners: Iterable[Listener], namespace: str, name: str | None) -> None:
        """Apply the TkeServiceConfig; a listener is found by its protocol and port."""
        if name is None:
            return
        if name.endswith(GENERATED):
            raise SyncRefused(f"TkeServiceConfig {name} has the name of a generated one", "E4051")
        config = self._context.mirrors.service_configs.get(name, namespace)
        if config is None:
            raise SyncRefused(f"TkeServiceConfig {namespace}/{name} not found", "E4050")
        entries = {
            (entry.get("protocol"), entry.get("port")): entry
            for entry in children(child(spec_of(config), "loadBalancer"), "l4Listeners")
        }
        for listener in listeners:
            entry = entries.get((listener.protocol, listener.port))
            if entry is not None:
                _configure(listener, entry)


def _configure(listener: Listener, entry: Json) -> None:
    session = child(entry, "session")
    seconds = int(session.get("sessionExpireTime") or 0) if session.get("enable") else 0
    if seconds and not 30 <= seconds <= 3600:
        raise SyncRefused(f"sessionExpireTime {seconds} is outside 30 to 3600")
    listener.session_seconds = seconds
    listener.scheduler = str(entry.get("scheduler") or "WRR")
    listener.health_check = child(entry, "healthCheck")
