"""Alertmanager with the configuration of the project: it is valid, and spares us consequences."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.integration.servers import Server
from tests.monitoring.prometheus_server import binary
from tests.monitoring.rule_files import PROMETHEUS, REPOSITORY, alerts

CONFIGURATION = REPOSITORY / "monitoring" / "alertmanager" / "alertmanager.yml"
PROMETHEUS_CONFIGURATION = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
JOBS = [job["job_name"] for job in PROMETHEUS_CONFIGURATION["scrape_configs"]]


class Alertmanager(Server):
    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [
            binary("prometheus-alertmanager"),
            f"--config.file={CONFIGURATION}",
            f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        ]

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def inhibited(self, *names: str, **labels: str) -> set[str]:
        """Which of these alerts, raised together with these labels, are not told."""
        raised = [
            {"labels": {"alertname": name, "severity": "warning", **labels}} for name in names
        ]
        with httpx.Client(base_url=self.url, trust_env=False, timeout=10) as client:
            assert client.post("/api/v2/alerts", json=raised).is_success
            found: list[dict[str, Any]] = client.get("/api/v2/alerts").json()
        return {alert["labels"]["alertname"] for alert in found if alert["status"]["inhibitedBy"]}


def check(path: Path) -> None:
    command = [binary("amtool", "prometheus-alertmanager"), "check-config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_configuration() -> None:
    check(CONFIGURATION)


@pytest.mark.parametrize("name", ["email", "slack", "pager", "webhook"])
def test_receiver_that_is_taken_into_use(tmp_path: Path, name: str) -> None:
    lines, inside = [], False
    for line in CONFIGURATION.read_text().splitlines():
        if line.startswith("  # - name: "):
            inside = line.endswith(f" {name}")
        if inside and line.startswith("  # "):
            line = "  " + line.removeprefix("  # ")
        else:
            inside = False
        lines.append(line)
    place = tmp_path / "alertmanager.yml"
    place.write_text("\n".join(lines).replace("receiver: nobody", f"receiver: {name}"))
    assert [r["name"] for r in yaml.safe_load(place.read_text())["receivers"]] == ["nobody", name]
    check(place)


def test_inhibitions_are_about_alerts_that_exist() -> None:
    for rule in yaml.safe_load(CONFIGURATION.read_text())["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            label, wanted = re.split(r"=~?", matcher.replace('"', ""))
            known = alerts() if label == "alertname" else JOBS
            for name in wanted.split("|"):
                assert [one for one in known if re.fullmatch(name, one)], name


def test_consequences_are_not_told_as_well(tmp_path: Path) -> None:
    with Alertmanager(tmp_path) as alertmanager:
        assert alertmanager.inhibited("WorkerGone", "QueueLong", "DiskWillFill") == {"QueueLong"}
        names = ("RedisDown", "AvailabilityBurnFast", "CertificateExpires")
        assert alertmanager.inhibited(*names) == {
            "QueueLong",
            "WorkerGone",
            "AvailabilityBurnFast",
        }


@pytest.mark.parametrize(
    ("cause", "job", "told"),
    [
        ("WorkerGone", "worker", False),
        ("WorkerGone", "drain", True),
        ("DrainSilent", "drain", False),
        ("MlflowUnreachable", "mlflow", False),
    ],
)
def test_target_that_an_alert_of_its_own_tells_of(
    tmp_path: Path, cause: str, job: str, told: bool
) -> None:
    with Alertmanager(tmp_path) as alertmanager:
        assert alertmanager.inhibited(cause, "TargetDown", job=job) == (
            set() if told else {"TargetDown"}
        )


def test_full_disk_hides_no_other_disk(tmp_path: Path) -> None:
    with Alertmanager(tmp_path) as alertmanager:
        alertmanager.inhibited("DiskFull", mountpoint="/")
        assert alertmanager.inhibited("DiskWillFill", mountpoint="/data") == set()
        assert alertmanager.inhibited("DiskWillFill", mountpoint="/") == {"DiskWillFill"}


def test_queue_is_told_of_once(tmp_path: Path) -> None:
    with Alertmanager(tmp_path) as alertmanager:
        names = ("QueueLong", "QueueGrowing", "TaskWaitLong")
        assert alertmanager.inhibited(*names) == {"QueueGrowing", "TaskWaitLong"}
        assert alertmanager.inhibited("QueueStuck", *names) == set(names)
