"""What it ends in when no client can be made of a kubeconfig, for all who try."""

import httpx2
import yaml
from lightkube.core.exceptions import ConfigError

UNFIT = (ConfigError, httpx2.InvalidURL, ImportError, OSError, LookupError, AttributeError, TypeError, ValueError, yaml.YAMLError)
"""The libraries look at a kubeconfig, and at the proxy of the environment, without catching any of these."""


def reason(error: Exception) -> str:
    """Why, without a word of the kubeconfig or of the proxy's address."""
    if isinstance(error, ImportError):
        return "HTTPS_PROXY or ALL_PROXY names a SOCKS proxy; `pip install socksio`, or say NO_PROXY"
    return type(error).__name__
