"""`sightglass bench`: engine, pipeline, HTTP, queue, journal and overload, measured in one run."""

from sightglass.benchmark.plan import BenchmarkOptions
from sightglass.benchmark.report import Report
from sightglass.benchmark.run import run_benchmark

__all__ = ["BenchmarkOptions", "Report", "run_benchmark"]
