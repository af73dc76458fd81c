"""The tests, and the lab."""

import sys
from pathlib import Path

COMMAND = str(Path(sys.prefix, "bin", "tke-hybrid"))
"""The command of the installed package."""
