"""GitLab's REST API v4 as documented, as far as notes of a merge request go."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.lab.code_hosts.discussion import Account, Discussion, Note, answer, links, pages

LONGEST = 1_000_000
Handler = Callable[[Request, Account], Awaitable[Response]]


def refusal(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)


class GitLab:
    """Its routes, below the path that a self-hosted instance may have."""

    def __init__(self, discussion: Discussion, project: str, number: int, root: str = "") -> None:
        self._discussion = discussion
        self._root = f"{root}/api/v4"
        self._notes = f"{self._root}/projects/{project}/merge_requests/{number}/notes"

    def routes(self) -> list[Route]:
        return [
            Route(f"{self._root}/user", self._guarded(self._user), methods=["GET"]),
            Route(self._notes, self._guarded(self._list), methods=["GET"]),
            Route(self._notes, self._guarded(self._create), methods=["POST"]),
            Route(
                f"{self._notes.removesuffix('notes')}resource_label_events",
                self._guarded(self._label_events),
                methods=["GET"],
            ),
            Route(f"{self._notes}/{{id:int}}", self._guarded(self._one), methods=["GET", "PUT", "DELETE"]),
        ]

    def _guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            self._discussion.requested.append(f"{request.method} {request.url.path}?{request.url.query}")
            bearer = request.headers.get("authorization", "").partition(" ")[2]
            account = self._discussion.account_of(request.headers.get("private-token", bearer))
            if account is None:
                return refusal(401, "401 Unauthorized")
            fault = self._discussion.fault(request)
            if fault is not None:
                if fault.after_the_deed:
                    await handler(request, account)
                return answer(fault)
            if request.method != "GET" and not account.may_write:
                return refusal(403, "403 Forbidden")
            return await handler(request, account)

        return handle

    async def _user(self, request: Request, account: Account) -> Response:
        return JSONResponse(
            {
                "id": account.id,
                "username": account.login,
                "name": account.login,
                "state": "active",
                "bot": True,
            }
        )

    async def _label_events(self, request: Request, account: Account) -> Response:
        return JSONResponse(
            [
                {"id": index, "action": "add", "label": {"name": label}, "user": {"username": login}}
                for index, (label, login) in enumerate(self._discussion.labels)
            ]
        )

    async def _list(self, request: Request, account: Account) -> Response:
        await self._discussion.wait_for_the_others()
        newest_first = request.query_params.get("sort", "desc") == "desc"
        ordered = sorted(self._discussion.notes, key=lambda note: note.id, reverse=newest_first)
        found, page, last, size = pages(ordered, request)
        headers = {
            "Link": links(request, page, last, self._discussion.calls_itself),
            "X-Page": str(page),
            "X-Per-Page": str(size),
            "X-Next-Page": str(page + 1) if page < last else "",
            "X-Prev-Page": str(page - 1) if page > 1 else "",
            "X-Total": str(len(ordered)),
            "X-Total-Pages": str(last),
        }
        return JSONResponse([self._shown(note) for note in found], headers=headers)

    async def _create(self, request: Request, account: Account) -> Response:
        body = await self._body(request)
        if isinstance(body, Response):
            return body
        return JSONResponse(self._shown(self._discussion.add(account, body)), 201)

    async def _one(self, request: Request, account: Account) -> Response:
        note = self._discussion.find(int(request.path_params["id"]))
        if note is None:
            return refusal(404, "404 Not found")
        if request.method == "DELETE":
            self._discussion.notes.remove(note)
            return Response(status_code=204)
        if request.method == "PUT":
            body = await self._body(request)
            if isinstance(body, Response):
                return body
            note.body = body
        return JSONResponse(self._shown(note))

    async def _body(self, request: Request) -> str | Response:
        body = str(json.loads(await request.body())["body"])
        if len(body) <= self._discussion.longest:
            return body
        return refusal(400, "400 Bad request - Note is too long (maximum is 1000000 characters)")

    def _shown(self, note: Note) -> dict[str, Any]:
        author = note.author
        return {
            "id": note.id,
            "type": None,
            "body": note.body,
            "author": {"id": author.id, "username": author.login, "name": author.login, "state": "active"},
            "created_at": "2026-11-01T09:00:00.000Z",
            "updated_at": "2026-11-01T09:00:00.000Z",
            "system": note.system,
            "noteable_id": 301,
            "noteable_type": "MergeRequest",
            "noteable_iid": 7,
            "resolvable": False,
            "confidential": False,
            "internal": False,
        }
