"""Page of a batch's report: one HTML file that needs nothing but the videos beside it, light and dark."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from astra_studio.document.declared import declared_settings
from astra_studio.paths import assets
from astra_studio.problems import ended
from astra_studio.services.batch.path_svg import way_svg
from astra_studio.services.batch.run import BatchResult, Status
from engine.clock import ASTRA_CLOCK, Clock
from engine.poses import Floats
from engine.settings import shown

_LABELS: dict[Status, str] = {
    "done": "Rendered",
    "skipped": "There already",
    "failed": "Failed",
    "cancelled": "Stopped",
    "waiting": "Waiting",
}
_SHOWN_S = 0.05
"""Shorter parts of the time are not worth words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Card:
    """What the page shows of a job.

    Attributes:
        pictures: words and JPEG of some frames, in their order.
        way: poses (n + 1, 4, 4) of its camera at its ticks, which are those of `clock`.
    """

    result: BatchResult
    pictures: tuple[tuple[str, bytes], ...] = ()
    way: Floats | None = None
    clock: Clock = ASTRA_CLOCK


def page(title: str, cards: Sequence[Card], now: datetime) -> str:
    """The whole page."""
    counts = {status: sum(card.result.status == status for card in cards) for status in _LABELS}
    environment = Environment(loader=FileSystemLoader(assets() / "templates"), autoescape=True)
    return environment.get_template("batch.html").render(
        title=title,
        subtitle=_subtitle(cards, now),
        labels=_LABELS,
        counts={status: count for status, count in counts.items() if count},
        failures=[
            {"anchor": quote(card.result.job.name), "name": card.result.job.name, "why": card.result.problem.why}
            for card in cards
            if card.result.problem is not None
        ],
        cards=[_fields(card) for card in cards],
    )


def _subtitle(cards: Sequence[Card], now: datetime) -> list[str]:
    reports = [card.result.report for card in cards if card.result.report]
    num_frames = sum(int(report.get("num_frames") or 0) for report in reports)
    num_bytes = sum(int(report.get("video_bytes") or 0) for report in reports)
    seconds = sum(card.result.seconds for card in cards if card.result.status == "done")
    num_over = sum(card.result.status != "waiting" for card in cards)
    jobs = f"{len(cards)} job{'s' if len(cards) != 1 else ''}"
    # Without a leading zero, in a way that every system knows.
    day = f"{now.day} {now:%B %Y, %H:%M}"
    parts = [day, jobs if num_over == len(cards) else f"{num_over} of {jobs} so far", f"{num_frames:,} frames"]
    parts += [f"{num_bytes / 1e6:.1f} MB"] if num_bytes else []
    parts += [f"{duration(seconds)} of rendering"] if seconds else []
    worlds = {f"{_world(report).get('name', '')} on {report.get('device', '')}" for report in reports}
    return [*parts, *sorted(worlds)]


def _fields(card: Card) -> dict[str, Any]:
    """What the template shows of a card."""
    result, problem = card.result, card.result.problem
    times = _times(result.report)
    return {
        "name": result.job.name,
        "anchor": quote(result.job.name),
        "status": result.status,
        "numbers": _numbers(result),
        "problem": None
        if problem is None
        else {"what": ended(problem.what), "rest": f"{ended(problem.why)} {ended(problem.todo)}"},
        "pictures": [
            {"label": label, "url": "data:image/jpeg;base64," + base64.b64encode(data).decode()}
            for label, data in card.pictures
        ],
        "path": None if card.way is None else Markup(way_svg(card.way, card.clock)),
        "facts": _facts(result),
        "times": [{"name": name, "share": f"{share:.4f}"} for name, share, _ in times],
        "times_text": ", ".join(f"{name} {duration(taken)}" for name, _, taken in times if taken >= _SHOWN_S),
    }


def _numbers(result: BatchResult) -> list[str]:
    report = result.report
    if not report:
        return []
    chunks = list(report.get("chunks") or [])
    return [
        f"{len(chunks)} chunk{'s' if len(chunks) != 1 else ''}",
        f"{report.get('num_frames', 0)} frames",
        duration(result.seconds),
    ]


def _facts(result: BatchResult) -> list[dict[str, Any]]:
    job, report = result.job, result.report
    settings: Mapping[str, Any] = report.get("settings") or dict(job.changes)
    changed = {name for name, _ in job.changes}
    facts: list[dict[str, Any]] = [
        {"label": "Picture", "value": job.image.name},
        {"label": "Move", "value": job.trajectory_words, "is_code": True},
    ]
    if job.overrides is not None:
        facts.append({"label": "Read as", "value": _reading(job.overrides)})
    facts.append({"label": "World", "value": _world(report).get("name") or job.world})
    facts.append({"label": "Seed", "value": job.seed})
    facts += [{"label": "Prompt", "value": job.prompt}] if job.prompt else []
    specs = declared_settings(job.world)
    labels = {spec.name: spec.short for spec in specs}
    usual = {spec.name for spec in specs if spec.prominence == "main" and not spec.needs_text}
    for name in dict.fromkeys([*labels, *settings]):
        if name in settings and (name in usual or name in changed):
            label = labels.get(name, name.replace("_", " ").capitalize())
            facts.append({"label": label, "value": shown(settings[name]), "is_changed": name in changed})
    return facts


def _reading(overrides: Any) -> str:
    said = {key: value for key, value in vars(overrides).items() if value not in (None, False, 1.0)}
    return ", ".join(f"{key} {value}" for key, value in said.items()) or "the file says"


def _world(report: Mapping[str, Any]) -> Mapping[str, Any]:
    world = report.get("world")
    return world if isinstance(world, dict) else {}


def _times(report: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """What the time went into: name, share of the whole, seconds."""
    parts = {name: float(value) for name, value in dict(report.get("seconds_by_part") or {}).items()}
    total = sum(parts.values()) or 1.0
    return [(name, value / total, value) for name, value in parts.items() if value > 0]


def duration(seconds: float) -> str:
    """Seconds as 0.8 s, 12 s, 1:42 min or 1:02:03 h."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d} h"
