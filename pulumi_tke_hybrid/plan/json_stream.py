"""Reader of JSON files as programs and shells write them: in any UTF, with text around the JSON; large lists
are streamed.

The module knows nothing of Pulumi.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

_CHUNK = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
_START = re.compile(r"^(?:[ \t\ufeff]|\x1b\[[0-9;]*[A-Za-z])*(?=(?:\{\s*[\"}]|\[\s*[\[{\"\]]))", re.MULTILINE)
"""A line that begins with an object or a list, possibly after colour codes of a terminal."""
_INLINE = re.compile(r"(?=\{\s*\")")
_OBJECT = re.compile(f"{_START.pattern}|{_INLINE.pattern}", re.MULTILINE)
_PAGE = re.compile(r"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_SAMPLE = 4096
A_LIST = "it holds a list instead of an object"
NOT_WHOLE = "it is not whole, or not JSON"
TOO_DEEP = "its values are nested too deeply"


class Unreadable(Exception):
    """The file has no JSON object, or not a whole one."""


def encoding_of(data: bytes) -> str:
    """Return the encoding by the byte order mark, else by the position of zero bytes. Windows PowerShell
    writes UTF-16."""
    marked = next((name for mark, name in _BOMS if data.startswith(mark)), "")
    if marked:
        return marked

    def zeros(first: int, step: int) -> float:
        part = data[:_SAMPLE][first::step]
        return part.count(0) / len(part) if part else 0

    by_four, by_two = [zeros(index, 4) > 0.9 for index in range(4)], [zeros(index, 2) for index in range(2)]
    if by_four[2] and by_four[3]:
        return "utf-32-le"
    if by_four[0] and by_four[1]:
        return "utf-32-be"
    if by_two[1] > 0.3 > by_two[0]:
        return "utf-16-le"
    return "utf-16-be" if by_two[0] > 0.3 > by_two[1] else "utf-8"


def read_object(data: bytes) -> dict[str, Any]:
    """Return the longest JSON object of a file; lines of a log may be objects too. Raise `Unreadable`."""
    text = data.decode(encoding_of(data), errors="replace")
    found = _longest(text)
    if isinstance(found, list):
        raise Unreadable(A_LIST)
    if not isinstance(found, dict):
        raise Unreadable(_none_in(text))
    return cast(dict[str, Any], found)


def _longest(text: str) -> object:
    """Return the longest value in the text; None without any."""
    longest, length, at = None, 0, 0
    while match := _OBJECT.search(text, at):
        begin = match.end()
        try:
            value, at = json.JSONDecoder().raw_decode(text, begin)
        except RecursionError:
            raise Unreadable(TOO_DEEP) from None
        except json.JSONDecodeError as error:
            line_end = text.find("\n", begin)
            if line_end < 0 or error.pos > line_end:
                # An object inside a cut document must not be taken for the document.
                raise Unreadable(NOT_WHOLE) from None
            at = line_end
            continue
        if at - begin > length:
            longest, length = value, at - begin
    return longest


def _none_in(text: str) -> str:
    if not text.strip():
        return "it is empty"
    if _PAGE.match(text):
        return "it is a web page, not JSON; perhaps a proxy's or a login page"
    return "it holds no JSON object"


class Document:
    """One JSON object, read as a stream. Text before the object is skipped."""

    def __init__(self, source: BinaryIO) -> None:
        first = source.read(_CHUNK)
        self._decode = codecs.getincrementaldecoder(encoding_of(first))(errors="replace").decode
        self._source = source
        self._json = json.JSONDecoder()
        self._text = self._decode(first)
        self._at = 0
        self._ended = False

    def lines(self) -> Iterator[str]:
        """The lines of the document, for logs with one object in each line."""
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
        """Return the first line that starts an object, or the beginning of a very long line, without
        consuming it."""
        while not (found := _START.search(self._text)):
            if not self._more():
                found = _INLINE.search(self._text)
                break
        if found is None:
            raise Unreadable(_none_in(self._text))
        self._at = found.end()
        if self._text[self._at] == "[":
            raise Unreadable(A_LIST)
        while (end := self._text.find("\n", self._at)) < 0:
            if len(self._text) - self._at > _CHUNK or not self._more():
                return self._text[self._at :]
        return self._text[self._at : end]

    def members(self) -> Iterator[tuple[str, Any]]:
        """Yield (name, value) of the object; for a list, (name, item) for each item."""
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
                # Only at the end of the file a broken document differs from an incomplete one.
                if not self._more(len(self._text) - self._at):
                    raise Unreadable(NOT_WHOLE) from None
                continue
            except RecursionError:
                raise Unreadable(TOO_DEEP) from None
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
        """Read the next chunk and drop the consumed text."""
        if self._ended:
            return False
        chunk = self._source.read(max(_CHUNK, at_least))
        self._ended = not chunk
        self._text = self._text[self._at :] + self._decode(chunk, final=self._ended)
        self._at = 0
        return True
