"""What a caller must be allowed for each route: every route declares it with one of these.

It is checked before anything else of a request is read. Where API keys are not asked for, everyone
may do everything.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import Depends, Request
from fastapi.routing import APIRoute

from sightglass.access.caller import EVERYONE, Caller, Scope
from sightglass.api.services import Services
from sightglass.errors import (
    AccessUnavailableError,
    ApiKeyInvalidError,
    ApiKeyMissingError,
    QuotaExceededError,
    RateLimitedError,
    ScopeMissingError,
    SightglassError,
)
from sightglass.observability import metrics

KEY_HEADER = "X-API-Key"
ERRORS_OF_ACCESS: tuple[type[SightglassError], ...] = (
    *(ApiKeyMissingError, ApiKeyInvalidError, ScopeMissingError),
    *(RateLimitedError, QuotaExceededError, AccessUnavailableError),
)


@dataclass(frozen=True, slots=True)
class Access:
    """A dependency that lets callers with any of these scopes through; without scopes, all.

    `images` is how many images the request counts against a quota. `open_because` says why a
    route needs no key.
    """

    scopes: frozenset[Scope] = frozenset()
    images: int = 0
    open_because: str = ""

    async def __call__(self, request: Request) -> None:
        """Sets `request.state.caller`. Raises what `ERRORS_OF_ACCESS` lists."""
        state = request.state
        if getattr(state, "access", None) is self:
            return  # a route that reads its body by itself has asked before
        state.access = self
        state.caller = EVERYONE
        services: Services = request.app.state.services
        if self.open_because or not services.settings.asks_for_keys:
            return
        state.caller = caller = await identify(request, services)
        if not any(caller.may(scope) for scope in self.scopes):
            metrics.api_key_requests.labels(caller.name, "denied").inc()
            raise _scope_missing(self.scopes)
        state.allowance = await request.app.state.limiter.charge(caller, images=self.images)


def requires(*scopes: Scope, images: int = 0) -> Any:
    """For `dependencies=[...]` of a route or router: a key with any of these scopes."""
    return Depends(Access(frozenset(scopes), images))


def open_to_all(because: str) -> Any:
    """For `dependencies=[...]` of a route or router that needs no key, and why."""
    return Depends(Access(open_because=because))


def access_of(route: APIRoute) -> Access | None:
    """What the route declares; the last one where its router does too."""
    declared = [each.dependency for each in route.dependencies]
    return next((each for each in reversed(declared) if isinstance(each, Access)), None)


async def identify(request: Request, services: Services) -> Caller:
    """Who holds the key of this request. Raises `ApiKeyMissingError`, `ApiKeyInvalidError` and
    `AccessUnavailableError`.
    """
    text = request.headers.get(KEY_HEADER) or bearer_token(request)
    if not text:
        raise ApiKeyMissingError
    caller = await services.keys.find(text.strip())
    structlog.contextvars.bind_contextvars(caller=caller.name)
    return caller


async def may_see_details(request: Request, services: Services) -> bool:
    """On a route that is open: whether this caller may see what `read` shows."""
    if not services.settings.asks_for_keys:
        return True
    try:
        return (await identify(request, services)).may(Scope.READ)
    except (ApiKeyMissingError, ApiKeyInvalidError, AccessUnavailableError):
        return False


async def check_metrics_token(request: Request) -> None:
    """Raises unless METRICS_TOKEN is not set, or is what the request brings."""
    services: Services = request.app.state.services
    wanted = services.settings.metrics_token
    if wanted is None:
        return
    brought = bearer_token(request)
    if not brought:
        raise ApiKeyMissingError("Send the METRICS_TOKEN of this server: Authorization: Bearer.")
    if not hmac.compare_digest(brought.encode(), wanted.get_secret_value().encode()):
        raise ApiKeyInvalidError("This is not the METRICS_TOKEN of this server.")


def bearer_token(request: Request) -> str:
    """What stands behind `Authorization: Bearer`; empty when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _scope_missing(scopes: frozenset[Scope]) -> ScopeMissingError:
    names = sorted(scopes)
    wanted = " or ".join(f"`{name}`" for name in names)
    return ScopeMissingError(f"This API key lacks the scope {wanted}.", scopes=names)
