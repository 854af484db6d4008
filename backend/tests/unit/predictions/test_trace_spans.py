"""A prediction as spans."""

from __future__ import annotations

from itertools import pairwise

from sightglass.predictions.sinks.trace_spans import spans_of
from tests.made_predictions import make_failure, make_prediction


def test_ids_follow_from_the_prediction() -> None:
    prediction = make_prediction()
    first, again = spans_of(prediction), spans_of(prediction)
    assert first == again
    assert {span.trace_id.hex() for span in first} == {prediction.id}
    assert len({span.span_id for span in first}) == 7


def test_stages_follow_each_other_inside_the_root() -> None:
    root, *stages = spans_of(make_prediction(3))
    assert stages[0].start_time_unix_nano == root.start_time_unix_nano
    for before, after in pairwise(stages):
        assert before.end_time_unix_nano == after.start_time_unix_nano
    assert abs(stages[-1].end_time_unix_nano - root.end_time_unix_nano) < 1000
    assert all(span.parent_span_id == root.span_id for span in stages)


def test_failure_has_the_stages_it_came_to() -> None:
    root, *stages = spans_of(make_failure(milliseconds={"receive": 1.0, "queue": 2.0}))
    assert [span.name for span in stages] == ["receive", "queue"]
    assert root.status.message == "inference_failed: The model failed on this image."
