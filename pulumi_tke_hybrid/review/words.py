"""Foreign text made fit for a comment: no secret, no control character, no Markdown, HTML or mention, and never too long."""

import re
from collections.abc import Iterable

from pulumi_tke_hybrid.console import markdown
from pulumi_tke_hybrid.console.text import shown
from pulumi_tke_hybrid.tke.values import SECRET

NAME = 80
"""Characters of a name that are shown."""
SENTENCE = 600
_SHAPES = re.compile(
    r"AKID[A-Za-z0-9]{12,}"  # a Tencent key id
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+"  # a signed token
    r"|(?<=://)[^/\s@]+:[^/\s@]+(?=@)"  # user and password of an address
    r"|-----BEGIN[\s\S]*?(-----END[^-]*-----|$)"
    r"|\b(gh[pousr]|glpat|pul)[-_][A-Za-z0-9_-]{16,}"
    r"|(?i:(?:password|passwd|passphrase|secret|token)\s*[=:]\s*)\S+"
)
_FENCE = re.compile(r"`+")


class Words:
    """Text of one review. It knows the secrets that were met, so a name that holds one is not shown whole."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted(secrets, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def line(self, text: str, most: int = SENTENCE) -> str:
        """One printable line for a terminal or a program."""
        cut = text[: most * 20]
        if self._secrets is not None:
            cut = self._secrets.sub(SECRET, cut)
        return shown(_SHAPES.sub(SECRET, cut), most)

    def prose(self, text: str, most: int = SENTENCE) -> str:
        """The same inside a sentence of Markdown."""
        return markdown.plain(self.line(text, most), most)

    def code(self, text: str, most: int = NAME) -> str:
        """The same as a name of Markdown, also in a table's cell."""
        inside = self.line(text, most).replace("|", "¦")
        fence = "`" * (max((len(run) for run in _FENCE.findall(inside)), default=0) + 1)
        pad = " " if inside.startswith("`") or inside.endswith("`") or not inside.strip() else ""
        return f"{fence}{pad}{inside or ' '}{pad}{fence}"
