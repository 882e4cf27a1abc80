import pytest

from astra_studio.services.driving.trace import Trace, latency_of


def test_events_are_timed_from_their_coming_to_the_first_frame_that_they_changed() -> None:
    trace = Trace()
    trace.received(1.0)
    trace.received(1.2)
    assert trace.sampled(0, 1.3) == (1.0, 1.2)
    trace.received(1.4)  # too late for that chunk
    trace.generated(0, 1.5)
    trace.decoded(0, 1.6)
    trace.decoded(0, 1.7)
    trace.shown(0, 1.8)
    trace.shown(0, 9.0)
    assert trace.sampled(1, 1.9) == (1.4, 1.4)
    first, second, third = trace.events
    assert (first.chunk, first.sampled_s, first.decoded_s) == (0, 1.3, 1.6)
    assert first.latency_s == pytest.approx(0.8)
    assert second.latency_s == pytest.approx(0.6)
    assert third.latency_s is None
    latency = trace.latency()
    assert latency is not None
    assert latency.p50_ms == pytest.approx(700)
    assert latency.max_ms == pytest.approx(800)


def test_a_chunk_without_input_has_no_times() -> None:
    trace = Trace()
    assert trace.sampled(0, 1.0) == (None, None)
    trace.shown(0, 2.0)
    assert trace.latency() is None
    assert trace.as_json() == []


def test_quantiles_are_those_of_all_events() -> None:
    latency = latency_of([n / 1000 for n in range(101)])
    assert latency is not None
    assert latency.as_json() == {"p50_ms": 50.0, "p95_ms": 95.0, "max_ms": 100.0}
