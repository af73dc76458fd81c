"""The real programs behind the lab: official ones where installed, else built once from pinned Go modules and
cached."""

from tests.lab.toolchain.ensure import Binaries, ensure
from tests.lab.toolchain.errors import ToolchainError

__all__ = ["Binaries", "ToolchainError", "ensure"]
