"""The real programs behind the lab: official ones, installed or downloaded; else built once."""

from tests.lab.toolchain.ensure import Binaries, ensure
from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.pins import CONTROL_PLANE

__all__ = ["CONTROL_PLANE", "Binaries", "ToolchainError", "ensure"]
