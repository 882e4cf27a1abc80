"""The command line: each subcommand a thin caller of services."""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from tqdm import tqdm

from astra_studio import __version__
from astra_studio.paths import BUNDLED_WORLD, world_catalogue
from astra_studio.problems import Problem, UserError, problem_of
from engine.actions.pose_line import explain_moves
from engine.actions.presets import preset_names
from engine.messages import Event, Progress, SamplingSettings, WorldInfo

OK, FAILED, MISUSED, CANCELLED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Errors become one paragraph on stderr."""
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    try:
        options = _parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except KeyboardInterrupt:
        print("Cancelled.", file=sys.stderr)
        return CANCELLED
    except BrokenPipeError:
        return FAILED
    except Exception as error:
        if debug:
            traceback.print_exc()
        print(problem_of(error).paragraph(), file=sys.stderr)
        return MISUSED if isinstance(error, UsageError) else FAILED


class UsageError(UserError):
    """A command line that cannot be understood."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        todo = f"See {self.prog} --help"
        raise UsageError(Problem("The command line is not understood", message[:1].upper() + message[1:], todo))


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show where an error happened")
    parser = _Parser(
        prog="astra-studio", description="Walk into a picture: the Astra world model on your own computer."
    )
    parser.add_argument("--version", action="version", version=f"Astra Studio {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_render(commands, common)
    _add_parity(commands, common)
    _add_bench(commands, common)
    return parser


# ---------------------------------------------------------------------- render


def _add_render(commands: Any, common: argparse.ArgumentParser) -> None:
    defaults = SamplingSettings()
    parser = commands.add_parser(
        "render",
        parents=[common],
        help="turn a picture and a camera move into a video file",
        description="Turn a picture and a camera move into a video file.",
        epilog=f"Presets: {', '.join(preset_names())}. Moves of a pose line, each what-ticks: {explain_moves()}; "
        "+ joins moves. One tick is one latent, 4 frames, at the speed the model was trained at; 8 ticks make a chunk.",
    )
    add = parser.add_argument
    add("--image", type=Path, required=True, metavar="I", help="start picture: PNG, JPEG, WebP, TIFF, BMP or GIF")
    add("--trajectory", required=True, metavar="T", help="preset, pose line such as 'w-8 left-8', or Astra JSON file")
    add("--out", type=Path, required=True, metavar="V.mp4", help="video file to write (H.264)")
    add("--world", default=BUNDLED_WORLD, metavar="NAME|PATH", help=f"world model (default: {BUNDLED_WORLD})")
    add("--prompt", default="", metavar="P", help="text, for worlds that read it")
    add("--chunks", type=int, metavar="N", help="chunks to make (default: what the trajectory needs)")
    add("--guidance", type=float, metavar="S", help="action guidance scale, 1 is off (default: the world's)")
    add(
        "--history-noise",
        type=float,
        metavar="H",
        help=f"noise level in [0, 1) on the history (default {defaults.history_noise:g}: clean)",
    )
    add("--steps", type=int, metavar="N", help="denoising steps (default: the world's)")
    add("--solver", choices=("euler", "unipc"), help="ODE solver (default: the world's)")
    add("--seed", type=int, default=0, metavar="N", help="seed of the take (default 0)")
    add("--device", default="auto", choices=("auto", "cpu", "cuda"), help="where the model runs (default auto)")
    add("--report", type=Path, metavar="R.json", help="write every setting, action row, timing and hash to this file")
    parser.set_defaults(command=_render)


def _render(options: argparse.Namespace) -> int:
    from astra_studio.services.render import RenderHooks, RenderRequest, render
    from engine.worlds.registry import open_world

    given = {
        "guidance": options.guidance,
        "history_noise": options.history_noise,
        "num_steps": options.steps,
        "solver": options.solver,
    }
    request = RenderRequest(
        image=options.image,
        trajectory=options.trajectory,
        out=options.out,
        report=options.report,
        num_chunks=options.chunks,
        prompt=options.prompt,
        seed=options.seed,
        changes={name: value for name, value in given.items() if value is not None},
    )
    interrupt = _Interrupt()
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


class _Interrupt:
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

    def world_opened(self, info: WorldInfo, settings: SamplingSettings, num_chunks: int) -> None:
        self._num_steps = settings.num_steps
        print(
            f"{info.name}, {info.width} x {info.height}, on {info.device}: "
            f"{num_chunks} chunks of {settings.num_steps} steps",
            file=sys.stderr,
        )
        self._bar = tqdm(total=num_chunks * settings.num_steps, unit="step", desc="chunk 1", file=sys.stderr)

    def heard(self, event: Event) -> None:
        if isinstance(event, Progress) and self._bar is not None:
            self._bar.set_description(f"chunk {event.chunk + 1}", refresh=False)
            self._bar.update(event.chunk * self._num_steps + event.step - self._bar.n)


# ---------------------------------------------------------------------- parity


def _add_parity(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "parity",
        parents=[common],
        help="compare the engine with golden files of the released code",
        description="Compare the engine with golden files computed by the released code; exit 1 if any case is outside "
        "its limit.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder with files such as dit_a.json")
    parser.set_defaults(command=_parity)


def _parity(options: argparse.Namespace) -> int:
    from engine.parity.run import run_parity, summary

    checks = []
    for check in run_parity(options.folder):
        checks.append(check)
        print(check.line(), flush=True)
    print(summary(checks))
    return OK if all(check.passed for check in checks) else FAILED


# ---------------------------------------------------------------------- bench


def _add_bench(commands: Any, common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "bench",
        parents=[common],
        help="measure the engine on this machine",
        description="Measure the engine on this machine; takes a few minutes. Exit 1 if a figure misses its limit.",
    )
    parser.set_defaults(command=_bench)


def _bench(options: argparse.Namespace) -> int:
    from engine.benchmarks import run_benchmarks
    from engine.worlds.registry import open_world

    figures = []
    for figure in run_benchmarks(lambda: open_world(BUNDLED_WORLD, world_catalogue(), "cpu")):
        figures.append(figure)
        print(figure.line(), flush=True)
    return OK if all(figure.value <= figure.limit for figure in figures) else FAILED


if __name__ == "__main__":
    sys.exit(main())
