"""Stand-in for the vendor's `pulumi-resource-tencentcloud` 0.2.3 plugin: a resource provider over gRPC, in
Python.

It does to the API what the vendor's provider does, its bugs included, for the few resources that a hybrid TKE
cluster
is made of. What it does not model it refuses in Check. Settings are the vendor's (`TENCENTCLOUD_*`, proxy
variables)
plus one of its own, `LAB_PLUGIN_TIME_SCALE`: see `timing`.
"""

from tests.lab.tencentcloud_plugin.install import VERSION, install

__all__ = ["VERSION", "install"]
