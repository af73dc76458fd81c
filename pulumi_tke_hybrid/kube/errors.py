"""Why a cluster could not be read. Each message is one line.

Of a kubeconfig a message holds names only: of files, fields, contexts, clusters, users and helper programs. No other value of the file
and nothing that a helper printed.
"""


class KubeError(Exception):
    """A cluster could not be read."""


class NoSuchEntry(KubeError):
    """The user named a file or a context that does not exist."""


class NotFound(KubeError):
    """The API server has no such object or resource."""


class NotAllowed(KubeError):
    """The rights of the credentials do not suffice (403)."""


class NotAuthenticated(NotAllowed):
    """The API server does not accept the credentials (401)."""
