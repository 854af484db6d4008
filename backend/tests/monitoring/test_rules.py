"""The rules, by Prometheus' own tools, and what a person finds at the end of an alert."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from sightglass.cli import app
from tests.monitoring.prometheus_server import binary
from tests.monitoring.rule_files import (
    PROMETHEUS,
    REPOSITORY,
    RUNBOOKS,
    alerts,
    recorded,
    rule_tests,
    rules,
)

HEADINGS = [
    "What it means",
    "How to see it",
    "Likely causes",
    "What to do",
    "When it is over",
]
FOREIGN = r"(nginx|node|pg|redis|prometheus|alertmanager)_\w+|up"


def run(program: str, *arguments: str | Path, package: str) -> str:
    command = [binary(program, package), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def promtool(*arguments: str | Path) -> str:
    return run("promtool", *arguments, package="prometheus")


def test_configuration_and_rules() -> None:
    said = promtool("check", "config", PROMETHEUS / "prometheus.yml")
    assert f"{len(list((PROMETHEUS / 'rules').glob('*.yml')))} rule files found" in said


@pytest.mark.parametrize("path", rule_tests(), ids=lambda path: path.stem)
def test_rules_do_what_their_tests_say(path: Path) -> None:
    promtool("test", "rules", path)


def test_a_rule_sees_what_the_last_evaluation_recorded() -> None:
    """Prometheus evaluates groups in no order, and version 3 looks back less than five minutes."""
    intervals = {
        path.stem: yaml.safe_load(path.read_text())["evaluation_interval"] for path in rule_tests()
    }
    for path in sorted((PROMETHEUS / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            intervals[f"group {group['name']}"] = group.get("interval", "30s")
    for name, interval in intervals.items():
        assert interval in ("30s", "1m", "2m", "4m"), f"{name}: {interval}"


def cases() -> tuple[set[str], set[str]]:
    """The alerts that a test wants to fire, and those that one wants quiet."""
    firing: set[str] = set()
    quiet: set[str] = set()
    for path in rule_tests():
        for test in yaml.safe_load(path.read_text())["tests"]:
            for query in test["promql_expr_test"]:
                named = re.search(
                    r'ALERTS{alertname=~?"([\w|]+)",alertstate="firing"}', query["expr"]
                )
                if named and not query["exp_samples"]:
                    quiet.update(named[1].split("|"))
                for sample in query["exp_samples"]:
                    firing.update(re.findall(r'alertname="(\w+)"', sample["labels"]))
    return firing, quiet


def test_each_alert_fires_in_one_test_and_is_quiet_in_another() -> None:
    firing, quiet = cases()
    assert firing == set(alerts())
    assert quiet == set(alerts())


def test_texts_of_alerts_can_be_filled_in(tmp_path: Path) -> None:
    """For an alert that it was not told of, promtool shows all of it."""
    shown = ""
    for path in rule_tests():
        content = yaml.safe_load(path.read_text())
        content["rule_files"] = [
            f"{PROMETHEUS / 'rules'}/{Path(name).name}" for name in content["rule_files"]
        ]
        content["tests"] = [asked for test in content["tests"] if (asked := with_unexpected(test))]
        place = tmp_path / path.name
        place.write_text(yaml.safe_dump(content))
        command = [binary("promtool", "prometheus"), "test", "rules", str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        shown += done.stdout + done.stderr
    for name in alerts():
        assert f'runbook_url="docs/runbooks/{name}.md"' in shown, name
    for wrong in ("error expanding", "<no value>", "%!", "NaN"):
        assert wrong not in shown


def with_unexpected(test: dict[str, Any]) -> dict[str, Any] | None:
    found = []
    for query in test.pop("promql_expr_test"):
        for sample in query["exp_samples"]:
            for name in re.findall(r'alertname="(\w+)"', sample["labels"]):
                found.append({"alertname": name, "eval_time": query["eval_time"], "exp_alerts": []})
    test["alert_rule_test"] = found
    test["external_labels"] = {"runbooks": "docs/runbooks"}
    return test if found else None


@pytest.mark.parametrize("name", sorted(alerts()))
def test_alert_says_what_a_person_needs(name: str) -> None:
    alert = alerts()[name]
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["summary"].endswith(".")
    assert alert["annotations"]["runbook_url"] == "{{ $externalLabels.runbooks }}/" + name + ".md"
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS


def test_each_page_has_its_alert_and_its_line_in_the_list() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == set(alerts())
    listed = re.findall(r"\[(\w+)\]\(\1\.md\)", (RUNBOOKS / "README.md").read_text())
    assert sorted(listed) == sorted(alerts())


def test_pages_name_commands_services_and_metrics_that_exist(tmp_path: Path) -> None:
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    compose = yaml.safe_load((REPOSITORY / "docker-compose.prod.yml").read_text())
    settings = (REPOSITORY / ".env.example").read_text() + yaml.safe_dump(compose)
    codes = (REPOSITORY / "docs" / "errors.md").read_text()
    queries = []
    for path in RUNBOOKS.glob("*.md"):
        text = path.read_text()
        for command in re.findall(r"(?:^    |`)sightglass (\w+)", text, re.MULTILINE):
            assert command in commands, f"{path.name}: {command}"
        for service in re.findall(r"logs --tail \d+ ([\w -]+)$", text, re.MULTILINE):
            assert set(service.split()) <= set(compose["services"]), path.name
        for name in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text):
            assert name in settings, f"{path.name}: {name}"
        for code in re.findall(r"`(\w+)`: (?:the engine|the upload|a defect)", text):
            assert f"`{code}`" in codes, f"{path.name}: {code}"
        shown = text.split("## How to see it")[-1].split("##")[0]
        for line in re.findall(r"^    (.+)$", shown, re.MULTILINE):
            if not re.match(r"(docker|sightglass|curl|df|du|openssl|promtool|amtool) ?", line):
                queries.append(line)
    assert len(queries) > 40
    place = tmp_path / "queries.yml"
    asked = [{"record": f"query:{n}", "expr": query} for n, query in enumerate(queries)]
    place.write_text(yaml.safe_dump({"groups": [{"name": "pages", "rules": asked}]}))
    promtool("check", "rules", place)
    assert [m for query in queries for m in unknown_metrics(query)] == []


def test_rules_are_about_metrics_that_exist() -> None:
    assert [(m, rule) for rule in rules() for m in unknown_metrics(rule["expr"])] == []


def unknown_metrics(expression: str) -> list[str]:
    """Names of metrics that neither we, nor a rule, nor an exporter gives."""
    documented = (REPOSITORY / "docs" / "metrics.md").read_text()
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', "", expression)
    bare = re.sub(r"\b(by|on|without|group_left|group_right|ignoring)\s*\([^)]*\)", "", bare)
    names = re.findall(r"(?<![\w:])[a-z][\w]*(?::[\w:]+)?(?!\w|\s*\()", bare)
    words = {"and", "or", "unless", "bool", "offset", "on", "h", "d", "w"}
    return [
        name
        for name in names
        if name not in words
        and name not in recorded()
        and not re.fullmatch(FOREIGN, name)
        and f"`{re.sub(r'_(bucket|sum|count)$', '', name)}`" not in documented
        and f"`{name}`" not in documented
    ]


def test_each_limit_is_defined_and_used() -> None:
    defined = {name for name in recorded() if name.startswith("sightglass:limit:")}
    used = {name for rule in rules() for name in re.findall(r"sightglass:limit:\w+", rule["expr"])}
    assert defined == used


def limit(name: str) -> float:
    found = re.fullmatch(r"vector\(([\d.]+)\)", recorded()[f"sightglass:limit:{name}"])
    assert found
    return float(found[1])


def test_limits_are_those_of_the_tiles_of_the_monitor_page() -> None:
    path = REPOSITORY / "frontend/src/app/features/monitor/activity-tiles.ts"
    found = re.findall(r"name: '([^']+)',[^}]*?limits: \[([\d.]+), ([\d.]+)\]", path.read_text())
    tiles = {name: (float(raised), float(high)) for name, raised, high in found}
    assert tiles["Failed or refused"] == (limit("availability_budget"), limit("refused_share"))
    assert tiles["Images waiting"] == (limit("queue_raised"), limit("queue_high"))
    assert tiles["Journal lag"][1] == limit("journal_lag_seconds")
    # p95 of half a second: one in twenty may take longer than the bucket of the objective
    assert tiles["Latency, p95"][0] == 500
    assert limit("latency_budget") == 0.05
    assert 'le="0.5"' in recorded()["sightglass:latency_slow:ratio_rate1h"]
