"""Every setting of the platform, frozen.

Precedence: command line, then environment, then `.env`, then the defaults below. Names are the
field names in upper case (`MAX_FILE_SIZE`); `.env.example` explains each one. Nothing reads the
environment at import: call `load_settings()` once, in `bootstrap` or the CLI, and pass it on.
"""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sightglass.errors import SetupError
from sightglass.secret_strength import weakness_of_password_in

BUNDLED_MODEL = Path(__file__).parent / "bundled" / "street"
# Where `make` puts the web UI; there is none beside an installed wheel.
BUILT_UI = Path(__file__).parents[2] / "frontend" / "dist" / "browser"


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """All settings. Sizes are in bytes, times in seconds, confidences in 0..1."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        protected_namespaces=(),
    )

    # --- the process
    environment: Environment = Environment.DEVELOPMENT
    debug: bool = False
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    workers: int = Field(1, ge=1, le=64)
    log_level: str = "INFO"
    log_format: str = "json"  # json | console
    state_dir: Path = Path(".sightglass")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    shutdown_grace_seconds: float = Field(10.0, ge=0)
    sentry_dsn: SecretStr | None = None
    release: str | None = None

    # --- who may ask
    require_api_keys: bool | None = None  # default: in production only
    metrics_token: SecretStr | None = None  # default: whoever reaches the API may scrape it

    # --- the services beside us (the embedded run fills these in)
    redis_url: str = "redis://127.0.0.1:6379/0"
    database_url: str | None = None  # default: SQLite in the state folder
    mlflow_tracking_uri: str = "http://127.0.0.1:5000"
    mlflow_registry_uri: str | None = None
    mlflow_experiment_name: str = "sightglass"
    mlflow_run_per_prediction: bool = False
    mlflow_traces_per_second: float = Field(5.0, ge=0)
    mlflow_flush_seconds: float = Field(3.0, gt=0)
    mlflow_retention_days: int = Field(90, ge=0)  # 0: for ever
    # For backups: where MLflow keeps its rows; default: the embedded one in the state folder
    mlflow_database_url: str | None = None

    # --- the web UI
    ui_dir: Path | None = None  # default: what `make` built, when it did
    mlflow_public_url: str | None = None  # default: the tracking server, when it is on this machine
    grafana_url: str | None = None
    prometheus_url: str | None = None

    # --- the model
    model_path: Path = BUNDLED_MODEL
    engine: str = "openvino"  # openvino | onnxruntime
    inference_precision: str = "auto"  # auto | f32 | bf16 | f16
    inference_streams: int = Field(0, ge=0, le=64)  # 0: as many as the runtime calls optimal
    input_size: int = Field(0, ge=0, le=4096)  # 0: as the model says
    max_input_shapes: int = Field(4, ge=1, le=32)
    rectangular_input: bool = True
    confidence_threshold: float | None = Field(None, ge=0, le=1)  # None: as the model says
    iou_threshold: float | None = Field(None, ge=0, le=1)
    max_detections: int = Field(300, ge=1, le=3000)

    # --- what is let in
    max_file_size: int = Field(10_485_760, ge=1)
    max_pixels: int = Field(50_000_000, ge=1)
    max_frames: int = Field(1, ge=1)
    allowed_formats: Annotated[tuple[str, ...], NoDecode] = ("jpeg", "png", "webp", "bmp", "tiff")
    upload_timeout_seconds: float = Field(30.0, gt=0)

    # --- admission
    queue_limit: int = Field(64, ge=0)
    deadline_seconds: float = Field(10.0, gt=0)
    max_deadline_seconds: float = Field(60.0, gt=0)

    # --- the record of predictions
    journal_enabled: bool = True
    journal_required: bool = True
    spool_dir: Path | None = None  # default: spool/ in the state folder
    history_retention_days: int = Field(90, ge=0)  # 0: for ever
    keep_images: bool | None = None  # default: yes, but not in production
    keep_images_days: int = Field(7, ge=0)  # 0: as long as KEEP_IMAGES_BYTES has room
    keep_images_bytes: int = Field(2_147_483_648, ge=0)
    keep_images_per_second: float = Field(5.0, ge=0)  # 0: all
    image_dir: Path | None = None  # default: images/ in the state folder

    # --- jobs
    task_visibility_timeout_seconds: int = Field(60, ge=1)
    task_max_attempts: int = Field(5, ge=1)
    task_queue_limit: int = Field(10_000, ge=1)
    task_deadline_seconds: float = Field(60.0, gt=0)
    result_retention_seconds: int = Field(86_400, ge=1)
    blob_dir: Path | None = None  # default: blobs/ in the state folder
    blob_retention_seconds: int = Field(86_400, ge=1)
    cleanup_interval_seconds: float = Field(300.0, gt=0)
    health_interval_seconds: float = Field(10.0, gt=0)
    worker_metrics_port: int = Field(0, ge=0, le=65535)  # 0: none of its own
    alive_file: Path | None = None  # touched by worker, beat and drain while they live
    celery_task_events: bool = False
    tls_check_address: str | None = None  # host:port of the front door

    @field_validator("cors_origins", "allowed_formats", mode="before")
    @classmethod
    def _split_commas(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
            raise ValueError("must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
        return value.upper()

    @field_validator("log_format", "engine", "inference_precision")
    @classmethod
    def _known_word(cls, value: str, info: Any) -> str:
        allowed = {
            "log_format": ("json", "console"),
            "engine": ("openvino", "onnxruntime"),
            "inference_precision": ("auto", "f32", "bf16", "f16"),
        }[info.field_name]
        if value.lower() not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return value.lower()

    @field_validator("sentry_dsn")
    @classmethod
    def _is_dsn(cls, value: SecretStr | None) -> SecretStr | None:
        """The message does not repeat it: it is a secret."""
        if value is None or not value.get_secret_value():
            return value
        try:
            parts = urlsplit(value.get_secret_value())
            project = parts.path.rpartition("/")[2]
            is_dsn = parts.scheme in ("http", "https") and bool(parts.hostname and parts.username)
            is_dsn = is_dsn and project.isdecimal() and parts.port != 0
        except ValueError:  # a port that is none
            is_dsn = False
        if not is_dsn:
            raise ValueError("must be a DSN as Sentry shows it: https://KEY@HOST/PROJECT")
        return value

    @field_validator("mlflow_tracking_uri")
    @classmethod
    def _served_tracking(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must be the http(s) address of an MLflow server")
        return value.rstrip("/")

    @field_validator("mlflow_public_url", "grafana_url", "prometheus_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
        except ValueError:
            raise ValueError("is not an address") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http(s) address that browsers can open")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.deadline_seconds > self.max_deadline_seconds:
            raise ValueError("DEADLINE_SECONDS must not exceed MAX_DEADLINE_SECONDS")
        if self.environment is Environment.PRODUCTION and self.debug:
            raise ValueError("DEBUG must be off when ENVIRONMENT=production")
        if self.environment is Environment.PRODUCTION:
            self._refuse_weak_secrets()
        return self

    def _refuse_weak_secrets(self) -> None:
        """What is only reached from this machine may be open; what is on a network may not."""
        redis = self.redis_url if urlsplit(self.redis_url).hostname else ""  # else a socket file
        if is_loopback(redis):
            redis = ""
        database = self.database_url or ""
        if "@" not in database or is_loopback(database):
            database = ""  # a file, this machine, or a server that knows us by other means
        checks = {
            "REDIS_URL": redis and weakness_of_password_in(redis, needed=True),
            "DATABASE_URL": database and weakness_of_password_in(database, needed=False),
        }
        wrong = [
            f"{name} {weakness} (ENVIRONMENT=production)"
            for name, weakness in checks.items()
            if weakness
        ]
        if wrong:
            raise ValueError("; ".join(wrong))

    # --- derived places

    @property
    def resolved_database_url(self) -> str:
        """The SQLAlchemy URL of the history."""
        return self.database_url or f"sqlite:///{self.state_dir.absolute() / 'sightglass.db'}"

    @property
    def resolved_spool_dir(self) -> Path:
        return self.spool_dir or self.state_dir / "spool"

    @property
    def resolved_blob_dir(self) -> Path:
        return self.blob_dir or self.state_dir / "blobs"

    @property
    def resolved_image_dir(self) -> Path:
        return self.image_dir or self.state_dir / "images"

    @property
    def keeps_images(self) -> bool:
        """Whether the pictures of recorded predictions are kept."""
        if not self.journal_enabled:
            return False  # there is no record to look at them with
        if self.keep_images is None:
            return self.environment is not Environment.PRODUCTION
        return self.keep_images

    @property
    def model_cache_dir(self) -> Path:
        """Where converted models are kept."""
        return self.state_dir / "models"

    @property
    def resolved_ui_dir(self) -> Path | None:
        """The folder of the built web UI, None when there is none."""
        folder = self.ui_dir or BUILT_UI
        return folder.absolute() if (folder / "index.html").is_file() else None

    @property
    def browser_mlflow_url(self) -> str | None:
        """Where people open MLflow. An address inside a private network is not shown to them."""
        if self.mlflow_public_url:
            return self.mlflow_public_url
        if self.in_production or not is_loopback(self.mlflow_tracking_uri):
            return None
        return without_password(self.mlflow_tracking_uri)

    @property
    def asks_for_keys(self) -> bool:
        """Whether requests must bring an API key."""
        return self.in_production if self.require_api_keys is None else self.require_api_keys

    @property
    def in_production(self) -> bool:
        return self.environment is Environment.PRODUCTION


def is_loopback(url: str) -> bool:
    """Whether the host of an address is this machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_password(url: str) -> str:
    """An address that may be shown: without the user and password before its host."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def load_settings(**overrides: Any) -> Settings:
    """Read the settings once; `overrides` (the command line) win. Raises `SetupError`."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in problem['loc']).upper() or 'settings'}: "
            f"{problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        ]
        raise SetupError("Wrong settings:\n  " + "\n  ".join(lines)) from None
