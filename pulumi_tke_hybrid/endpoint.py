"""Arguments of the API server's endpoint."""

from collections.abc import Iterator
from enum import Enum
from typing import Literal, Optional, Union

from pulumi_tke_hybrid.component.args import Args, args_class
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.tke import names
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import COMBINATION


class EndpointAccess(str, Enum):
    """From where the API server can be reached."""

    INTRANET = "intranet"
    INTERNET = "internet"


@args_class(subnet_id=names.subnet_problem, security_group_id=names.security_group_problem)
class EndpointArgs(Args):
    """The API server's address."""

    access: Optional[Union[EndpointAccess, Literal["intranet", "internet"]]] = None
    """`intranet` or `internet`. Default: `intranet`. Updated in place: one endpoint is opened, the other one
    is closed."""

    subnet_id: Optional[Input[str]] = None
    """Subnet of an intranet endpoint. Default: the subnet of the first node pool. Read when the endpoint is
    opened; another one is refused
    at preview, also where it follows from another first pool."""

    security_group_id: Optional[Input[str]] = None
    """Security group of an internet endpoint; required for it. Default: none. Updated in place."""

    def problems(self) -> Iterator[Finding]:
        internet = self.access is EndpointAccess.INTERNET
        if internet and self.security_group_id is None:
            yield COMBINATION.finding(
                "security_group_id",
                "is required for an internet endpoint",
                why="it says who may reach the API server",
                todo="give one",
            )
        if internet and self.subnet_id is not None:
            todo = "leave it out, or say access='intranet'"
            yield COMBINATION.finding(
                "subnet_id", "belongs to an intranet endpoint", why="an internet one has none", todo=todo
            )
        if not internet and self.security_group_id is not None:
            todo = "leave it out, or say access='internet'"
            yield COMBINATION.finding(
                "security_group_id",
                "belongs to an internet endpoint",
                why="an intranet one has none",
                todo=todo,
            )
