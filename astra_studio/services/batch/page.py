"""Draws the report of a batch as one page of HTML that needs nothing beside it but the videos: light and dark."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote

from astra_studio.problems import ended
from astra_studio.services.batch.path_svg import way_svg
from astra_studio.services.batch.run import BatchResult, Status
from astra_studio.services.batch.style import GLYPHS, STYLE
from engine.poses import Floats

_WORDS: dict[Status, str] = {
    "done": "Rendered",
    "skipped": "There already",
    "failed": "Failed",
    "cancelled": "Stopped",
    "waiting": "Waiting",
}
_USUAL_SETTINGS = ("guidance", "history_noise", "num_steps", "solver")
_OTHER_SETTINGS = ("text_guidance", "shift", "history_noise_on", "history_mode")
"""Shown where a job has its own."""
_SHOWN_S = 0.05
"""Shorter parts of the time are not worth words."""
# Without it a click on the start opens the video.
_SCRIPT = """
addEventListener("click",e=>{const a=e.target.closest("a.play");if(!a||e.ctrlKey||e.metaKey)return;e.preventDefault();
const v=document.createElement("video");v.src=a.href;v.controls=v.loop=v.autoplay=v.muted=true;a.replaceWith(v)})
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Card:
    """What the page shows of a job.

    Attributes:
        pictures: words and JPEG of some frames, in their order.
        way: poses (n + 1, 4, 4) of its camera at its ticks.
    """

    result: BatchResult
    pictures: tuple[tuple[str, bytes], ...] = ()
    way: Floats | None = None


def page(title: str, cards: Sequence[Card], now: datetime) -> str:
    """The whole page."""
    by_status = {status: [card for card in cards if card.result.status == status] for status in _WORDS}
    present: list[Status] = [status for status in _WORDS if by_status[status]]
    body = [
        f"<header><div><h1>{escape(title)}</h1><p class=quiet>{_subtitle(cards, now)}</p></div>",
        f"<ul class=counts>{''.join(_count(status, len(by_status[status])) for status in present)}</ul></header>",
        _failures(by_status["failed"]),
        _filters(present, len(cards)) if len(present) > 1 else "",
        f"<main>{''.join(_card(card) for card in cards)}</main>",
        "<footer class=quiet>Made by Astra Studio. The same request on the same device gives the same video, bit for "
        "bit: each job's JSON file has every setting, action row, hash and time.</footer>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}: Astra Studio batch</title><style>{STYLE}</style></head>\n"
        f"<body>{''.join(body)}<script>{_SCRIPT}</script></body></html>\n"
    )


def _subtitle(cards: Sequence[Card], now: datetime) -> str:
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
    return " · ".join([*map(escape, parts), *map(escape, sorted(worlds))])


def _count(status: Status, number: int) -> str:
    return f"<li class={status}>{_glyph(status)}<b>{number}</b><span>{_WORDS[status]}</span></li>"


def _glyph(status: Status) -> str:
    return f'<svg class=glyph viewBox="0 0 16 16" aria-hidden=true>{GLYPHS[status]}</svg>'


def _failures(cards: Sequence[Card]) -> str:
    """What failed, in a list of its own before anything else."""
    rows = []
    for card in cards:
        problem = card.result.problem
        if problem is not None:
            name = escape(card.result.job.name)
            rows.append(f'<li><a href="#{quote(card.result.job.name)}">{name}</a>: {escape(problem.why)}</li>')
    if not rows:
        return ""
    words = "One job has failed" if len(rows) == 1 else f"{len(rows)} jobs have failed"
    return f"<section class=failures><h2>{words}; the rest went on</h2><ul>{''.join(rows)}</ul></section>"


def _filters(present: Sequence[Status], total: int) -> str:
    """Radio buttons that hide the cards of other statuses, by the style alone."""
    buttons = [("all", f"All {total}"), *((status, _WORDS[status]) for status in present)]
    return (
        "<form class=filters><fieldset><legend>Show</legend>"
        + "".join(
            f'<label><input type=radio name=show id="show-{value}" value="{value}"'
            f"{' checked' if value == 'all' else ''}><span>{words}</span></label>"
            for value, words in buttons
        )
        + "</fieldset></form>"
    )


def _card(card: Card) -> str:
    result, job = card.result, card.result.job
    problem = ""
    if result.problem is not None:
        told = result.problem
        problem = (
            f"<p class=problem><b>{escape(ended(told.what))}</b> {escape(f'{ended(told.why)} {ended(told.todo)}')}</p>"
        )
    way = "" if card.way is None else f"<figure class=way>{way_svg(card.way)}</figure>"
    name = escape(job.name)
    return (
        f'<article id="{quote(job.name)}" class="{result.status}"><div class=head>{_glyph(result.status)}'
        f"<h2>{name}</h2><span class=quiet>{_WORDS[result.status]}</span><span class=numbers>{_numbers(result)}</span>"
        f"</div>{problem}<div class=body>{_film(card)}{way}{_facts(result)}</div></article>"
    )


def _numbers(result: BatchResult) -> str:
    report = result.report
    if not report:
        return ""
    chunks = list(report.get("chunks") or [])
    parts = [
        f"{len(chunks)} chunk{'s' if len(chunks) != 1 else ''}",
        f"{report.get('num_frames', 0)} frames",
        f"{duration(result.seconds)}",
    ]
    return " · ".join(map(escape, parts))


def _film(card: Card) -> str:
    """The video, with its start as its poster, and the frames in which chunks end."""
    if not card.pictures:
        return "<div class=film><p class=quiet>No picture</p></div>" if card.result.status != "waiting" else ""
    name = quote(card.result.job.name)
    urls = [(words, "data:image/jpeg;base64," + base64.b64encode(data).decode()) for words, data in card.pictures]
    frames = "".join(
        f'<figure><img src="{url}" alt="{escape(words)} of {escape(card.result.job.name)}">'
        f"<figcaption>{escape(words)}</figcaption></figure>"
        for words, url in urls[1:]
    )
    return (
        f'<div class=film><figure class=start><a class=play href="{name}.mp4" title="Play the video">'
        f'<img src="{urls[0][1]}" alt="{urls[0][0]} of {escape(card.result.job.name)}"></a><figcaption>start · '
        f'<a href="{name}.mp4">{escape(card.result.job.name)}.mp4</a></figcaption></figure>'
        f"<div class=ends>{frames}</div></div>"
    )


def _facts(result: BatchResult) -> str:
    job, report = result.job, result.report
    settings: Mapping[str, Any] = report.get("settings") or dict(job.changes)
    changed = {name for name, _ in job.changes}
    rows = [("Picture", escape(job.image.name)), ("Move", f"<code>{escape(job.trajectory_words)}</code>")]
    if job.overrides is not None:
        rows.append(("Read as", escape(_reading(job.overrides))))
    rows.append(("World", escape(str(_world(report).get("name") or job.world))))
    rows.append(("Seed", str(job.seed)))
    rows += [("Prompt", escape(job.prompt))] if job.prompt else []
    for name in (*_USUAL_SETTINGS, *_OTHER_SETTINGS):
        if name in settings and (name in _USUAL_SETTINGS or name in changed):
            value = escape(f"{settings[name]:g}" if isinstance(settings[name], float) else str(settings[name]))
            words = name.removeprefix("num_").replace("_", " ")
            rows.append((words.capitalize(), f"<b>{value}</b>" if name in changed else value))
    rows += [("Time", _times(report))] if report.get("seconds_by_part") else []
    return "<dl>" + "".join(f"<dt>{words}</dt><dd>{value}</dd>" for words, value in rows) + "</dl>"


def _reading(overrides: Any) -> str:
    said = {key: value for key, value in vars(overrides).items() if value not in (None, False, 1.0)}
    return ", ".join(f"{key} {value}" for key, value in said.items()) or "the file says"


def _world(report: Mapping[str, Any]) -> Mapping[str, Any]:
    world = report.get("world")
    return world if isinstance(world, dict) else {}


def _times(report: Mapping[str, Any]) -> str:
    """A bar of what the time went into, and the words."""
    parts = {name: float(value) for name, value in dict(report["seconds_by_part"]).items() if float(value) > 0}
    total = sum(parts.values()) or 1.0
    bar = "".join(f'<i class="{escape(name)}" style="flex:{value / total:.4f}"></i>' for name, value in parts.items())
    told = {name: value for name, value in parts.items() if value >= _SHOWN_S}
    words = ", ".join(f"{escape(name)} {duration(value)}" for name, value in told.items())
    return f"<span class=bar>{bar}</span><span class=quiet>{words}</span>"


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
