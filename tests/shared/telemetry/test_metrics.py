from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from mitra_shared.telemetry.metrics import ProcessMetrics


def samples(metrics: ProcessMetrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = generate_latest(metrics.registry).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_template_and_status() -> None:
    metrics = ProcessMetrics()
    for status, seconds in ((201, 0.0005), (201, 0.004), (503, 20.0)):
        metrics.http.observe("POST", "/v1/enrolments", status, seconds)
    found = samples(metrics)
    route = (("method", "POST"), ("route", "/v1/enrolments"))
    assert found["mitra_http_requests_total", (*route, ("status", "201"))] == 2
    assert found["mitra_http_requests_total", (*route, ("status", "503"))] == 1
    name = "mitra_http_request_seconds"
    buckets = {
        bound: found[f"{name}_bucket", (("le", bound), *route)]
        for bound in ("0.001", "0.005", "10.0", "+Inf")
    }
    assert buckets == {"0.001": 1, "0.005": 2, "10.0": 2, "+Inf": 3}
    assert found[f"{name}_count", route] == 3
    assert found[f"{name}_sum", route] == 20.0045


def test_every_measure_of_the_carriers_is_there() -> None:
    metrics = ProcessMetrics()
    metrics.commits.size.observe(12)
    metrics.log.head.labels("enrolment", "3").set(41)
    metrics.log.stream_end.labels("enrolment", "3").set(40)
    metrics.consumers.position.labels("reporting", "enrolment", "3").set(39)
    metrics.consumers.lag_events.labels("reporting", "enrolment", "3").set(1)
    metrics.consumers.lag_seconds.labels("reporting", "enrolment", "3").set(0.2)
    metrics.consumers.leases.labels("reporting").set(16)
    metrics.consumers.dead_letters.labels("reporting", "poison").set(0)
    names = {name for name, _ in samples(metrics)}
    assert {
        "mitra_group_commit_size_count",
        "mitra_log_head_position",
        "mitra_stream_end_position",
        "mitra_consumer_position",
        "mitra_consumer_lag_events",
        "mitra_consumer_lag_seconds",
        "mitra_consumer_leases",
        "mitra_dead_letters",
        "process_resident_memory_bytes",
    } <= names


def test_two_processes_in_one_interpreter_do_not_share_a_registry() -> None:
    first, second = ProcessMetrics(), ProcessMetrics()
    first.http.observe("GET", "/a", 200, 0.1)
    assert (
        "mitra_http_requests_total",
        (("method", "GET"), ("route", "/a"), ("status", "200")),
    ) not in samples(second)
