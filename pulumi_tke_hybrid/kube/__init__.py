"""Kubernetes clusters, for every command and component: one reader of kubeconfigs, one client, one wording of
failures.

The official client library (`kubernetes`) carries the requests. Three libraries were tried with the same
kubeconfigs:

- `kubernetes` 37.0.2: import 0.23 s, 126 MB. Knows proxies, `tls-server-name` and client certificates; kept
  by the Kubernetes project.
- kr8s 0.20.15: import 0.29 s, 1.1 MB. Follows redirects with the credentials, leaves client keys in temporary
  files, refuses basic authentication, has no impersonation, and quotes the output of a credential helper.
- lightkube 1.0.1: import 0.13 s, 4.2 MB. Has no exec helpers of version v1, no merging of files, no
  `proxy-url`, no `tls-server-name`.

No library may read a user's kubeconfig. The official library continues without credentials when a helper
fails, and logs the helper's output; it has no time limit for a helper, takes the current context of the last
file instead of the first, ignores `as`, and follows redirects. So this package reads the kubeconfig, runs the
helper and names the field that cannot be used; the library sends the requests, and is imported by the first
client.

The module itself has the errors of a cluster that could not be read. A message about a kubeconfig holds the
names of files, fields, contexts, clusters, users and helpers, and no other value. A message about a request
holds no text of the network, of a proxy or of a page.
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
