"""GET /predictions/{id}/image: what was uploaded, and thumbnails of it."""

from __future__ import annotations

import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from sightglass.predictions.history import History
from tests.contract.api_server import ApiServer
from tests.contract.pictures import encoded
from tests.contract.problems import assert_problem
from tests.hostile import pictures
from tests.made_predictions import make_prediction


def predicted(client: httpx.Client, picture: bytes) -> str:
    """The id of a prediction on this picture."""
    answer = client.post("/process-image", files={"file": picture})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["prediction_id"])


def image_of(client: httpx.Client, prediction_id: str, **params: int) -> httpx.Response:
    """The answer with the picture, once it is written: that happens behind the prediction."""
    until = time.monotonic() + 10
    while True:
        answer = client.get(f"/predictions/{prediction_id}/image", params=params)
        if answer.status_code != 404 or time.monotonic() > until:
            return answer
        time.sleep(0.02)


def decoded(answer: httpx.Response) -> NDArray[np.uint8]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    pixels = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)


@pytest.mark.parametrize(
    ("extension", "media_type"),
    [
        (".jpg", "image/jpeg"),
        (".png", "image/png"),
        (".webp", "image/webp"),
        (".bmp", "image/bmp"),
        (".tiff", "image/tiff"),
    ],
)
def test_as_it_was_uploaded(client: httpx.Client, extension: str, media_type: str) -> None:
    picture = encoded(extension)
    prediction_id = predicted(client, picture)
    answer = image_of(client, prediction_id)
    assert answer.content == picture
    assert answer.headers["content-type"] == media_type
    assert max(decoded(image_of(client, prediction_id, size=64)).shape) == 64


def test_a_browser_may_keep_it_and_nothing_else(client: httpx.Client) -> None:
    prediction_id = predicted(client, encoded())
    answer = image_of(client, prediction_id)
    control = answer.headers["cache-control"]
    assert "private" in control
    assert "immutable" in control
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers.get_list("content-security-policy")
    disposition = f'inline; filename="{prediction_id}.jpeg"'
    assert answer.headers["content-disposition"] == disposition


def test_what_a_browser_has_is_not_sent_again(client: httpx.Client) -> None:
    prediction_id = predicted(client, encoded())
    whole, small = image_of(client, prediction_id), image_of(client, prediction_id, size=64)
    assert whole.headers["etag"] != small.headers["etag"]
    path = f"/predictions/{prediction_id}/image"
    for answer, params in ((whole, {}), (small, {"size": 64})):
        tag = answer.headers["etag"]
        for known in (tag, f'"x", W/{tag}'):
            again = client.get(path, params=params, headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        other = client.get(path, params=params, headers={"If-None-Match": '"x"'})
        assert other.status_code == 200
    gone = client.get(f"/predictions/{'0' * 32}/image", headers={"If-None-Match": f'"{"0" * 32}"'})
    assert_problem(gone, 404, "image_not_kept")


def test_thumbnail_of_a_large_photo(client: httpx.Client) -> None:
    prediction_id = predicted(client, encoded(width=3000, height=1500))
    assert decoded(image_of(client, prediction_id, size=240)).shape == (120, 240, 3)
    assert decoded(image_of(client, prediction_id, size=16)).shape == (8, 16, 3)


def test_small_picture_is_not_enlarged(client: httpx.Client) -> None:
    prediction_id = predicted(client, encoded(width=100, height=60))
    assert decoded(image_of(client, prediction_id, size=2048)).shape == (60, 100, 3)


def test_thin_picture_keeps_a_pixel(client: httpx.Client) -> None:
    prediction_id = predicted(client, encoded(".png", width=2000, height=12))
    assert decoded(image_of(client, prediction_id, size=16)).shape == (1, 16, 3)


def test_thumbnail_stands_upright(client: httpx.Client) -> None:
    """A camera held upright: the picture lies on its side, and EXIF 6 says so."""
    scene = pictures.scene(640, 480)
    lying = pictures.jpeg(scene, exif=pictures.exif_block(6))
    prediction_id = predicted(client, lying)
    thumbnail = decoded(image_of(client, prediction_id, size=64))
    assert thumbnail.shape == (64, 48, 3)
    upright = np.rot90(scene, -1)[:, :, ::-1].astype(np.float32)
    expected = cv2.resize(upright, (48, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(thumbnail.astype(np.float32) - expected).mean() < 4
    assert image_of(client, prediction_id).content == lying


@pytest.mark.parametrize("size", ["0", "15", "2049", "-1", "large", "1e9", ""])
def test_wrong_size(client: httpx.Client, size: str) -> None:
    answer = client.get(f"/predictions/{'0' * 32}/image", params={"size": size})
    assert_problem(answer, 422, "invalid_parameter")


@pytest.mark.parametrize(
    "hostile", ["f" * 32, "F" * 32, "abc", "..%5c..%5cetc", "%00", "a" * 5000, "é" * 32, "0" * 33]
)
def test_no_picture(client: httpx.Client, hostile: str) -> None:
    for params in ({}, {"size": 64}):
        answer = client.get(f"/predictions/{hostile}/image", params=params)
        assert_problem(answer, 404, "image_not_kept")


def test_damaged_on_the_disk(client: httpx.Client, api: ApiServer) -> None:
    prediction_id = predicted(client, encoded())
    image_of(client, prediction_id)
    [file] = (api.folder / "state" / "images").rglob(prediction_id)
    file.write_bytes(file.read_bytes()[:900])
    assert_problem(image_of_now(client, prediction_id, size=64), 404, "image_not_kept")
    file.write_bytes(b"<html><script>alert(1)</script>")
    assert_problem(image_of_now(client, prediction_id), 404, "image_not_kept")
    assert_problem(image_of_now(client, prediction_id, size=64), 404, "image_not_kept")


def image_of_now(client: httpx.Client, prediction_id: str, **params: int) -> httpx.Response:
    return client.get(f"/predictions/{prediction_id}/image", params=params)


def test_records_say_whether_it_is_there(
    client: httpx.Client, api: ApiServer, history: History
) -> None:
    prediction_id = predicted(client, encoded())
    image_of(client, prediction_id)
    history.add([make_prediction(id=prediction_id)])
    assert client.get(f"/predictions/{prediction_id}").json()["has_image"] is True
    [file] = (api.folder / "state" / "images").rglob(prediction_id)
    file.unlink()
    assert client.get(f"/predictions/{prediction_id}").json()["has_image"] is False


def test_refused_picture_is_not_kept(client: httpx.Client, api: ApiServer) -> None:
    def kept() -> set[str]:
        return {file.name for file in (api.folder / "state" / "images").rglob("?" * 32)}

    image_of(client, predicted(client, encoded()))
    before = kept()
    assert client.post("/process-image", files={"file": encoded()[:600]}).status_code == 400
    after = predicted(client, encoded())
    image_of(client, after)  # pictures are written one after the other
    assert kept() - before == {after}


def test_a_page_of_thumbnails_at_once(api: ApiServer) -> None:
    with api.client() as client:
        prediction_id = predicted(client, encoded(width=3000, height=2000))
        image_of(client, prediction_id)

    def small(number: int) -> int:
        with api.client() as client:
            return image_of_now(client, prediction_id, size=100 + number).status_code

    with ThreadPoolExecutor(50) as pool, api.client() as client:
        answers = pool.map(small, range(50))
        assert client.post("/process-image", files={"file": encoded()}).status_code == 200
        assert set(answers) == {200}


def test_nothing_is_made_for_those_who_left(client: httpx.Client, api: ApiServer) -> None:
    prediction_id = predicted(client, encoded(".png", width=5000, height=4000))
    image_of(client, prediction_id)
    request_ids = {f"left-{prediction_id}-{number}" for number in range(20)}
    for request_id in request_ids:
        with socket.create_connection(("127.0.0.1", api.port)) as connection:
            path = f"/predictions/{prediction_id}/image?size=64"
            head = f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Request-ID: {request_id}\r\n\r\n"
            connection.sendall(head.encode())
    assert image_of(client, prediction_id, size=64).status_code == 200
    until = time.monotonic() + 30
    while True:
        lines = [line for line in api.log_lines() if line.get("request_id") in request_ids]
        if len(lines) == len(request_ids) or time.monotonic() > until:
            break
        time.sleep(0.05)
    statuses = Counter(line["status"] for line in lines)
    assert statuses.total() == len(request_ids)
    assert statuses[499] >= 12  # all but those whose turn came at once
