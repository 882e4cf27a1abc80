"""Plot of a trajectory: from above, from the side, and its speed tick by tick."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.clock import Clock
from engine.poses import Floats
from engine.trajectories.recording import Recording
from engine.trajectories.sampling import SpeedGauge, gauge, tick_poses

_CANVAS, _PANEL, _GRID, _EDGE = "#131313", "#1A1A1A", "#2A2A2A", "#757575"
_TEXT, _QUIET = "#EDEDED", "#9C9C9C"
_SLOW, _FAST, _TURN = "#F4F4F4", "#FF9A52", "#5AB4F0"
# Speed as multiples of the trained one, and its colours (red, green, blue in 0 to 1): from rest to trained, and beyond.
_LOADS = (0.0, 1.0, 1.001, 4.0)
_SHADES = np.array([[0.36, 0.43, 0.48], [0.96, 0.96, 0.96], [1.0, 0.68, 0.40], [1.0, 0.36, 0.30]])
_RIGHT, _DOWN, _FORWARD = 0, 1, 2
_FRUSTA = 12
"""About as many of the cameras are drawn: enough to see where they look, few enough to see them."""
_FRUSTUM_SHARE = 0.05
"""Their depth as a share of the larger side of the way's box."""
_LEAST_SPAN = 0.1
"""Scene units that a view shows at least: a camera that only turns stays in one place."""
_MARGIN = 1.12
_BOX = 0.78
"""Height over width of the two views."""
_WIDTH, _HEIGHT = 0.62, 0.36
"""Half of the picture's width and height at depth 1: about the released model's shape."""


def plot_trajectory(recording: Recording, title: str, destination: Path, *, clock: Clock) -> None:
    """Write a picture (PNG, SVG or PDF, as its name says), its ticks those of a clock.

    Raises OSError, or ValueError for another kind.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    spaced = ConstrainedLayoutEngine(w_pad=0.16, h_pad=0.14, wspace=0.03, hspace=0.04)
    figure = Figure(figsize=(12.8, 8.4), layout=spaced, facecolor=_CANVAS)
    FigureCanvasAgg(figure)
    places = figure.subplot_mosaic([["top", "side"], ["speed", "speed"]], height_ratios=[2.35, 1], width_ratios=[1, 1])
    ticks = tick_poses(recording, clock=clock)
    speed = gauge(ticks, clock=clock)
    for plot in places.values():
        _dress(plot)
    _draw_view(places["top"], recording, ticks, speed, (_RIGHT, _FORWARD))
    _name(places["top"], "Top", "x right", "z forward")
    key = "dot: tick    ring: chunk    grey to white: up to the trained speed    amber to red: beyond"
    places["top"].text(0.015, 0.02, key, transform=places["top"].transAxes, color=_QUIET, fontsize=8, zorder=8)
    _draw_view(places["side"], recording, ticks, speed, (_FORWARD, _DOWN))
    places["side"].invert_yaxis()
    _name(places["side"], "Side", "z forward", "y down")
    _draw_speed(places["speed"], speed)
    beyond = int(speed.beyond.sum())
    summary = (
        f"{len(recording.times)} poses   {recording.end_s - recording.start_s:.2f} s   {len(speed.moved)} ticks   "
        + (f"{beyond} of them faster than the model was trained at" if beyond else "none faster than trained")
    )
    figure.suptitle(title, color=_TEXT, fontsize=15, fontweight="bold", x=0.012, ha="left")
    figure.text(0.988, 0.972, summary, color=_FAST if beyond else _QUIET, fontsize=10, ha="right", va="center")
    figure.savefig(destination, dpi=125, facecolor=_CANVAS)


def _dress(plot: Any) -> None:
    plot.set_facecolor(_PANEL)
    plot.grid(color=_GRID, linewidth=0.8)
    plot.set_axisbelow(True)
    plot.tick_params(colors=_QUIET, labelsize=8.5, length=0)
    for spine in plot.spines.values():
        spine.set_visible(False)


def _name(plot: Any, title: str, across: str, along: str) -> None:
    plot.set_title(title, color=_TEXT, fontsize=11, loc="left", pad=8)
    plot.set_xlabel(f"{across}, units", color=_QUIET, fontsize=9)
    plot.set_ylabel(f"{along}, units", color=_QUIET, fontsize=9)


def _draw_view(plot: Any, recording: Recording, ticks: Floats, speed: SpeedGauge, axes: tuple[int, int]) -> None:
    """The way seen along the axis that is not among `axes`: across and along the picture."""
    from matplotlib.collections import LineCollection

    across, along = axes
    way = recording.c2w[:, :3, 3]
    box = np.concatenate([way, ticks[:, :3, 3]])[:, [across, along]]
    span = max(float(np.ptp(box, axis=0).max()), _LEAST_SPAN)
    plot.plot(way[:, across], way[:, along], color=_EDGE, linewidth=1.1, zorder=2)
    points = ticks[:, :3, 3][:, [across, along]]
    segments = np.stack([points[:-1], points[1:]], axis=1)
    plot.add_collection(LineCollection(list(segments), colors=_colours(speed), linewidths=1.6, zorder=3))
    _draw_frusta(plot, ticks, axes, span * _FRUSTUM_SHARE)
    plot.scatter(points[1:, 0], points[1:, 1], s=13, c=_colours(speed), linewidths=0, zorder=5)
    chunks = points[:: speed.clock.latents_per_chunk]
    plot.scatter(chunks[:, 0], chunks[:, 1], s=62, facecolors=_PANEL, edgecolors=_SLOW, linewidths=1.4, zorder=6)
    plot.scatter(points[:1, 0], points[:1, 1], s=22, c=_SLOW, linewidths=0, zorder=7)
    middle = (box.min(axis=0) + box.max(axis=0)) / 2
    wide, high = np.maximum(np.ptp(box, axis=0), _LEAST_SPAN) / 2 * _MARGIN + span * _FRUSTUM_SHARE
    # One unit is as long across as it is along: the limits have the shape of the box they are drawn in.
    wide = max(wide, high / _BOX)
    plot.set_box_aspect(_BOX)
    plot.set_xlim(middle[0] - wide, middle[0] + wide)
    plot.set_ylim(middle[1] - wide * _BOX, middle[1] + wide * _BOX)


def _draw_frusta(plot: Any, ticks: Floats, axes: tuple[int, int], depth: float) -> None:
    """A pyramid at every few ticks: from the camera to the corners of its picture, and around them."""
    from matplotlib.collections import LineCollection

    step = max(1, -(-len(ticks) // _FRUSTA))
    corners = np.array([[-_WIDTH, -_HEIGHT, 1], [_WIDTH, -_HEIGHT, 1], [_WIDTH, _HEIGHT, 1], [-_WIDTH, _HEIGHT, 1]])
    lines = []
    for pose in ticks[::step]:
        seen = (pose[:3, :3] @ (corners * depth).T).T + pose[:3, 3]
        lines += [np.stack([pose[:3, 3], corner])[:, axes] for corner in seen]
        lines.append(np.concatenate([seen, seen[:1]])[:, axes])
    plot.add_collection(LineCollection(lines, colors=_QUIET, linewidths=0.8, alpha=0.85, zorder=4))


def _draw_speed(plot: Any, speed: SpeedGauge) -> None:
    """Both speeds over time, a step a tick, against the trained one."""
    clock = speed.clock
    edges, slowest = clock.tick_times(len(speed.moved)), min(clock.trained_speed, clock.trained_turn)
    fastest = max(float(np.max(of, initial=0.0)) for of in (speed.moved, speed.turned))
    highest = max(fastest, clock.trained_speed, clock.trained_turn) * 1.25
    plot.axhspan(slowest, highest * 2, color=_FAST, alpha=0.09, linewidth=0, zorder=1)
    for trained in {clock.trained_speed, clock.trained_turn}:
        plot.axhline(trained, color=_FAST, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2)
    if len(speed.moved):
        plot.stairs(
            speed.moved, edges, baseline=None, color=_SLOW, linewidth=1.8, label="moved, units per tick", zorder=4
        )
        plot.stairs(
            speed.turned, edges, baseline=None, color=_TURN, linewidth=1.8, label="turned, rad per tick", zorder=3
        )
        for edge in edges[:: clock.latents_per_chunk]:
            plot.axvline(edge, color=_EDGE, linewidth=0.7, alpha=0.6, zorder=1)
        plot.set_xlim(edges[0], edges[-1])
        legend = plot.legend(loc="upper right", ncols=2, fontsize=9, frameon=False, bbox_to_anchor=(1.0, 1.17))
        for text in legend.get_texts():
            text.set_color(_QUIET)
    plot.annotate(
        f"trained {clock.trained_speed:g}",
        (0, clock.trained_speed),
        xycoords=("axes fraction", "data"),
        xytext=(6, 4),
        textcoords="offset points",
        color=_FAST,
        fontsize=8.5,
        bbox={"facecolor": _PANEL, "edgecolor": "none", "alpha": 0.75, "pad": 1.5},
        zorder=8,
    )
    plot.set_ylim(0, highest)
    _name(plot, "Speed", "", "")
    plot.set_xlabel("seconds; a line per chunk", color=_QUIET, fontsize=9)
    plot.set_ylabel("per tick", color=_QUIET, fontsize=9)


def _colours(speed: SpeedGauge) -> np.ndarray:
    """A colour (n, 3) per tick: brighter to the trained speed, from amber to red beyond it."""
    load = np.where(speed.beyond, speed.load, np.minimum(speed.load, 1))
    return np.stack([np.interp(load, _LOADS, channel) for channel in _SHADES.T], axis=1)
