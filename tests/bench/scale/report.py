"""What the scale bench found, as a table with aims and as plain data."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.bench.scale.world import Found

WORKER = (
    ("bare", "read and decode, nothing else"),
    ("pattern", "the same with a SQLite commit a batch"),
    ("pattern_as_found", "the same, Python's own garbage collection: the ceiling"),
    ("empty_plain", "worker without operators, bare loop"),
    ("empty_faust", "worker without operators, Faust"),
    ("embedded", "embedded host: log, operators, results"),
    ("all_plain", "worker with all operators, bare loop"),
    ("all_faust", "worker with all operators, Faust"),
)
PRODUCERS = (
    ("producer_ours", "ours: records to bytes, kafka-python, compiled checksum"),
    ("producer_kafka_python", "kafka-python alone, compiled checksum"),
    ("producer_kafka_python_as_shipped", "kafka-python alone, as shipped"),
    ("producer_aiokafka", "aiokafka alone"),
    ("producer_confluent", "confluent-kafka alone"),
)
WHOLE = (
    ("collect", "collector: source, matching, producer"),
    ("one worker", "router and operators, one worker (Faust)"),
    ("two workers", "router and operators, two workers (Faust)"),
    ("embedded_whole", "embedded host, source to results"),
)
INDEX = (
    ("indexer", "Kafka to Elasticsearch: ours"),
    ("parallel", "parallel_bulk of the same documents"),
)


class Aim(msgspec.Struct, frozen=True):
    """A figure and what it should be."""

    what: str
    found: float
    aim: str
    met: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one run."""

    found: dict[str, Found]
    failed: dict[str, str]
    cores: int
    load_before: float
    load_after: float
    seconds: float

    def aims(self) -> list[Aim]:
        """The aims whose cases were measured."""
        made: list[Aim] = []
        for frame in ("plain", "faust"):
            self._share(made, f"empty_{frame}", "pattern_as_found", "of the ceiling's rate")
            self._share(made, f"empty_{frame}", "pattern", "of it with our collection")
        for frame in ("plain", "faust"):
            self._share(made, f"all_{frame}", "embedded", "of the embedded host's rate")
        ours, bare = self.found.get("indexer"), self.found.get("parallel")
        if ours and bare:
            share = ours.rate / bare.rate
            made.append(
                Aim("indexer, of parallel_bulk's rate (wall)", share, "≥ 0.85", share >= 0.85)
            )
        delay = self.found.get("delay")
        if delay:
            p95 = float(delay.more["alert_p95_s"])
            made.append(Aim("post to alert, 95 of 100, seconds", p95, "< 5", p95 < 5))
        return made

    def _share(self, made: list[Aim], case: str, of: str, words: str) -> None:
        if case in self.found and of in self.found:
            share = self.found[of].cpu_us / self.found[case].cpu_us
            made.append(Aim(f"{case}, {words} (CPU)", share, "≥ 0.85", share >= 0.85))

    def plain(self) -> dict[str, Any]:
        """For a machine."""
        cases = [
            {
                **msgspec.to_builtins(one),
                "cpu_us": round(one.cpu_us, 2),
                "per_s": round(one.rate),
            }
            for one in self.found.values()
        ]
        return {
            "bench": "scale",
            "cores": self.cores,
            "load": [round(self.load_before, 1), round(self.load_after, 1)],
            "seconds": round(self.seconds),
            "cases": cases,
            "failed": self.failed,
            "aims": [msgspec.to_builtins(aim) for aim in self.aims()],
        }


def told(report: Report) -> str:
    """For a person."""
    lines = [
        f"{report.cores} cores, load {report.load_before:.1f} before and "
        f"{report.load_after:.1f} after, {report.seconds:.0f} s"
    ]
    for title, rows in (
        ("worker, a record of the subjects topic", WORKER),
        ("producer, a post", PRODUCERS),
        ("the whole way, a post", WHOLE),
        ("indexer, a document", INDEX),
    ):
        lines += ["", f"{title:<58}{'µs CPU':>10}{'a second and core':>20}{'a second':>12}"]
        for case, words in rows:
            one = report.found.get(case)
            if one is not None:
                lines.append(
                    f"  {words:<56}{one.cpu_us:>10.1f}{1e6 / one.cpu_us:>20,.0f}"
                    f"{one.rate:>12,.0f}"
                )
    where = report.found.get("where")
    if where is not None:
        lines += ["", "where the time of a worker with all operators goes, µs a record"]
        lines += [f"  {name:<56}{us:>10.1f}" for name, us in where.parts.items()]
    one = report.found.get("one worker")
    if one is not None:
        lines += ["", "bytes a post, before compaction, one replica"]
        lines += [f"  {name:<56}{n:>10}" for name, n in one.more["bytes"].items()]
    packing = report.found.get("packing")
    if packing is not None:
        head = f"{'µs to write':>14}{'µs to read':>12}{'bytes':>8}"
        lines += ["", f"{'results on their topic, a result':<58}{head}"]
        for way, one in packing.more.items():
            lines.append(
                f"  {way:<56}{one['write_us']:>14.1f}{one['read_us']:>12.1f}{one['bytes']:>8}"
            )
    delay = report.found.get("delay")
    if delay is not None:
        lines += ["", f"delay at {delay.rate:,.0f} posts a second"]
        lines += [f"  {name:<56}{value:>10}" for name, value in delay.more.items()]
    lines += ["", "aims"]
    for aim in report.aims():
        lines.append(
            f"  {aim.what:<56}{aim.found:>10.2f}   {aim.aim}  {'met' if aim.met else 'MISSED'}"
        )
    lines += [f"not measured: {name}: {why}" for name, why in report.failed.items()]
    return "\n".join(lines)
