"""The one way in which all of `/v1` is served: who asks, with which right, and what refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

import structlog
from aiohttp import web

from softswitch.calls.voicemail.mailboxes import NoMailbox, NotOnDisk
from softswitch.guard.rights import NOBODY, NotAllowed, Right, User
from softswitch.http.access.asked_changes import AskedChange, ask_change
from softswitch.http.users import Users
from softswitch.http.v1 import uploads
from softswitch.http.v1.asking import BadQuery, NotServed, answer, answer_problem, user_of
from softswitch.http.v1.bodies import BadBody, Unconditional
from softswitch.http.v1.mistakes_json import show_faults, show_mistakes
from softswitch.http.v1.operations import Operation
from softswitch.live.changes import EntryExists, EntryFixed, EntryOutdated, NoSuchEntry
from softswitch.live.snapshot import Mistakes
from softswitch.store.errors import StoreError

log = structlog.get_logger("api")

PREFIX = "/v1"
"What all paths begin with."
NUMBERS = ("number", "agent")
"Parts of paths that are extensions: an application's must be its own."

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Work = Callable[[web.Request, User], Awaitable[web.StreamResponse]]
"Answers a user who has the right to ask; raises what `REFUSALS` lists."

REFUSALS: Mapping[type[Exception], int] = {
    BadQuery: 400,
    BadBody: 400,
    NotAllowed: 403,
    NoSuchEntry: 404,
    EntryFixed: 409,
    EntryExists: 409,
    EntryOutdated: 412,
    Unconditional: 428,
    NoMailbox: 404,  # before NotOnDisk, of which it is one
    NotOnDisk: 503,
    StoreError: 503,
}
"What is answered for what a handler raises."


def served(
    operations: Iterable[Operation], users: Users, works: Mapping[str, Work]
) -> list[web.RouteDef]:
    """The routes of these operations; each has its work, by its id, and each work its operation.

    Raises ValueError where that is not so.
    """
    operations = list(operations)
    if {each.id for each in operations} != works.keys():
        raise ValueError(f"expected work for {[each.id for each in operations]}, not {list(works)}")
    return list(_routes(operations, users, works))


def _routes(
    operations: Iterable[Operation], users: Users, works: Mapping[str, Work]
) -> Iterator[web.RouteDef]:
    for operation in operations:
        handler = _for_users(operation, users, works[operation.id])
        path = PREFIX + operation.path
        if operation.method == "get":
            yield web.get(path, handler)  # and HEAD, which needs the same right
        else:
            yield web.route(operation.method.upper(), path, handler)


def _for_users(operation: Operation, users: Users, work: Work) -> Handler:
    """Let users in who have the right, and answer what refuses them."""

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            user = NOBODY
            if operation.right is not None:
                user = user_of(request, users)
                if operation.method != "get":
                    target = request.path.removeprefix(f"{PREFIX}/")
                    ask_change(request, AskedChange(user, operation.id, target))
                _judge(operation.right, operation, user, request)
            return await work(request, user)
        except NotServed as error:
            return answer_problem(error.status, str(error), error.headers)
        except Mistakes as error:
            _not_begun(request, error)
            found = error.found
            return await asyncio.to_thread(lambda: answer(422, show_mistakes(found)))
        except tuple(REFUSALS) as error:
            _not_begun(request, error)
            status = next(code for kind, code in REFUSALS.items() if isinstance(error, kind))
            if isinstance(error, BadBody) and error.faults:
                return answer(status, show_faults(error.faults))
            return answer_problem(status, str(error.args[0]))
        finally:
            uploads.BODIES.give_back(request)

    return handler


def _not_begun(request: web.Request, error: Exception) -> None:
    """Raise the error where an answer is on its way, which then breaks off: half must not pass for
    a whole."""
    if request.writer.output_size:
        raise error


def _judge(right: Right, operation: Operation, user: User, request: web.Request) -> None:
    """See that the user may do that, with these extensions. Raises NotAllowed."""
    try:
        user.require(right)
        for name in NUMBERS:
            if name in request.match_info:
                user.require_own(request.match_info[name])
    except NotAllowed as error:
        log.warning("not allowed", user=user.name, operation=operation.id, reason=str(error))
        raise


@web.middleware
async def problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer in JSON below `/v1` also where no operation does: 404, 405, 413, 429 and so on."""
    if request.path != PREFIX and not request.path.startswith(f"{PREFIX}/"):
        return await handler(request)
    try:
        return await handler(request)
    except web.HTTPError as error:
        headers = {
            name: value for name, value in error.headers.items() if not name.startswith("Content-")
        }
        problem = answer_problem(error.status, _sentence(request, error), headers)
        if not error.keep_alive and error.keep_alive is not None:
            problem.force_close()
        return problem
    except Exception as error:
        _not_begun(request, error)
        log.exception("request broke", method=request.method, path=request.path[:200])
        return answer_problem(500, "internal error, see the log of the switch")


def _sentence(request: web.Request, error: web.HTTPError) -> str:
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return f"{request.path[:200]} takes {allowed}, not {request.method[:20]}"
        case web.HTTPNotFound():
            return f"no path {request.path[:200]}, see /openapi.json"
        case web.HTTPRequestEntityTooLarge():
            return "the body is too long"
    return error.text or error.reason
