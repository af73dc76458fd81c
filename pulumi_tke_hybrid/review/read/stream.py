"""JSON documents that are too large to hold: a list's items are handed on one by one, while the rest is still unread."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

_CHUNK = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
_START = re.compile(r"^[ \t]*\{", re.MULTILINE)
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (codecs.BOM_UTF8, "utf-8-sig"))


class Unreadable(Exception):
    """There is no document, or it ends too early, or it is none."""


class Document:
    """One JSON object, read as a stream. What the CLI printed before it is skipped."""

    def __init__(self, source: BinaryIO) -> None:
        first = source.read(_CHUNK)
        encoding = next((name for bom, name in _BOMS if first.startswith(bom)), "utf-8")  # a shell of Windows redirects as UTF-16
        self._decode = codecs.getincrementaldecoder(encoding)(errors="replace").decode
        self._source = source
        self._json = json.JSONDecoder()
        self._text = self._decode(first)
        self._at = 0
        self._ended = False

    def lines(self) -> Iterator[str]:
        """The document's lines, for a log that has a document in each."""
        while True:
            end = self._text.find("\n", self._at)
            if end < 0 and self._more():
                continue
            line = self._text[self._at :] if end < 0 else self._text[self._at : end]
            self._at = len(self._text) if end < 0 else end + 1
            if line.strip():
                yield line
            if end < 0:
                return

    def first_line(self) -> str:
        """The first line that starts an object, or the beginning of a very long one, without taking it."""
        while not (found := _START.search(self._text)):
            if not self._more():
                raise Unreadable("it holds no JSON object")
        self._at = found.start()
        while (end := self._text.find("\n", self._at)) < 0:
            if len(self._text) - self._at > _CHUNK or not self._more():
                return self._text[self._at :]
        return self._text[self._at : end]

    def members(self) -> Iterator[tuple[str, Any]]:
        """(name, value) of the object; for a list, (name, item) for each of its items."""
        self.first_line()
        self._take("{")
        if self._peek() == "}":
            return
        while True:
            name = self._value()
            self._take(":")
            if self._peek() == "[":
                yield from ((str(name), item) for item in self._items())
            else:
                yield str(name), self._value()
            if self._take(",}") == "}":
                return

    def _items(self) -> Iterator[Any]:
        self._take("[")
        if self._peek() == "]":
            self._take("]")
            return
        while True:
            yield self._value()
            if self._take(",]") == "]":
                return

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except ValueError:
                # A broken document is read to its end before that is known; a whole one is only waited for.
                if not self._more(len(self._text) - self._at):
                    raise Unreadable("it is not whole, or not JSON") from None
                continue
            except RecursionError:
                raise Unreadable("its values are nested too deeply") from None
            if end == len(self._text) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def _peek(self) -> str:
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise Unreadable("it ends too early")

    def _take(self, wanted: str) -> str:
        found = self._peek()
        if found not in wanted:
            raise Unreadable("it is not JSON")
        self._at += 1
        return found

    def _more(self, at_least: int = 0) -> bool:
        """Read on, and forget what was taken."""
        if self._ended:
            return False
        chunk = self._source.read(max(_CHUNK, at_least))
        self._ended = not chunk
        self._text = self._text[self._at :] + self._decode(chunk, final=self._ended)
        self._at = 0
        return True
