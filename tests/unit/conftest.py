"""The unit tier: pure Python and Pulumi's mocks; no binary, no network, no cloud."""

import os

os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "1"  # an Output that ends up in a string is an error, not a help text
