"""GitHub Enterprise Server's REST API as documented, for comments of a pull request, and the GraphQL query
`viewer`."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.lab.code_hosts.discussion import Account, Discussion, Note, answer, links, pages

LONGEST = 65_536
Handler = Callable[[Request, Account], Awaitable[Response]]


def refusal(status: int, message: str, **more: Any) -> Response:
    return JSONResponse(
        {
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(status),
            **more,
        },
        status,
    )


class GitHub:
    """Its routes, as a self-hosted instance has them: `/api/v3/…` and `/api/graphql`."""

    def __init__(self, discussion: Discussion, project: str, number: int) -> None:
        self._discussion = discussion
        self._issue = f"/api/v3/repos/{project}/issues/{number}"
        self._comment = f"/api/v3/repos/{project}/issues/comments/{{id:int}}"

    def routes(self) -> list[Route]:
        return [
            Route("/api/graphql", self._guarded(self._viewer), methods=["POST"]),
            Route(f"{self._issue}/comments", self._guarded(self._list), methods=["GET"]),
            Route(f"{self._issue}/comments", self._guarded(self._create), methods=["POST"]),
            Route(f"{self._issue}/events", self._guarded(self._events), methods=["GET"]),
            Route(self._comment, self._guarded(self._one), methods=["GET", "PATCH", "DELETE"]),
        ]

    def _guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            self._discussion.requested.append(f"{request.method} {request.url.path}?{request.url.query}")
            account = self._discussion.account_of(request.headers.get("authorization", "").partition(" ")[2])
            if account is None:
                return refusal(401, "Bad credentials")
            fault = self._discussion.fault(request)
            if fault is not None:
                if fault.after_the_deed:
                    await handler(request, account)
                return answer(fault)
            if (
                request.method in ("POST", "PATCH", "DELETE")
                and handler != self._viewer
                and not account.may_write
            ):
                return refusal(403, "Resource not accessible by integration")
            response = await handler(request, account)
            response.headers.update(
                {
                    "X-RateLimit-Limit": "5000",
                    "X-RateLimit-Remaining": "4999",
                    "X-RateLimit-Reset": "4102444800",
                }
            )
            return response

        return handle

    async def _viewer(self, request: Request, account: Account) -> Response:
        question = await request.json()
        if "viewer" not in question["query"]:
            return JSONResponse({"errors": [{"message": "not known to this stand-in"}]})
        return JSONResponse({"data": {"viewer": {"login": account.login}}})

    async def _list(self, request: Request, account: Account) -> Response:
        await self._discussion.wait_for_the_others()
        found, page, last, _ = pages(self._discussion.notes, request)
        headers = {"Link": links(request, page, last, self._discussion.calls_itself)} if last > 1 else {}
        return JSONResponse([self._shown(note, request) for note in found], headers=headers)

    async def _events(self, request: Request, account: Account) -> Response:
        return JSONResponse(
            [
                {"id": index, "event": "labeled", "actor": {"login": login}, "label": {"name": label}}
                for index, (label, login) in enumerate(self._discussion.labels)
            ]
        )

    async def _create(self, request: Request, account: Account) -> Response:
        body = await self._body(request)
        if isinstance(body, Response):
            return body
        return JSONResponse(self._shown(self._discussion.add(account, body), request), 201)

    async def _one(self, request: Request, account: Account) -> Response:
        note = self._discussion.find(int(request.path_params["id"]))
        if note is None:
            return refusal(404, "Not Found")
        if request.method == "DELETE":
            self._discussion.notes.remove(note)
            return Response(status_code=204)
        if request.method == "PATCH":
            body = await self._body(request)
            if isinstance(body, Response):
                return body
            note.body = body
        return JSONResponse(self._shown(note, request))

    async def _body(self, request: Request) -> str | Response:
        body = str(json.loads(await request.body())["body"])
        if len(body) <= self._discussion.longest:
            return body
        error = {
            "resource": "IssueComment",
            "code": "unprocessable",
            "field": "data",
            "message": "Body is too long (maximum is 65536 characters)",
        }
        return refusal(422, "Validation Failed", errors=[error])

    def _shown(self, note: Note, request: Request) -> dict[str, Any]:
        root = f"{request.url.scheme}://{request.url.netloc}"
        author = note.author
        return {
            "id": note.id,
            "node_id": f"IC_{note.id}",
            "url": f"{root}{self._comment.replace('{id:int}', str(note.id))}",
            "html_url": f"{root}/comment-{note.id}",
            "issue_url": f"{root}{self._issue}",
            "body": note.body,
            "user": {
                "login": author.login,
                "id": author.id,
                "type": "Bot" if author.login.endswith("[bot]") else "User",
            },
            "created_at": "2026-11-01T09:00:00Z",
            "updated_at": "2026-11-01T09:00:00Z",
            "author_association": "CONTRIBUTOR",
        }
