"""POST /process-image: every way to send an image, every option, every refusal."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import cv2
import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sightglass.api.schemas.predictions import PredictionAnswer
from tests.contract.api_server import ApiServer
from tests.contract.pictures import encoded
from tests.contract.problems import assert_problem

JPEG = {"Content-Type": "image/jpeg"}
ANY = {"conf": "0.001"}  # at so low a threshold something is found on any picture


def metric(client: httpx.Client, name: str, **labels: str) -> float:
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return 0.0


# --- what is sent


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_the_ways_to_send_an_image_give_the_same_objects(client: httpx.Client, prefix: str) -> None:
    data = encoded()
    path = f"{prefix}/process-image"
    text = base64.b64encode(data).decode()
    answers = [
        client.post(path, params=ANY, files={"file": ("photo.jpg", data, "image/jpeg")}),
        client.post(path, params=ANY, content=data, headers=JPEG),
        client.post(path, params=ANY, json={"image": text}),
        client.post(path, params=ANY, json={"image": f"data:image/jpeg;base64,{text}"}),
    ]
    found = []
    for answer in answers:
        assert answer.status_code == 200, answer.text
        fields = PredictionAnswer.model_validate(answer.json())
        assert fields.success
        assert fields.num_instances == len(fields.detections) > 0
        assert fields.image_size.width == 320
        assert fields.image_size.height == 240
        assert 0 < fields.processing_time < 10
        assert {"decode", "inference"} <= set(fields.timings)
        found.append(answer.json()["detections"])
    assert found[0] == found[1] == found[2] == found[3]


def test_boxes_are_inside_the_image_and_in_order(client: httpx.Client) -> None:
    fields = client.post(
        "/process-image", params=ANY, content=encoded(width=900, height=300), headers=JPEG
    ).json()
    confidences = [detection["confidence"] for detection in fields["detections"]]
    assert confidences == sorted(confidences, reverse=True)
    for detection in fields["detections"]:
        box = detection["box"]
        assert 0 <= box["x1"] <= box["x2"] <= 900
        assert 0 <= box["y1"] <= box["y2"] <= 300
        assert isinstance(detection["class"], int)


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp", ".tiff"])
def test_formats(client: httpx.Client, extension: str) -> None:
    answer = client.post("/process-image", files={"file": encoded(extension)})
    assert answer.status_code == 200


def test_chunked_upload(client: httpx.Client) -> None:
    data = encoded()

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    answer = client.post("/process-image", content=pieces(), headers=JPEG)
    assert answer.status_code == 200


# --- options


def test_annotated_picture(client: httpx.Client) -> None:
    answer = client.post("/process-image", params={**ANY, "annotate": "true"}, files=_file())
    picture = base64.b64decode(answer.json()["image"])
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == (240, 320, 3)


def test_confidence_and_most_detections(client: httpx.Client) -> None:
    none = client.post("/process-image", params={"conf": "1"}, files=_file()).json()
    one = client.post("/process-image", params={**ANY, "max_detections": 1}, files=_file()).json()
    assert none["num_instances"] == 0
    assert one["num_instances"] == 1


@pytest.mark.parametrize("classes", ["car,person", "CAR, Person", "1,3"])
def test_classes_by_name_and_by_id(client: httpx.Client, classes: str) -> None:
    params = {"conf": "0.0001", "classes": classes}
    found = client.post("/process-image", params=params, files=_file()).json()["detections"]
    assert found
    assert {detection["name"] for detection in found} <= {"car", "person"}


def test_model_by_name(client: httpx.Client) -> None:
    info = client.get("/model/info").json()
    for name in (info["model_name"], f"{info['model_name']}:{info['version']}"):
        answer = client.post("/process-image", params={"model": name}, files=_file())
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"conf": "2"}, 422, "invalid_parameter"),
        ({"conf": "nan"}, 422, "invalid_parameter"),
        ({"iou": "-0.1"}, 422, "invalid_parameter"),
        ({"iou": "high"}, 422, "invalid_parameter"),
        ({"max_detections": "0"}, 422, "invalid_parameter"),
        ({"classes": "unicorn"}, 422, "invalid_parameter"),
        ({"classes": "99"}, 422, "invalid_parameter"),
        ({"annotate": "perhaps"}, 422, "invalid_parameter"),
        ({"model": "no-such-model"}, 404, "unknown_model"),
    ],
)
def test_wrong_options(
    client: httpx.Client, params: dict[str, str], status: int, code: str
) -> None:
    answer = client.post("/process-image", params=params, files=_file())
    assert_problem(answer, status, code)


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "inf"])
def test_wrong_deadline(client: httpx.Client, seconds: str) -> None:
    headers = {**JPEG, "X-Request-Timeout": seconds}
    answer = client.post("/process-image", content=encoded(), headers=headers)
    assert_problem(answer, 422, "invalid_parameter")


# --- what is refused


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", "image/jpeg", 400, "empty_image"),
        (b"not an image at all", "image/jpeg", 400, "not_an_image"),
        (encoded()[:600], "image/jpeg", 400, "truncated_image"),
        (b"--b\r\nnonsense", "multipart/form-data; boundary=b", 400, "broken_multipart"),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 400, "missing_image"),
        (b"x", "multipart/form-data", 400, "broken_multipart"),
        (b"{", "application/json", 400, "broken_json"),
        (b"{}", "application/json", 400, "missing_image"),
        (b'{"image": "***"}', "application/json", 400, "broken_base64"),
        (b'{"image": 7}', "application/json", 400, "broken_base64"),
        (b"<svg/>", "text/plain", 415, "unsupported_type"),
        (b"image=x", "application/x-www-form-urlencoded", 415, "unsupported_type"),
        (b"GIF89a" + bytes(100), "image/gif", 415, "unsupported_type"),
    ],
)
def test_bad_bodies(
    client: httpx.Client, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = client.post("/process-image", content=body, headers={"Content-Type": content_type})
    assert_problem(answer, status, code)


def test_a_body_without_a_type(client: httpx.Client) -> None:
    request = client.build_request("POST", "/process-image", content=encoded())
    request.headers.pop("Content-Type", None)
    assert_problem(client.send(request), 415, "unsupported_type")


def test_declared_size_is_refused_before_the_body(tight_api: ApiServer) -> None:
    connection = HTTPConnection("127.0.0.1", tight_api.port, timeout=5)
    connection.putrequest("POST", "/process-image")
    connection.putheader("Content-Type", "image/jpeg")
    connection.putheader("Content-Length", "999999999")
    connection.endheaders()  # and not one byte of the body
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["code"] == "too_many_bytes"
    connection.close()


def test_undeclared_size_is_counted(tight_client: httpx.Client) -> None:
    answer = tight_client.post(
        "/process-image", content=(bytes(1000) for _ in range(100)), headers=JPEG
    )
    assert_problem(answer, 413, "too_many_bytes")


def test_image_over_the_limit_inside_a_smaller_envelope(tight_client: httpx.Client) -> None:
    data = encoded(".bmp", width=100, height=80)
    assert len(data) > 20_000
    for body in ({"files": {"file": data}}, {"json": {"image": base64.b64encode(data).decode()}}):
        answer = tight_client.post("/process-image", **body)
        assert_problem(answer, 413, "too_many_bytes")


def test_slow_upload(tight_api: ApiServer) -> None:
    head = (
        b"POST /process-image HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
        b"Content-Length: 1000\r\n\r\n123"
    )
    with socket.create_connection(("127.0.0.1", tight_api.port), 10) as connection:
        connection.sendall(head)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))  # until it is closed
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code":"upload_timeout"' in answer


# --- load


def test_past_the_deadline(client: httpx.Client) -> None:
    before = metric(client, "model_predictions_total", status="timed_out")
    headers = {**JPEG, "X-Request-Timeout": "0.0001"}
    answer = client.post("/process-image", content=encoded(), headers=headers)
    assert_problem(answer, 504, "deadline_exceeded")
    _eventually(lambda: metric(client, "model_predictions_total", status="timed_out") > before)


def test_overload_is_refused_with_a_time_to_return(tight_api: ApiServer) -> None:
    data = encoded(width=200, height=150)

    def send(_: int) -> httpx.Response:
        with tight_api.client() as client:
            return client.post("/process-image", content=data, headers=JPEG)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(64)))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(refused) < len(answers)
    assert refused
    for answer in refused:
        assert_problem(answer, 503, "overloaded")
        assert int(answer.headers["retry-after"]) >= 1


def test_a_client_that_leaves_frees_its_place(api: ApiServer, client: httpx.Client) -> None:
    data = encoded(width=1200, height=900)
    head = (
        f"POST /process-image HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    ).encode()
    before = metric(client, "requests_refused_total", reason="cancelled")
    connections = [socket.create_connection(("127.0.0.1", api.port), 5) for _ in range(40)]
    senders = [
        threading.Thread(target=connection.sendall, args=(head + data,))
        for connection in connections
    ]
    for sender in senders:
        sender.start()
    for sender, connection in zip(senders, connections, strict=True):
        sender.join()
        connection.close()
    _eventually(lambda: metric(client, "requests_refused_total", reason="cancelled") > before)
    _eventually(lambda: metric(client, "inference_queue_depth") == 0)
    assert metric(client, "http_requests_total", status="499") > 0
    assert client.post("/process-image", files=_file()).status_code == 200


# --- headers


def test_headers_of_an_answer(client: httpx.Client) -> None:
    answer = client.post("/process-image", files=_file(), headers={"X-Request-ID": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    assert float(answer.headers["x-process-time"]) > 0
    stages = [part.split(";")[0] for part in answer.headers["server-timing"].split(", ")]
    assert {"receive", "queue", "decode", "preprocess", "inference", "postprocess"} <= set(stages)


def test_log_has_the_request_and_never_the_image(api: ApiServer, client: httpx.Client) -> None:
    text = base64.b64encode(encoded()).decode()
    client.post("/process-image", json={"image": text}, headers={"X-Request-ID": "log-me"})
    _eventually(lambda: any(line.get("request_id") == "log-me" for line in api.log_lines()))
    (line,) = [line for line in api.log_lines() if line.get("request_id") == "log-me"]
    assert line["event"] == "request"
    assert line["path"] == "/process-image"
    assert line["status"] == 200
    assert text[:40] not in api.log_path.read_text()


def _file() -> dict[str, tuple[str, bytes]]:
    return {"file": ("photo.jpg", encoded())}


def _eventually(happens: object, seconds: float = 10) -> None:
    assert callable(happens)
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
