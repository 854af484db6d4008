"""Every route says who may ask it: one that forgot would be open to everyone."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from sightglass.access.caller import Scope
from sightglass.api import docs, routes
from sightglass.api.access import access_of, open_to_all, requires
from sightglass.api.web_ui import add_web_ui


def all_routes(ui: Path) -> Iterator[tuple[str, APIRoute]]:
    app = FastAPI(openapi_url=None)
    add_web_ui(app, ui)
    yield from (("web_ui", route) for route in app.routes if isinstance(route, APIRoute))
    names = [each.name for each in pkgutil.iter_modules(routes.__path__)]
    for module in [docs, *(importlib.import_module(f"{routes.__name__}.{name}") for name in names)]:
        yield from ((module.__name__, route) for route in module.router.routes)


def test_every_route_declares_who_may_ask(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("")
    found = list(all_routes(tmp_path))
    assert len(found) > 25
    for module, route in found:
        access = access_of(route)
        assert access is not None, f"{module}: {route.path} declares nothing"
        # Either scopes or a reason, never neither and never both.
        assert bool(access.scopes) != bool(access.open_because), f"{module}: {route.path}"


def test_a_route_that_declares_nothing_is_seen() -> None:
    router = APIRouter()

    @router.get("/forgotten")
    def forgotten() -> None: ...

    (route,) = router.routes
    assert isinstance(route, APIRoute)
    assert access_of(route) is None


@pytest.mark.parametrize("own", [True, False])
def test_a_route_may_say_otherwise_than_its_router(own: bool) -> None:
    router = APIRouter(dependencies=[open_to_all("for the test")])
    dependencies = [requires(Scope.READ)] if own else []

    @router.get("/x", dependencies=dependencies)
    def show() -> None: ...

    (route,) = router.routes
    assert isinstance(route, APIRoute)
    access = access_of(route)
    assert access is not None
    assert access.scopes == ({Scope.READ} if own else set())
