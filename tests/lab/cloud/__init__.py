"""Stand-in for the Tencent Cloud API: signed requests checked, state kept in `World`, faults injectable."""

from tests.lab.cloud.app import create_app
from tests.lab.cloud.runtime import ClusterRuntime
from tests.lab.cloud.settings import Settings

__all__ = ["ClusterRuntime", "Settings", "create_app"]
