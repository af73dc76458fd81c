"""How long a code host is waited for. Both clients send through `requests`, so one rule of its adapter serves both of them."""

import email.utils
import random
from types import TracebackType
from typing import Any

from typing_extensions import Self
from urllib3 import BaseHTTPResponse
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import MaxRetryError, ResponseError
from urllib3.util.retry import Retry

from pulumi_tke_hybrid.review.post.budget import Budget

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
    """Asks again after rate limits, server errors and broken connections, for as long as the budget lasts. Then the last answer counts.

    Writing is repeated as well: a comment that was made twice that way is found when we look again, and one of the two goes away.
    """

    def __init__(self, budget: Budget, **options: Any) -> None:
        self.budget = budget
        ours: dict[str, Any] = {"total": TRIES - 1, "allowed_methods": None, "status_forcelist": _RETRIED, "raise_on_status": False}
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
                raise MaxRetryError(_pool, url or "", ResponseError("not worth another try"))  # `raise_on_status`: the answer is handed on
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
            reset = next((value for name in names if (value := response.headers.get(f"{name}-Reset", "")).isdecimal()), "")
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
