"""Stand-ins of the two code hosts: real HTTP, the documented shapes of their comments, pages, limits and
errors."""

from tests.lab.code_hosts.discussion import Account, Discussion, Fault, Note
from tests.lab.code_hosts.serving import Front, serving

__all__ = ["Account", "Discussion", "Fault", "Front", "Note", "serving"]
