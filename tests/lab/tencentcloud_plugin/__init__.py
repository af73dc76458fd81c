"""Stand-in for the vendor's `pulumi-resource-tencentcloud` 0.2.3 plugin: a resource provider over gRPC, in
Python.

The stand-in sends to the API what the vendor's provider sends, its bugs included, for the few resources of a
hybrid TKE cluster. Check refuses everything else. Settings are the vendor's (`TENCENTCLOUD_*`, `HTTP_PROXY`)
and one more, `LAB_PLUGIN_TIME_SCALE`: see `timing`. The calls that the vendor sends to a fixed https host go
there through `HTTPS_PROXY`, if this proxy is on loopback: see `client.Api.call`.
"""

from tests.lab.tencentcloud_plugin.install import VERSION, install

__all__ = ["VERSION", "install"]
