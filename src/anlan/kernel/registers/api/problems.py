"""What went wrong, as application/problem+json (RFC 9457): stable codes for programs, sentences for their people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from anlan.kernel.registers.declarations import Fault
from anlan.kernel.registers.services import Refused, Stale

PROBLEM = "application/problem+json"


class Problem(Exception):
    """An answer that is no success; `detail` says what, where and how to mend it."""

    def __init__(self, status: int, code: str, detail: str, faults: Iterable[Mapping[str, Any]] = ()) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.faults = status, code, detail, tuple(faults)


def fault_json(fault: Fault, **more: Any) -> dict[str, Any]:
    """One fault of one field; `more` names the item of a bulk."""
    return {**more, "field": fault.field, "code": fault.code, "words": str(fault.words), "blocks": fault.blocks}


def refused(faults: Iterable[Fault]) -> Problem:
    """Values that cannot be taken, with every fault."""
    rows = [fault_json(fault) for fault in faults]
    return Problem(422, "faults", _("; ").join(row["words"] for row in rows), rows)


def as_problem(error: Exception) -> Problem:
    """What an exception of our verbs means to a client. Raises the exception again when it means nothing to one."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused):
        return refused(error.faults)
    if isinstance(error, Stale):
        return Problem(412, "stale", str(error))
    if isinstance(error, IntegrityError):
        return Problem(409, "taken", _("Another change came in between. Send it again."))
    if isinstance(error, PermissionDenied):
        return Problem(403, "denied", str(error))
    if isinstance(error, Http404):
        return Problem(404, "missing", _("There is nothing at this address, or it is not open to you."))
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "large", _("A request has at most 2 MiB."))
    if isinstance(error, AuthenticationError):
        return Problem(401, "token", _("Send a valid API token, or sign in."))
    if isinstance(error, Throttled):
        return Problem(429, "rate", _("Too many requests; wait a little."))
    if isinstance(error, ValidationError):
        rows = [
            {"field": str(one["loc"][-1]), "code": "parameter", "words": str(one["msg"]), "blocks": True}
            for one in error.errors
        ]
        return Problem(422, "parameters", _("A parameter of the address cannot be meant."), rows)
    if isinstance(error, HttpError):
        return Problem(error.status_code, "refused", str(error))
    raise error


def answer(request: HttpRequest, error: Exception) -> HttpResponse:
    """The answer that an exception becomes."""
    problem = as_problem(error)
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "instance": request.path,
    }
    if problem.faults:
        content["faults"] = list(problem.faults)
    found = HttpResponse(msgspec.json.encode(content), content_type=PROBLEM, status=problem.status)
    found["Cache-Control"] = "no-store"
    if problem.status == 401:
        found["WWW-Authenticate"] = 'Bearer realm="anlan", Basic realm="anlan"'
    if problem.status == 429:
        found["Retry-After"] = str(getattr(error, "wait", None) or 1)
    return found


def install(api: NinjaAPI) -> None:
    """Let an API answer with problems."""
    kinds = (
        Problem, Refused, Stale, IntegrityError, PermissionDenied, Http404, RequestDataTooBig, ValidationError,
        HttpError,
    )  # fmt: skip
    for kind in kinds:
        api.add_exception_handler(kind, answer)
