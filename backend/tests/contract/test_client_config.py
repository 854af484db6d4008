"""GET /client-config and GET /model/card: what the web UI asks first."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import httpx

from sightglass import __version__
from sightglass.api.schemas.client_config import ClientConfig
from sightglass.settings import BUNDLED_MODEL
from tests.contract.api_server import ApiServer
from tests.contract.problems import assert_problem
from tests.integration.servers import RedisServer


def test_defaults(client: httpx.Client) -> None:
    answer = client.get("/client-config")
    assert answer.status_code == 200
    config = ClientConfig.model_validate(answer.json())
    assert (config.version, config.environment) == (__version__, "development")
    assert config.limits.max_file_size == 10_485_760
    assert config.limits.formats == ["jpeg", "png", "webp", "bmp", "tiff"]
    assert config.links.docs == "/docs"
    assert config.links.mlflow == "http://127.0.0.1:9"
    assert (config.links.grafana, config.links.prometheus) == (None, None)
    assert config.keeps_images


def test_limits_are_those_of_the_settings(tight_client: httpx.Client) -> None:
    assert tight_client.get("/client-config").json()["limits"]["max_file_size"] == 20_000


def test_production_shows_what_it_is_told_to(tmp_path: Path, redis_server: RedisServer) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(BUNDLED_MODEL, bundle)
    (bundle / "MODEL_CARD.md").unlink()
    server = ApiServer(
        tmp_path / "api",
        redis_server.url,
        environment="production",
        require_api_keys=False,
        grafana_url="https://grafana.example/",
        model_path=bundle,
    )
    with server, server.client() as client:
        config = client.get("/client-config").json()
        # The address of the tracking server is of no use outside, or not meant for it.
        assert config["links"]["mlflow"] is None
        assert config["links"]["grafana"] == "https://grafana.example"
        assert not config["keeps_images"]
        assert "127.0.0.1" not in json.dumps(config)
        assert_problem(client.get("/model/card"), 404, "no_model_card")


def test_model_card_is_the_file_of_the_bundle(client: httpx.Client) -> None:
    answer = client.get("/model/card")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.content == (BUNDLED_MODEL / "MODEL_CARD.md").read_bytes()
