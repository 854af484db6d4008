"""The dashboard of what everything runs on: the machine, Redis, PostgreSQL, nginx, the targets."""

from __future__ import annotations

from typing import Any

from boards import style
from boards.frame import board, variable
from boards.panels import graph, listing, number

_NODE = 'job="node",instance=~"$node"'
_WINDOW = "[$__rate_interval]"
_DISKS = f'{_NODE},fstype!~"tmpfs|ramfs|overlay|squashfs",mountpoint!~"/(dev|proc|run|sys)($|/.*)"'


def dashboard() -> dict[str, Any]:
    return board(
        "system",
        "system",
        "What everything runs on: the machine, Redis, PostgreSQL, nginx, and who answers scrapes.",
        rows=[
            ("Is the machine short of something?", _machine()),
            ("Which process?", _processes()),
            ("Redis", _redis()),
            ("PostgreSQL, backups", _postgres()),
            ("nginx", _nginx()),
        ],
        variables=[variable("node", "Machine", 'up{job="node"}', source="instance")],
    )


def _machine() -> list[Any]:
    idle = f'rate(node_cpu_seconds_total{{{_NODE},mode="idle"}}{_WINDOW})'
    free = f"node_filesystem_avail_bytes{{{_DISKS}}} / node_filesystem_size_bytes{{{_DISKS}}}"
    available = f"node_memory_MemAvailable_bytes{{{_NODE}}} / node_memory_MemTotal_bytes{{{_NODE}}}"
    return [
        number(
            "Processor in use",
            "Full while images are predicted is what you pay for; full without requests is not.",
            "percentunit",
            f"1 - avg({idle})",
            width=6,
        ),
        number(
            "Memory available",
            "Below a tenth, the kernel may soon end a process: fewer workers or INFERENCE_STREAMS, "
            "or more memory.",
            "percentunit",
            f"min({available})",
            width=6,
            least=(0.05, 0.1),
        ),
        number(
            "Disk free",
            "Of the fullest disk. Runbooks: docs/runbooks/DiskWillFill.md, DiskFull.md.",
            "percentunit",
            f"min({free})",
            width=6,
            least=(0.05, 0.15),
        ),
        number(
            "Targets that do not answer",
            "Scrapes that fail, of all jobs. Runbook: docs/runbooks/TargetDown.md.",
            "none",
            "count(up == 0)",
            width=6,
            limits=(1, 1),
            empty="none",
        ),
        graph(
            "Processor by use",
            "iowait: the disk is slow; steal: the host gives the machine less than it promised.",
            "percentunit",
            (
                "sum by (mode) "
                f'(rate(node_cpu_seconds_total{{{_NODE},mode!="idle"}}{_WINDOW}))'
                f' / on () group_left () count(node_cpu_seconds_total{{{_NODE},mode="idle"}})',
                "{{mode}}",
            ),
            stacked=True,
            highest=1,
        ),
        graph(
            "Memory",
            "Available counts the cache that the kernel can give back.",
            "bytes",
            (f"sum(node_memory_MemTotal_bytes{{{_NODE}}})", "total"),
            (f"sum(node_memory_MemAvailable_bytes{{{_NODE}}})", "available"),
        ),
        graph(
            "Free by mount point",
            "The journal, the history, pictures and MLflow's files all grow; "
            "docs/operations.md says what bounds each.",
            "percentunit",
            (
                f"min by (mountpoint) ({free})",
                "{{mountpoint}}",
            ),
            width=8,
            highest=1,
        ),
        graph(
            "Disk in use",
            "Share of time with something to read or write; near 1 the disk is what limits.",
            "percentunit",
            (
                f"max by (device) (rate(node_disk_io_time_seconds_total{{{_NODE}}}{_WINDOW}))",
                "{{device}}",
            ),
            width=8,
        ),
        graph(
            "Network",
            "Of all devices but loopback and those of containers.",
            "Bps",
            *(
                (
                    f"sum(rate(node_network_{way}_bytes_total"
                    f'{{{_NODE},device!~"lo|veth.*|br-.*|docker.*"}}{_WINDOW}))',
                    name,
                )
                for way, name in (("receive", "in"), ("transmit", "out"))
            ),
            width=8,
        ),
    ]


def _processes() -> list[Any]:
    return [
        graph(
            "Memory by process",
            "Resident memory of each process that is scraped. An API or worker takes what its "
            "model and input shapes take, and then stands still; a steady climb is a leak.",
            "bytes",
            ("max by (job, instance) (process_resident_memory_bytes)", "{{job}} {{instance}}"),
        ),
        graph(
            "Time since the last start",
            "Of the youngest process of each component. A saw is a process that keeps restarting: "
            "its log says why. Runbook: docs/runbooks/ProcessRestarting.md.",
            "dtdhms",
            (
                "time() - max by (component) (process_started_timestamp_seconds)",
                "{{component}}",
            ),
        ),
        listing(
            "Scrape targets",
            "What Prometheus asks, whether it answers, and how long that took. Runbook: "
            "docs/runbooks/TargetDown.md.",
            ("max by (job, instance) (up)", "up"),
            ("max by (job, instance) (scrape_duration_seconds)", "took"),
            columns={"job": "Job", "instance": "Instance", "up": "Up", "took": "Scrape"},
            units={"Scrape": "s"},
            words={"Up": style.UP_OR_DOWN},
            narrow={"Up": 60, "Scrape": 90},
            sort_by="Up",
            ascending=True,
            width=24,
        ),
    ]


def _redis() -> list[Any]:
    return [
        graph(
            "Redis: memory",
            "Used, and the limit (0: none). At the limit Redis refuses writes: predictions go to "
            "the spool. Runbook: docs/runbooks/RedisMemoryHigh.md.",
            "bytes",
            ("sum(redis_memory_used_bytes)", "used"),
            ("sum(redis_memory_max_bytes)", "limit"),
            width=8,
        ),
        graph(
            "Redis: commands",
            "Some per prediction, and each worker asks once a second while idle.",
            "ops",
            (f"sum(rate(redis_commands_processed_total{_WINDOW}))", "commands"),
            width=8,
        ),
        graph(
            "Redis: clients",
            "Connections. It grows with processes, not with requests; a steady climb is a leak.",
            "none",
            ("sum(redis_connected_clients)", "connected"),
            ("sum(redis_blocked_clients)", "blocked, as idle workers are"),
            width=8,
        ),
    ]


def _postgres() -> list[Any]:
    databases = 'datname!~"template.*"'
    return [
        graph(
            "PostgreSQL: connections by state",
            "Of the limit max_connections. *idle in transaction* for minutes holds locks.",
            "none",
            ("sum by (state) (pg_stat_activity_count) > 0", "{{state}}"),
            ("max(pg_settings_max_connections)", "limit"),
            width=6,
        ),
        graph(
            "PostgreSQL: transactions",
            "Rolled back: conflicts or errors; a few are normal.",
            "ops",
            (
                f"sum(rate(pg_stat_database_xact_commit{{{databases}}}{_WINDOW}))",
                "committed",
            ),
            (
                f"sum(rate(pg_stat_database_xact_rollback{{{databases}}}{_WINDOW}))",
                "rolled back",
            ),
            width=6,
        ),
        graph(
            "PostgreSQL: size of databases",
            "HISTORY_RETENTION_DAYS bounds the history; MLflow's database grows with its traces.",
            "bytes",
            (f"sum by (datname) (pg_database_size_bytes{{{databases}}})", "{{datname}}"),
            width=6,
        ),
        graph(
            "Backup: age of the last",
            "Since `sightglass backup create` last ended well. Above two days, the dashed line, "
            "one was missed. Runbook: docs/runbooks/BackupOld.md.",
            "s",
            ("time() - max(backup_last_success_timestamp_seconds)", "age"),
            width=6,
            limits=style.BACKUP_AGE_SECONDS,
            empty="none was made",
        ),
    ]


def _nginx() -> list[Any]:
    return [
        graph(
            "nginx: connections",
            "active: open; waiting: open and idle, as keep-alive and event streams are.",
            "none",
            ("sum(nginx_connections_active)", "active"),
            ("sum(nginx_connections_waiting)", "waiting"),
            width=8,
        ),
        graph(
            "nginx: requests",
            "All that nginx got, files of the UI included. Far more than *Requests* on the service "
            "dashboard: it refuses or serves files.",
            "reqps",
            (f"sum(rate(nginx_http_requests_total{_WINDOW}))", "requests"),
            width=8,
        ),
        graph(
            "Certificate: days left",
            "Of the certificate that the front door shows. Below 14 days, the dashed line, its "
            "renewal has failed. Empty without TLS_CHECK_ADDRESS. Runbook: "
            "docs/runbooks/CertificateExpires.md.",
            "none",
            ("(min(certificate_expires_timestamp_seconds) - time()) / 86400", "days left"),
            width=8,
            limits=(14, 14),
            empty="not watched",
        ),
    ]
