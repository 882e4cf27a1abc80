"""`astra-studio render`: a picture and a camera move into a video file."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from tqdm import tqdm

from astra_studio.commands import CANCELLED, OK
from astra_studio.commands.setting_options import add_settings, given_settings
from astra_studio.paths import BUNDLED_WORLD, world_catalogue
from engine.actions.pose_line import explain_moves
from engine.messages import Event, Progress, WorldInfo
from engine.settings import Settings, num_steps
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.preset_paths import preset_path_names


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "render",
        parents=[common],
        help="turn a picture and a camera move into a video file",
        description="Turn a picture and a camera move into a video file.",
        epilog=f"Presets: {', '.join(preset_path_names())}. Moves of a pose line, each what-ticks: {explain_moves()}; "
        "+ joins moves. One tick is one latent, 4 frames, at the speed the model was trained at; 8 ticks make a chunk.",
    )
    add = parser.add_argument
    add(
        "--start",
        "--image",
        dest="image",
        type=Path,
        required=True,
        metavar="FILE",
        help="picture or clip to start from; of a clip the end, at the world's rate",
    )
    add(
        "--start-png",
        type=Path,
        metavar="P.png",
        help="write the frame that the world starts from, as it was understood",
    )
    add("--trajectory", required=True, metavar="T", help="preset, pose line such as 'w-8 left-8', or camera file")
    add("--camera", metavar="NAME", help="which camera of the camera file, where it holds several")
    add("--out", type=Path, required=True, metavar="V.mp4", help="video file to write (H.264)")
    add("--world", default=BUNDLED_WORLD, metavar="NAME|PATH", help=f"world model (default: {BUNDLED_WORLD})")
    add("--prompt", default="", metavar="P", help="text, for worlds that read it")
    add("--chunks", type=int, metavar="N", help="chunks to make (default: what the trajectory needs)")
    add_settings(parser)
    add("--seed", type=int, default=0, metavar="N", help="seed of the take (default 0)")
    add("--device", default="auto", metavar="D", help="where the model runs: auto, cpu, cuda:1, mps ... (default auto)")
    add("--report", type=Path, metavar="R.json", help="write every setting, action row, timing and hash to this file")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    from astra_studio.services.rendering.render import RenderHooks, RenderRequest, render
    from engine.worlds.registry import open_world

    request = RenderRequest(
        image=options.image,
        trajectory=options.trajectory,
        overrides=None if options.camera is None else Overrides(camera=options.camera),
        out=options.out,
        report=options.report,
        start_png=options.start_png,
        num_chunks=options.chunks,
        prompt=options.prompt,
        seed=options.seed,
        changes=given_settings(options),
    )
    interrupt = Interrupt()
    progress = _ProgressBar()
    hooks = RenderHooks(
        listener=progress.heard, cancelled=lambda: interrupt.was_asked, world_opened=progress.world_opened
    )

    def opened() -> Any:
        print(f"Opening the world {options.world} ...", file=sys.stderr)
        world = open_world(options.world, world_catalogue(), options.device)
        interrupt.listen()
        return world

    with progress:
        outcome = render(request, opened, hooks)
    if not outcome.num_chunks:
        print("Cancelled before the first chunk was finished; nothing was written.", file=sys.stderr)
        return CANCELLED
    made = f"{request.out}: {outcome.num_frames} frames in {outcome.num_chunks} chunks, {outcome.seconds:.1f} s"
    print(f"{made} (cancelled: the finished chunks)" if outcome.was_cancelled else made)
    return CANCELLED if outcome.was_cancelled else OK


class Interrupt:
    """Ctrl-C as a wish that the engine hears at its next step; a second Ctrl-C ends the program at once."""

    def __init__(self) -> None:
        self.was_asked = False

    def listen(self) -> None:
        signal.signal(signal.SIGINT, self._asked)

    def _asked(self, _signal: int, _frame: FrameType | None) -> None:
        if self.was_asked:
            raise KeyboardInterrupt
        self.was_asked = True
        print("\nStopping after this step; press Ctrl-C again to stop at once.", file=sys.stderr)


class _ProgressBar:
    """Denoising steps done and time left, on stderr."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None
        self._num_steps = 0

    def __enter__(self) -> _ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def world_opened(self, info: WorldInfo, settings: Settings, num_chunks: int) -> None:
        self._num_steps = num_steps(info.settings, settings)
        print(
            f"{info.name}, {info.width} x {info.height}, on {info.device}: "
            f"{num_chunks} chunks of {self._num_steps} steps",
            file=sys.stderr,
        )
        if info.ignores:
            print(f"This world ignores the {' and the '.join(info.ignores)}.", file=sys.stderr)
        self._bar = tqdm(total=num_chunks * self._num_steps, unit="step", desc="chunk 1", file=sys.stderr)

    def heard(self, event: Event) -> None:
        if isinstance(event, Progress) and self._bar is not None:
            self._bar.set_description(f"chunk {event.chunk + 1}", refresh=False)
            self._bar.update(event.chunk * self._num_steps + event.step - self._bar.n)
