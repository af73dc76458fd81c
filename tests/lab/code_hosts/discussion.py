"""The part that both stand-ins share: the comments of one pull request, the accounts, the requests, and the
faults."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response


@dataclass(frozen=True)
class Account:
    id: int
    login: str
    may_write: bool = True


@dataclass
class Note:
    id: int
    author: Account
    body: str
    system: bool = False


@dataclass
class Fault:
    """The host's answer to the next requests of that method, instead of the real answer."""

    status: int
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    times: int = 1
    after_the_deed: bool = False
    """The request is carried out, and its answer is lost."""


class Discussion:
    """One pull request. `accounts` are the tokens that the host knows."""

    def __init__(self, accounts: Mapping[str, Account], *, longest: int, together: int = 0) -> None:
        self.notes: list[Note] = []
        self.labels: list[tuple[str, str]] = []
        """(label, login of the account that set the label)."""
        self.longest = longest
        self.faults: list[Fault] = []
        self.requested: list[str] = []
        self.calls_itself = ""
        """The host's own address in links to further pages; empty: the address of the request."""
        self._accounts = dict(accounts)
        self._next = 1000
        self._together = together
        self._arrived = 0
        self._all_there: asyncio.Event | None = None

    def account_of(self, token: str) -> Account | None:
        return self._accounts.get(token)

    def chatter(self, count: int, author: Account) -> None:
        for index in range(count):
            self.add(author, f"remark {index}")

    def add(self, author: Account, body: str, *, system: bool = False) -> Note:
        self._next += 1
        note = Note(self._next, author, body, system)
        self.notes.append(note)
        return note

    def find(self, number: int) -> Note | None:
        return next((note for note in self.notes if note.id == number), None)

    def own(self, author: Account, beginning: str) -> list[Note]:
        return [note for note in self.notes if note.author == author and note.body.startswith(beginning)]

    def writes(self) -> list[str]:
        return [line for line in self.requested if not line.startswith("GET") and "graphql" not in line]

    async def wait_for_the_others(self) -> None:
        """The first lists are answered together: every job has looked before any of them writes. The worst
        case of a race, every time."""
        if not self._together:
            return
        if self._all_there is None:
            self._all_there = asyncio.Event()
        self._arrived += 1
        if self._arrived >= self._together:
            self._all_there.set()
        await self._all_there.wait()

    def fault(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.method == request.method:
                fault.times -= 1
                return fault
        return None


def answer(fault: Fault) -> Response:
    return PlainTextResponse(
        fault.text,
        fault.status,
        dict(fault.headers),
        media_type="application/json" if fault.text[:1] == "{" else None,
    )


def pages(notes: Iterable[Note], request: Request) -> tuple[list[Note], int, int, int]:
    """Return one page, its number, the number of pages, and the size: at most 100, by default 20."""
    every = list(notes)
    size = min(int(request.query_params.get("per_page", "20")), 100)
    page = int(request.query_params.get("page", "1"))
    return every[(page - 1) * size : page * size], page, max(-(-len(every) // size), 1), size


def links(request: Request, page: int, last: int, itself: str = "") -> str:
    """The `Link` header of both hosts."""
    own = URL(itself)
    here = request.url.replace(scheme=own.scheme, netloc=own.netloc) if itself else request.url
    wanted = {"prev": page - 1, "next": page + 1, "first": 1, "last": last}
    shown = [(name, number) for name, number in wanted.items() if 1 <= number <= last]
    return ", ".join(f'<{here.include_query_params(page=number)}>; rel="{name}"' for name, number in shown)
