"""What can go wrong between a review and its pull request, each in one line that says what to do.

How long one run may wait for a code host, over all its requests.

How long a code host is waited for. Both clients send through `requests`, so one rule of its adapter serves
both of them.

Exactly one comment of our own on a pull request, whatever is there already and whoever else writes at the
same time.
"""

import email.utils
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from typing_extensions import Self
from urllib3 import BaseHTTPResponse
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import MaxRetryError, ResponseError
from urllib3.util.retry import Retry


class CannotPost(Exception):
    """The comment is not on the pull request."""


class Gone(Exception):
    """The comment that was to be changed is not there any more: another job took it away."""


LONGEST = 200


def cleaned(said: object, secret: str) -> str:
    """What a code host said, fit for one line of a log."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said or "")
    line = "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
    line = line.replace(secret, "…") if secret else line
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


@dataclass
class Budget:
    """A job must end: when this is used up, the answer that is there counts."""

    left: float = 180.0
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time

    def spend(self, seconds: float) -> None:
        """Wait, and be that much poorer."""
        self.left -= seconds
        self.sleep(seconds)


TRIES = 6
"""For one request, the first included."""
TIMEOUT = 20
"""Seconds until an answer has begun."""
_FIRST_WAIT = 1.0
_LONGEST_BACKOFF = 20.0
_UNSAID = 60.0
"""A limit without a time: GitHub asks for a minute at least."""
_LIMITS = frozenset({403, 429})
_RETRIED = _LIMITS | {500, 502, 503, 504}


class Patience(Retry):
    """Asks again after rate limits, server errors and broken connections, for as long as the budget lasts.
    Then the last answer counts.

    Writing is repeated as well: a comment that was made twice that way is found when we look again, and one
    of the two goes away.
    """

    def __init__(self, budget: Budget, **options: Any) -> None:
        self.budget = budget
        ours: dict[str, Any] = {
            "total": TRIES - 1,
            "allowed_methods": None,
            "status_forcelist": _RETRIED,
            "raise_on_status": False,
        }
        super().__init__(**{**ours, **options})

    def new(self, **options: Any) -> Self:
        return super().new(budget=self.budget, **options)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        following = super().increment(method, url, response, error, _pool, _stacktrace)
        if response is not None and _pool is not None:
            seconds = following.wanted(response)
            if seconds is None or seconds > self.budget.left:
                raise MaxRetryError(
                    _pool, url or "", ResponseError("not worth another try")
                )  # `raise_on_status`: the answer is handed on
        return following

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        seconds = self._backoff() if response is None else self.wanted(response)
        self.budget.spend(min(seconds or 0.0, max(self.budget.left, 0.0)))

    def wanted(self, response: BaseHTTPResponse) -> float | None:
        """Seconds until it is worth to ask again; None for a plain refusal, which no waiting changes."""
        told = _seconds(response.headers.get("Retry-After", ""), self.budget.now())
        if told is not None:
            return told
        if response.status not in _LIMITS:
            return self._backoff()
        names = ("X-RateLimit", "RateLimit")  # GitHub, GitLab
        if any(response.headers.get(f"{name}-Remaining") == "0" for name in names):
            reset = next(
                (value for name in names if (value := response.headers.get(f"{name}-Reset", "")).isdecimal()),
                "",
            )
            # A second more: nobody says when within its second the limit ends.
            return max(int(reset) - self.budget.now(), 0.0) + 1.0 if reset else _UNSAID
        return _UNSAID if response.status == 429 else None

    def _backoff(self) -> float:
        seconds = _FIRST_WAIT * 2.0 ** max(len(self.history) - 1, 0)
        return min(seconds, _LONGEST_BACKOFF) * random.uniform(0.8, 1.2)  # noqa: S311 - two jobs should not come back together


def _seconds(retry_after: str, now: float) -> float | None:
    """`Retry-After` is a number of seconds or a date."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    moment = email.utils.parsedate_tz(retry_after)
    return max(email.utils.mktime_tz(moment) - now, 0.0) if moment else None


PUT_TRIES = 3
"""Each try that fails is one comment that another job took away while we worked on it."""


@dataclass(frozen=True)
class Remark:
    """One comment of a pull request."""

    id: int
    """Code hosts count upwards: the smallest is the oldest."""
    body: str
    mine: bool
    """Written by the account that writes now. Anybody may copy our hidden line; only what we wrote ourselves
    is changed or taken away."""


class Thread(Protocol):
    """The comments of one pull request, on a code host."""

    def remarks(self) -> Iterable[Remark]:
        """All of them, over all pages."""
        ...

    def setters(self) -> dict[str, str]:
        """Who set each label last, by the label's name."""
        ...

    def add(self, body: str) -> Remark:
        """A new one."""
        ...

    def change(self, remark: Remark, body: str) -> None:
        """Raises `Gone` when it is not there any more."""
        ...

    def remove(self, remark: Remark) -> None:
        """Raises `Gone` when it is not there any more."""
        ...


@dataclass(frozen=True)
class Put:
    """What was done. For the log: `added`, `changed`, `kept` or `left out`."""

    deed: str
    removed: int = 0
    """Duplicates of our own that were taken away."""


def put(thread: Thread, marker: str, body: str, *, worth_making: bool = True) -> Put:
    """Make `body` the only comment of our own that begins with `marker`. A new one is made only if that is
    worth it."""
    for _ in range(PUT_TRIES):
        try:
            return _put(thread, marker, body, worth_making=worth_making)
        except Gone:
            continue
    raise CannotPost(
        f"another job took the comment away {PUT_TRIES} times while it was written; let one job at a time"
        " post for a pull request"
    )


def _put(thread: Thread, marker: str, body: str, *, worth_making: bool) -> Put:
    own = _own(thread, marker)
    if own:
        deed = "kept"
    elif worth_making:
        added = thread.add(body)
        deed = "added"
        # Another job may have looked and added just as we did: so look again. Of two that add, at least the
        # later one sees both comments,
        # and both keep the older one. What we have just added counts even where the answer comes from a copy
        # that does not know it yet.
        own = {**_own(thread, marker), added.id: added}
    else:
        return Put("left out")
    oldest, *rest = (own[number] for number in sorted(own))
    if _lines(oldest.body) != _lines(body):
        thread.change(oldest, body)
        deed = "changed"
    return Put(deed, sum(_removed(thread, remark) for remark in rest))


def _own(thread: Thread, marker: str) -> dict[int, Remark]:
    return {
        remark.id: remark for remark in thread.remarks() if remark.mine and remark.body.startswith(marker)
    }


def _lines(body: str) -> list[str]:
    """Hosts may change line ends, and what follows the last line."""
    return [line.rstrip() for line in body.strip().splitlines()]


def _removed(thread: Thread, remark: Remark) -> bool:
    try:
        thread.remove(remark)
    except Gone:
        return False
    return True
