"""Whatever the compose files refer to is there: files, networks, variables, commands, ports.

No Docker engine is needed: the files are read as one would read them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.core import TyperGroup

import sightglass
from sightglass.cli import app
from sightglass.settings import Settings
from tests.deployment.compose_file import (
    DEVELOPMENT,
    PRODUCTION,
    REPOSITORY,
    ComposeFile,
    MissingVariableError,
    load,
    variables_of,
)
from tests.deployment.stack_servers import SECRETS, production
from tests.env_example import documented_variables

FILES = {"production": PRODUCTION, "development": DEVELOPMENT}
# What our services understand besides the settings: uvicorn, Python, the probe.
_OTHER_NAMES = {"FORWARDED_ALLOW_IPS", "PYTHONPATH"}
_OWN = ("backend", "celery-worker", "celery-beat", "drain", "flower", "preflight", "backup")
# Ports on which services of other people's images listen, by their documentation.
_PORTS = {
    **{"redis": 6379, "postgres": 5432, "object-store": 7070, "mlflow": 5000, "grafana": 3000},
    **{"prometheus": 9090, "alertmanager": 9093, "redis-exporter": 9121, "flower": 5555},
    **{"postgres-exporter": 9187, "nginx-exporter": 9113, "node-exporter": 9100},
}


@pytest.fixture(scope="module")
def stack() -> ComposeFile:
    return production()


@pytest.fixture(params=sorted(FILES))
def compose(request: pytest.FixtureRequest) -> ComposeFile:
    return production() if request.param == "production" else load(DEVELOPMENT, {})


def ports_of(stack: ComposeFile) -> dict[str, set[int]]:
    """Every port that something listens on, by service."""
    ports = {name: {port} for name, port in _PORTS.items()}
    ports["backend"] = {int(stack.environment("backend")["PORT"])}
    for name in ("celery-worker", "drain"):
        ports[name] = {int(stack.environment(name)["WORKER_METRICS_PORT"])}
    nginx = stack.environment("nginx")
    names = ("HTTP_PORT", "HTTPS_PORT", "NGINX_STATUS_PORT")
    ports["nginx"] = {int(nginx[name]) for name in names}
    return ports


# --- the files as such


@pytest.mark.parametrize("path", FILES.values(), ids=FILES)
def test_it_is_a_compose_file(path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_network_and_volume_is_declared_and_used(compose: ComposeFile) -> None:
    used: dict[str, set[str]] = {"networks": set(), "volumes": set()}
    for service in compose.services.values():
        used["networks"] |= set(service.get("networks", ()))
        used["volumes"] |= {
            source for source, _ in mounts(service) if re.fullmatch(r"[a-z][a-z-]*", source)
        }
    for kind, names in used.items():
        assert names == set(compose.document.get(kind, {})), kind


def test_what_is_waited_for_can_become_so(compose: ComposeFile) -> None:
    for name, service in compose.services.items():
        for other, how in service.get("depends_on", {}).items():
            awaited = compose.services[other]
            assert how["condition"] in (
                *("service_started", "service_healthy", "service_completed_successfully"),
            )
            if how["condition"] == "service_healthy":
                assert "healthcheck" in awaited, f"{name} waits for {other} in vain"
            if how["condition"] == "service_completed_successfully":
                assert awaited["restart"] == "no", f"{other} never completes"
            # Who starts after somebody can reach it, the preflight excepted.
            if how["condition"] == "service_healthy":
                shared = set(service.get("networks", [""])) & set(awaited.get("networks", [""]))
                assert shared, f"{name} cannot reach {other}"


def test_mounted_files_and_build_files_are_there(compose: ComposeFile) -> None:
    optional = {"./tls", "./acme", "./models", "./backups"}  # the user's own
    for name, service in compose.services.items():
        for source, target in mounts(service):
            assert target.startswith("/"), name
            if source.startswith("./") and source not in optional:
                assert (REPOSITORY / source).exists(), f"{name}: {source}"
        build = service.get("build")
        if build:
            dockerfile = REPOSITORY / build["context"] / build["dockerfile"]
            stages = re.findall(r"(?m)^FROM .* AS (\S+)$", dockerfile.read_text())
            assert build.get("target", stages[-1]) in stages, f"{name}: {build}"


def mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    pairs = []
    for text in service.get("volumes", ()):
        source, target, *mode = text.split(":")
        assert mode in ([], ["ro"], ["ro,rslave"]), text
        pairs.append((source, target))
    return pairs


def test_images_are_pinned(compose: ComposeFile) -> None:
    for name, service in compose.services.items():
        image = service["image"]
        tag = image.rpartition(":")[2]
        if image.startswith("localhost/sightglass/"):
            assert tag in (sightglass.__version__, "dev"), name
            assert image in built_images(compose), f"{name}: nobody builds {image}"
        else:
            assert re.search(r"\d+\.\d+", tag), f"{name}: {image} is no exact version"


def built_images(compose: ComposeFile) -> dict[str, list[str]]:
    """Which services build each image."""
    builders: dict[str, list[str]] = {}
    for name, service in compose.services.items():
        if "build" in service:
            builders.setdefault(service["image"], []).append(name)
    return builders


def test_an_image_is_built_once_and_before_it_is_used(compose: ComposeFile) -> None:
    """Compose exports the image for each service that builds it, and leaves the others untagged."""
    builders = built_images(compose)
    assert all(len(names) == 1 for names in builders.values()), builders
    for name, service in compose.services.items():
        for builder in builders.get(service["image"], ()):
            # Started alone, a service brings those along that it waits for, and so its image.
            assert builder == name or builder in service["depends_on"], f"{name}: {builder}"


# --- variables


def test_every_variable_is_explained() -> None:
    settings, compose_only = documented_variables()
    used = {variable.name for path in FILES.values() for variable in variables_of(path)}
    assert used <= set(settings) | set(compose_only)
    assert set(compose_only) <= used, "explained, and used nowhere"


def test_defaults_are_the_explained_ones() -> None:
    explained = {name: value for part in documented_variables() for name, value in part.items()}
    for path in FILES.values():
        for variable in variables_of(path):
            if variable.operator == ":-" and variable.word:
                assert variable.word == explained[variable.name], f"{path.name}: {variable.name}"


def test_secrets_have_no_default() -> None:
    needed = {v.name for v in variables_of(PRODUCTION) if v.operator == ":?"}
    assert needed == {*SECRETS, "PUBLIC_URL"}
    soft = {v.name for v in variables_of(PRODUCTION) if v.operator != ":?"}
    assert not needed & soft, "the same variable with a default elsewhere"


@pytest.mark.parametrize("name", [*SECRETS, "PUBLIC_URL"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_secret_is_named(name: str, value: str | None) -> None:
    environment = {**SECRETS, "PUBLIC_URL": "https://127.0.0.1"}
    environment.pop(name)
    if value is not None:
        environment[name] = value
    with pytest.raises(MissingVariableError, match=f"required variable {name} is missing"):
        load(PRODUCTION, environment)


def test_no_secret_is_written_in_the_file(stack: ComposeFile) -> None:
    telling = re.compile(r"PASS|SECRET|TOKEN|_KEY$|AUTH$|DATABASE_URL|STORE_URI|REDIS_URL")
    for name in stack.services:
        for variable, value in stack.environment(name).items():
            if telling.search(variable) and value and "/run/" not in value:
                assert any(secret in value for secret in SECRETS.values()), f"{name}: {variable}"


def test_our_services_are_given_settings_that_exist(compose: ComposeFile) -> None:
    known = {name.upper() for name in Settings.model_fields} | _OTHER_NAMES
    for name in set(_OWN) & set(compose.services):
        given = set(compose.environment(name))
        if name == "preflight":
            given -= {*SECRETS, "PUBLIC_URL"}
        assert given <= known, name


def test_preflight_sees_every_secret(stack: ComposeFile) -> None:
    given = stack.environment("preflight")
    assert {name: given[name] for name in SECRETS} == SECRETS
    waiting = {name for name, service in stack.services.items() if "depends_on" in service}
    assert waiting == set(stack.services) - {"preflight"}
    for name in waiting:
        condition = stack.services[name]["depends_on"]["preflight"]["condition"]
        assert condition == "service_completed_successfully", name


def test_nginx_is_given_variables_that_it_knows(stack: ComposeFile) -> None:
    known = (REPOSITORY / "nginx" / "variables.envsh").read_text()
    for name in stack.environment("nginx"):
        assert re.search(rf"\b{name}\b", known) or name.endswith("_UPSTREAM"), name


def test_nginx_looks_where_the_users_files_are_mounted(stack: ComposeFile) -> None:
    """Its image has other defaults than `nginx/variables.envsh`: challenges got 404."""
    mounted = dict(mounts(stack.services["nginx"]))
    assert stack.environment("nginx")["ACME_DIR"] == mounted["./acme"]
    known = (REPOSITORY / "nginx" / "variables.envsh").read_text()
    assert f":={mounted['./tls']}/privkey.pem" in known


# --- commands


def test_commands_are_ones_that_we_have(compose: ComposeFile) -> None:
    for name in set(_OWN) & set(compose.services):
        words = compose.command(name)
        assert words[0] == "sightglass", name
        command = typer.main.get_command(app)
        words = words[1:]
        assert isinstance(command, TyperGroup)
        while isinstance(command, TyperGroup):
            command = command.commands[words.pop(0)]
        command.make_context(name, words)  # raises for an option that is not there


def test_probes_are_modules_that_are_there(compose: ComposeFile) -> None:
    for name in set(_OWN) & set(compose.services):
        test = compose.services[name].get("healthcheck", {}).get("test", [])
        for module in re.findall(r"-m (\S+)", " ".join(test)):
            path = REPOSITORY / "backend" / Path(*module.split("."))
            assert path.with_suffix(".py").is_file(), f"{name}: {module}"


# --- who reaches whom


def test_only_nginx_is_published(stack: ComposeFile) -> None:
    assert [name for name, service in stack.services.items() if "ports" in service] == ["nginx"]
    published = dict(text.split(":") for text in stack.services["nginx"]["ports"])
    nginx = stack.environment("nginx")
    assert published == {"80": nginx["HTTP_PORT"], "443": nginx["HTTPS_PORT"]}
    for name, service in stack.services.items():
        assert "container_name" not in service, f"{name} could not be scaled"
        assert service.get("network_mode") in (None, "none"), name


def test_development_is_published_on_this_machine_only() -> None:
    for name, service in load(DEVELOPMENT, {}).services.items():
        assert all(text.startswith("127.0.0.1:") for text in service.get("ports", ())), name


def test_networks_without_need_of_the_outside_have_none(stack: ComposeFile) -> None:
    open_ones = {
        name for name, net in stack.document["networks"].items() if not net.get("internal")
    }
    assert open_ones == {"outside", "egress"}
    outward = {name for name, s in stack.services.items() if {*s.get("networks", ())} & open_ones}
    assert outward == {
        *("nginx", "backend", "celery-worker", "celery-beat", "drain", "alertmanager"),
    }


def test_nobody_but_nginx_and_operators_reaches_grafana(stack: ComposeFile) -> None:
    """It believes whoever says in a header who the operator is."""
    for name in ("backend", "celery-worker", "celery-beat", "drain", "redis", "postgres"):
        assert "operators" not in stack.services[name]["networks"], name
    assert stack.services["grafana"]["networks"] == ["operators"]


def test_addresses_lead_to_services_in_reach(stack: ComposeFile) -> None:
    """Every `host:port` in an environment or a command, against who listens and who is in reach."""
    ports = ports_of(stack)
    pattern = re.compile(
        rf"(?<![\w-])({'|'.join(sorted(stack.services, key=len, reverse=True))}):(\d+)(?![\w@])"
    )
    found = set()
    for name, service in stack.services.items():
        texts = [*stack.environment(name).values(), *map(str, service.get("command", ()))]
        for host, port in pattern.findall(" ".join(texts)):
            found.add(host)
            assert int(port) in ports[host], f"{name}: {host}:{port}"
            if name not in ("preflight",) and host != name:
                shared = set(service["networks"]) & set(stack.services[host]["networks"])
                assert shared, f"{name} cannot reach {host}"
    assert {"redis", "postgres", "mlflow", "object-store", "backend", "grafana"} <= found


def test_prometheus_scrapes_what_is_there(stack: ComposeFile) -> None:
    path = REPOSITORY / "monitoring" / "prometheus" / "prometheus.yml"
    document = yaml.safe_load(path.read_text())
    targets: dict[str, str] = {}
    for job in document["scrape_configs"]:
        for static in job.get("static_configs", ()):
            targets |= dict.fromkeys(static["targets"], job["job_name"])
        for dns in job.get("dns_sd_configs", ()):
            targets |= {f"{host}:{dns['port']}": job["job_name"] for host in dns["names"]}
    for alerting in document["alerting"]["alertmanagers"]:
        targets |= {t: "alerting" for s in alerting["static_configs"] for t in s["targets"]}
    ports = ports_of(stack)
    assert len(targets) >= 10
    for target, job in targets.items():
        host, _, port = target.rpartition(":")
        host = "prometheus" if host == "localhost" else host
        assert int(port) in ports[host], f"{job}: {target}"
        shared = set(stack.services[host]["networks"]) & set(
            stack.services["prometheus"]["networks"]
        )
        assert shared, f"{job}: Prometheus cannot reach {host}"


def test_the_front_subnet_is_the_one_that_the_api_believes(stack: ComposeFile) -> None:
    subnet = stack.document["networks"]["front"]["ipam"]["config"][0]["subnet"]
    assert stack.environment("backend")["FORWARDED_ALLOW_IPS"] == subnet


# --- what every service has


def test_every_service_is_bounded_and_comes_back(stack: ComposeFile) -> None:
    for name, service in stack.services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory", "pids"} <= set(limits), name
        ends = "x-no-healthcheck" in service and service["x-no-healthcheck"] == "it ends"
        assert service["restart"] == ("no" if ends else "unless-stopped"), name
        assert "healthcheck" in service or service["x-no-healthcheck"], name
        assert service["logging"]["options"]["max-size"], name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_all_state_is_in_volumes(stack: ComposeFile) -> None:
    kept = {
        "backend": "/var/lib/sightglass",
        "celery-worker": "/var/lib/sightglass",
        "drain": "/var/lib/sightglass",
        "redis": "/data",
        "postgres": "/var/lib/postgresql/data",
        "object-store": "/objects/mlflow",
        "prometheus": "/prometheus",
        "alertmanager": "/alertmanager",
        "grafana": "/var/lib/grafana",
    }
    for name, place in kept.items():
        volumes = {target: source for source, target in mounts(stack.services[name])}
        assert volumes[place] in stack.document["volumes"], name
    assert stack.environment("backend")["STATE_DIR"] == kept["backend"]


def test_a_stop_leaves_time_for_what_is_begun(stack: ComposeFile) -> None:
    seconds = {
        name: int(service["stop_grace_period"].removesuffix("s"))
        for name, service in stack.services.items()
        if "stop_grace_period" in service
    }
    defaults = Settings(_env_file=None)
    assert seconds["celery-worker"] > defaults.task_deadline_seconds + 10
    for name in ("backend", "drain"):
        assert seconds[name] > defaults.shutdown_grace_seconds + 10, name
