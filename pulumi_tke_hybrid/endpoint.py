"""Arguments of the API server's endpoint."""

from collections.abc import Iterator
from enum import Enum
from typing import Optional

from pulumi_tke_hybrid.component.args import Args, args_class
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.tke import ids
from pulumi_tke_hybrid.tke.problem import Problem


class EndpointAccess(str, Enum):
    """From where the API server can be reached."""

    INTRANET = "intranet"
    INTERNET = "internet"


@args_class(subnet_id=ids.subnet_problem, security_group_id=ids.security_group_problem)
class EndpointArgs(Args):
    """The API server's address."""

    access: Optional[EndpointAccess] = None
    """`intranet` or `internet`. Default: `intranet`."""

    subnet_id: Optional[Input[str]] = None
    """Subnet of an intranet endpoint. Default: the subnet of the first node pool."""

    security_group_id: Optional[Input[str]] = None
    """Security group of an internet endpoint; required for it."""

    def problems(self) -> Iterator[Problem]:
        if self.access is EndpointAccess.INTERNET and self.security_group_id is None:
            yield Problem("security_group_id", "is required for an internet endpoint; it says who may reach the API server")
        if self.access is EndpointAccess.INTERNET and self.subnet_id is not None:
            yield Problem("subnet_id", "belongs to an intranet endpoint; leave it out, or say access='intranet'")
        if self.access is not EndpointAccess.INTERNET and self.security_group_id is not None:
            yield Problem("security_group_id", "belongs to an internet endpoint; leave it out, or say access='internet'")
