"""Everything hostile that we know, sent to a running server: refused, and it goes on serving."""

from __future__ import annotations

import gc

import httpx
import pytest

from tests.contract.api_server import ApiServer
from tests.contract.pictures import encoded
from tests.contract.problems import assert_problem
from tests.hostile.corpus import HostileCase, cases

ALLOWED_GROWTH_BYTES = 64 << 20


def send(client: httpx.Client, case: HostileCase, path: str) -> httpx.Response:
    return client.post(
        path, content=case.body, headers=[(b"Content-Type", case.content_type.encode())]
    )


@pytest.mark.parametrize("path", ["/process-image", "/process-image/async"])
def test_every_case_is_refused_honestly(client: httpx.Client, path: str) -> None:
    assert len(cases()) >= 200
    wrong = []
    for case in cases():
        answer = send(client, case, path)
        if answer.is_success and (case.family != "4xx" or path.endswith("async")):
            continue
        try:
            assert 400 <= answer.status_code < 500
            assert_problem(answer, answer.status_code, answer.json()["code"])
        except AssertionError:
            wrong.append((case.name, answer.status_code, answer.text[:200]))
    assert wrong == []


@pytest.mark.serial
def test_memory_does_not_grow(api: ApiServer, client: httpx.Client) -> None:
    for case in cases():  # what is allocated once is not growth
        send(client, case, "/process-image")
    gc.collect()
    before = api.resident_bytes()
    for case in cases():
        send(client, case, "/process-image")
    assert api.resident_bytes() - before < ALLOWED_GROWTH_BYTES


def test_the_next_good_request_is_fine(client: httpx.Client) -> None:
    for case in cases()[::10]:
        send(client, case, "/process-image")
        good = client.post("/process-image", files={"file": encoded()})
        assert good.status_code == 200, case.name
