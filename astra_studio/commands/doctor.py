"""`astra-studio doctor`: what this machine has, and what each world needs."""

from __future__ import annotations

import argparse
import json
import textwrap
from dataclasses import asdict
from typing import Any

from astra_studio.commands import FAILED, OK
from astra_studio.problems import Problem
from astra_studio.services.machine.machine import look_at_machine, problems_of
from astra_studio.services.machine.world_requirements import WorldOnMachine, kind_problems, worlds_on_machine

_COLUMNS = 110


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "doctor",
        parents=[common],
        help="say what this machine has, and what each world needs",
        description="Say what this machine has (GPU, memory, drivers, Qt platform, worlds found), what each world "
        "needs, and what to do about what is missing. Exit 1 if no world can be used at all.",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object with all of it")
    # For the doctor itself, which asks in processes of their own: importing torch takes seconds, a Qt without a screen
    # ends its process.
    parser.add_argument("--ask", choices=("torch", "qt"), help=argparse.SUPPRESS)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    if options.ask:
        print(json.dumps(_found(options.ask)))
        return OK
    machine = look_at_machine()
    worlds = worlds_on_machine(machine)
    problems = [*problems_of(machine), *kind_problems()]
    if options.json:
        content = machine | {
            "worlds": [world.as_dict() for world in worlds],
            "problems": [asdict(problem) for problem in problems],
        }
        print(json.dumps(content, indent=1))
    else:
        _print_report(machine, problems, worlds)
    can_open = "problem" not in machine["torch"] and any(world.state in ("ready", "slow") for world in worlds)
    return OK if can_open else FAILED


def _found(part: str) -> dict[str, Any]:
    if part == "qt":
        from ui.found import found_by_qt

        return found_by_qt()
    from engine.models.devices import found_devices

    return found_devices()


def _print_report(machine: dict[str, Any], problems: list[Problem], worlds: list[WorldOnMachine]) -> None:
    memory, disk, torch, qt = machine["memory"], machine["disk"], machine["torch"], machine["qt"]
    packaged = ", packaged" if machine["is_packaged"] else ""
    print(f"Astra Studio {machine['version']}{packaged}, Python {machine['python']}, {machine['system']}")
    print(f"Processor  {machine['cores']} cores")
    print(f"Memory     {memory['free_gb']:g} of {memory['total_gb']:g} GB free")
    print(f"Disk       {disk['free_gb']:g} GB free for {disk['folder']}")
    for gpu in torch.get("gpus", []):
        print(f"GPU        {gpu['name']}, {gpu['free_gb']:g} of {gpu['memory_gb']:g} GB free, CUDA {torch['cuda']}")
    if not torch.get("gpus"):
        print("GPU        none that torch can use")
    if machine["driver"]:
        print(f"Driver     {machine['driver']}")
    print(
        f"Window     {'cannot be shown' if 'problem' in qt else 'Qt on ' + qt['platform'] + ', screen ' + qt['screen']}"
    )
    print("Libraries  " + ", ".join(f"{name} {found or 'missing'}" for name, found in machine["libraries"].items()))
    for world in worlds:
        size = f"{world.width} x {world.height}, " if world.width else ""
        print(f"\nWorld {world.name}: {world.state}. {size}{world.bytes / 1e6:.0f} MB in {world.folder}")
        print(f"  needs {world.needs}")
        for part in world.missing:
            without = "missing" if part.is_needed else "missing, for prompts only"
            size = f"about {part.num_bytes / 2**30:g} GB"
            print(_indented(f"{without}: {part.what}, {size}, comes with {part.source}: {part.names[0]}"))
        if world.todo:
            print(_indented(world.todo))
    if problems:
        print()
    for problem in problems:
        print(f"! {problem.paragraph()}")


def _indented(text: str) -> str:
    return textwrap.fill(text, _COLUMNS, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
