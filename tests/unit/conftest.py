"""What the unit tests need none of, left out: together it is a tenth of their time."""

import importlib
from typing import Any

from hypothesis import settings
from pulumi.runtime.proto import source_pb2

# No test is timed, and no failed example is kept between runs: each is printed.
settings.register_profile("unit", database=None, deadline=None)
settings.load_profile("unit")

# Where in a program a resource was made is for editors. Under pytest the stack is deep, and Pulumi reads all
# of it for each resource.
_runtime: Any = importlib.import_module("pulumi.runtime.resource")
_runtime._get_stack_trace = source_pb2.StackTrace
