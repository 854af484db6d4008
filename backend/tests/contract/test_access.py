"""An API that asks for keys: every route against no key, a wrong one, and each scope."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sightglass.access.caller import Scope
from sightglass.access.key_text import new_key
from sightglass.access.keys import Keys, NewKey
from sightglass.settings import Settings
from sightglass.storage.database import create_engine
from tests.contract.api_server import ApiServer
from tests.contract.pictures import encoded
from tests.contract.problems import assert_problem
from tests.contract.scraped import metric
from tests.integration.servers import RedisServer

NO_ID = "0" * 32
TOKEN = "what-prometheus-knows"
READ, DETECT, MANAGE = Scope.READ, Scope.DETECT, Scope.MANAGE
# Written out here, so that no change of a route goes unnoticed.
WANTED: dict[tuple[str, str], set[Scope]] = {
    ("POST", "/process-image"): {DETECT},
    ("POST", "/process-image/async"): {DETECT},
    ("GET", "/task/{task_id}"): {READ, DETECT},
    ("DELETE", "/task/{task_id}"): {DETECT},
    ("POST", "/task/{task_id}/retry"): {DETECT},
    ("GET", "/tasks"): {READ},
    ("GET", "/tasks/events"): {READ},
    ("GET", "/predictions"): {READ},
    ("GET", "/predictions/{prediction_id}"): {READ},
    ("GET", "/predictions/{prediction_id}/image"): {READ},
    ("PUT", "/predictions/{prediction_id}/verdict"): {DETECT},
    ("DELETE", "/predictions/{prediction_id}/verdict"): {DETECT},
    ("GET", "/mlflow/runs"): {READ},
    ("GET", "/model/info"): {READ},
    ("GET", "/model/card"): {READ},
    ("GET", "/activity"): {READ},
    ("GET", "/audit"): {MANAGE},
}
OPEN = {("GET", path) for path in ("/", "/health", "/health/live", "/health/ready")} | {
    ("GET", "/client-config"),
    ("GET", "/metrics"),  # by its own token
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[ApiServer]:
    server = ApiServer(
        tmp_path_factory.mktemp("keyed"),
        redis_server.url,
        environment="production",
        metrics_token=TOKEN,
    )
    with server:
        yield server


@pytest.fixture(scope="module")
def keys(api: ApiServer) -> Iterator[Keys]:
    settings = Settings(_env_file=None, state_dir=api.folder / "state")
    engine = create_engine(settings.resolved_database_url)
    yield Keys(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def texts(keys: Keys) -> dict[Scope, str]:
    """A key for each scope."""
    return {scope: make(keys, f"only-{scope}", scope) for scope in Scope}


def make(keys: Keys, name: str, *scopes: Scope) -> str:
    return keys.create(NewKey(name, frozenset(scopes)), actor="test")[1].joined()


def ask(
    client: httpx.Client, method: str, path: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    path = path.format(task_id=NO_ID, prediction_id=NO_ID)
    with client.stream(method, path, headers=headers) as answer:
        if not answer.headers["content-type"].startswith("text/event-stream"):
            answer.read()  # that one never ends
        return answer


def test_the_table_is_whole(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    found = {(m.upper(), path) for path, methods in document["paths"].items() for m in methods}
    assert found == {*WANTED, *OPEN}
    for method, path in found:
        operation = document["paths"][path][method.lower()]
        assert ("security" in operation) == ((method, path) in WANTED), path
        assert ("403" in operation["responses"]) == ((method, path) in WANTED), path


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize(("method", "path"), WANTED)
def test_each_route_wants_its_scope(
    client: httpx.Client, texts: dict[Scope, str], method: str, path: str, prefix: str
) -> None:
    path = prefix + path
    missing = ask(client, method, path)
    assert_problem(missing, 401, "api_key_missing")
    assert missing.headers["www-authenticate"] == 'Bearer realm="sightglass"'
    wrong = ask(client, method, path, {"X-API-Key": texts[READ][:-1] + "."})
    assert_problem(wrong, 401, "api_key_invalid")
    assert wrong.headers["www-authenticate"]
    for scope, text in texts.items():
        answer = ask(client, method, path, {"X-API-Key": text})
        if scope in WANTED[method, path.removeprefix(prefix)]:
            assert answer.status_code not in (401, 403, 500), (scope, answer.status_code)
        else:
            assert_problem(answer, 403, "scope_missing")
            names = sorted(WANTED[method, path.removeprefix(prefix)])
            assert answer.json()["scopes"] == names
            assert all(f"`{name}`" in answer.json()["detail"] for name in names)


@pytest.mark.parametrize("path", ["/", "/health/live", "/health/ready", "/client-config"])
def test_open_routes_ask_nobody(client: httpx.Client, path: str) -> None:
    for headers in ({}, {"X-API-Key": "sg_nonsense"}):
        assert client.get(path, headers=headers).status_code == 200
    assert client.get("/docs").status_code == 200
    assert client.get("/openapi.json").status_code == 200


def test_unknown_paths_are_no_secret(client: httpx.Client) -> None:
    assert_problem(client.get("/no/such/path"), 404, "route_not_found")


def test_bearer_is_as_good(client: httpx.Client, texts: dict[Scope, str]) -> None:
    for scheme in ("Bearer", "bearer"):
        headers = {"Authorization": f"{scheme} {texts[READ]}"}
        assert client.get("/tasks", headers=headers).status_code == 200
    basic = client.get("/tasks", headers={"Authorization": "Basic dXNlcjpwYXNz"})
    assert_problem(basic, 401, "api_key_missing")


def test_nothing_is_read_before_the_key(client: httpx.Client) -> None:
    """Neither a body nor a parameter of a stranger is looked at."""
    body = client.put(f"/predictions/{NO_ID}/verdict", content=b"{" * 100)
    assert_problem(body, 401, "api_key_missing")
    assert_problem(client.get("/tasks", params={"limit": "x"}), 401, "api_key_missing")
    assert_problem(client.post("/process-image", content=b"x"), 401, "api_key_missing")


def test_health_tells_strangers_only_how_it_is(
    client: httpx.Client, texts: dict[Scope, str]
) -> None:
    for text in (None, "sg_nonsense", texts[DETECT]):
        answer = client.get("/health", headers={"X-API-Key": text} if text else {})
        assert answer.status_code == 200
        assert answer.json()["status"] == "degraded"
        assert (answer.json()["services"], answer.json()["model_info"]) == ({}, None)
    known = client.get("/health", headers={"X-API-Key": texts[READ]}).json()
    assert known["services"]["model"]["status"] == "up"
    assert known["model_info"]["name"]


def test_metrics_want_their_token(client: httpx.Client, texts: dict[Scope, str]) -> None:
    assert_problem(client.get("/metrics"), 401, "api_key_missing")
    for wrong in ("x", texts[READ], TOKEN + "x"):
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {wrong}"})
        assert_problem(answer, 401, "api_key_invalid")
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200


def test_each_key_is_counted(client: httpx.Client, keys: Keys) -> None:
    text = make(keys, "counted", READ)
    for _ in range(3):
        client.get("/tasks", headers={"X-API-Key": text})
    ask(client, "POST", "/process-image", {"X-API-Key": text})
    client.headers["Authorization"] = f"Bearer {TOKEN}"  # for the metrics below
    assert metric(client, "api_key_requests_total", key="counted", result="ok") == 3
    assert metric(client, "api_key_requests_total", key="counted", result="denied") == 1


def test_a_new_key_works_at_once_and_a_revoked_one_ends(
    api: ApiServer, client: httpx.Client, keys: Keys, texts: dict[Scope, str]
) -> None:
    headers = {"X-API-Key": make(keys, "short-lived", READ, DETECT)}
    image = {"file": ("a.jpg", encoded())}
    assert client.post("/process-image", files=image, headers=headers).status_code == 200
    with api.client() as watching, watching.stream("GET", "/tasks/events", headers=headers) as news:
        lines = news.iter_lines()
        assert any(line == "event: reset" for line in lines)
        keys.revoke("short-lived", actor="test")
        revoked_at = time.monotonic()
        while client.get("/tasks", headers=headers).status_code == 200:
            assert time.monotonic() - revoked_at < 20, "it still works"
            time.sleep(0.1)
        assert_problem(client.get("/tasks", headers=headers), 401, "api_key_invalid")
        other = {"X-API-Key": texts[DETECT]}
        task = client.post("/process-image/async", files=image, headers=other).json()["task_id"]
        assert not any(task in line for line in lines)  # and it ends


def test_the_audit_log_tells(client: httpx.Client, texts: dict[Scope, str]) -> None:
    headers = {"X-API-Key": texts[MANAGE]}
    entries = []
    cursor: str | None = None
    while True:
        page = client.get(
            "/audit", params={"limit": 2, **({"cursor": cursor} if cursor else {})}, headers=headers
        )
        assert page.status_code == 200
        entries += page.json()["entries"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
    assert [entry["at"] for entry in entries] == sorted(
        (entry["at"] for entry in entries), reverse=True
    )
    served = next(entry for entry in entries if entry["action"] == "model_served")
    assert served["actor"] == "api"
    assert len(served["details"]["served"]["sha256"]) == 64
    assert {"only-read", "only-detect", "only-manage"} <= {entry["subject"] for entry in entries}
    bad = client.get("/audit", params={"cursor": "x"}, headers=headers)
    assert_problem(bad, 422, "invalid_parameter")


def test_no_key_is_in_the_log(
    api: ApiServer, client: httpx.Client, texts: dict[Scope, str]
) -> None:
    made_up = new_key().joined()
    client.get("/tasks", headers={"X-API-Key": made_up})
    client.get("/tasks", headers={"X-API-Key": texts[READ]})
    log = api.log_path.read_text()
    assert '"caller":"only-read"' in log
    assert TOKEN not in log
    for text in (made_up, *texts.values()):
        assert text[-43:] not in log


def test_last_use_is_kept_at_the_end(
    tmp_path: Path, redis_server: RedisServer, keys: Keys, texts: dict[Scope, str], api: ApiServer
) -> None:
    """Another replica on the same database takes the same keys, and tells of their use."""
    url = f"sqlite:///{api.folder / 'state' / 'sightglass.db'}"
    began = time.time()
    replica = ApiServer(tmp_path, redis_server.url, require_api_keys="true", database_url=url)
    with replica:
        with replica.client() as client:
            answer = client.get("/tasks", headers={"X-API-Key": texts[READ]})
            assert answer.status_code == 200
        replica.stop()
    used = {key.name: key.last_used_at for key in keys.list_keys()}
    assert (used["only-read"] or 0) >= began


def test_database_away(tmp_path: Path, redis_server: RedisServer) -> None:
    """A key that cannot be looked up is not called wrong."""
    server = ApiServer(
        tmp_path,
        redis_server.url,
        require_api_keys="true",
        database_url="postgresql://nobody@127.0.0.1:9/none",
    )
    with server, server.client() as client:
        answer = client.get("/tasks", headers={"X-API-Key": new_key().joined()})
        assert_problem(answer, 503, "access_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert_problem(client.get("/tasks"), 401, "api_key_missing")
        assert client.get("/health").status_code == 200
