"""`astra-studio info`: what a project holds."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from astra_studio.commands import OK


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "info",
        parents=[common],
        help="say what a project holds",
        description="Say what a project holds: takes, chunks, settings. The project may be open elsewhere.",
    )
    parser.add_argument("project", type=Path, metavar="PROJECT.astra")
    parser.add_argument("--json", action="store_true", help="print a JSON object with all of it")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    content = described(options.project)
    if options.json:
        print(json.dumps(content, indent=1))
        return OK
    world = content["world"]
    print(f"{content['file']}, {content['bytes'] / 1e6:.1f} MB, world {world['name'] or world['spec']}")
    for take in content["takes"]:
        shown = "*" if take["is_current"] else " "
        states = ", ".join(f"{chunk['index'] + 1} {chunk['state']}" for chunk in take["chunks"])
        print(f"{shown} {take['name']}: {take['num_frames']} frames, seed {take['seed']}; chunks: {states or 'none'}")
    if content["num_loose_chunks"]:
        print(f"  {content['num_loose_chunks']} chunks are in no take; the window can restore them")
    return OK


def described(path: Path) -> dict[str, Any]:
    """What a project file holds, as plain values. Raises what `open_reader` raises."""
    from astra_studio.document.derived import loose_tips, made_frames, made_ticks, placed_chunks, recipe_at, slots
    from astra_studio.document.opening import open_reader

    reader = open_reader(path)
    try:
        project, library = reader.current(), reader.library
        undo = [step.label for step in reader.steps()[0][1:]]
    finally:
        reader.close()
    info = project.world.info
    takes = []
    for take in project.takes:
        chunks = [
            {
                "index": slot.index,
                "id": slot.chunk.id,
                "state": slot.state,
                "first_latent": slot.chunk.first_latent,
                "num_latents": slot.chunk.num_ticks,
                "num_frames": slot.chunk.num_frames,
                "seed": slot.chunk.request.seed,
                "prompt": slot.chunk.request.prompt,
                "settings": dict(slot.chunk.request.settings),
                "keyed": list(slot.chunk.keyed),
                "differing": list(slot.differing),
                "is_locked": slot.is_locked,
                "latents_sha256": slot.chunk.latents_sha256,
                "seconds": dict(slot.chunk.seconds),
                "rows": slot.chunk.request.actions.rows.tolist(),
            }
            for slot in slots(project, take)
            if slot.chunk is not None
        ]
        recipe = recipe_at(project, take, made_ticks(take))
        parent = next((other.name for other in project.takes if other.id == take.parent), None)
        takes.append(
            {
                "name": take.name,
                "id": take.id,
                "is_current": take.id == project.selection.take,
                "is_starred": take.is_starred,
                "parent": parent,
                "seed": take.recipe.seed,
                "prompt": recipe.prompt,
                "settings": dict(recipe.settings),
                "keys": [asdict(key) for key in take.keys],
                "modality": take.actions.modality,
                "rows": take.actions.rows.tolist(),
                "num_frames": made_frames(take),
                "clock": take.clock.as_record(),
                "chunks": chunks,
            }
        )
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "world": {
            "spec": project.world.spec,
            "name": info.name if info else None,
            "fingerprint": info.fingerprint if info else None,
            "width": info.width if info else None,
            "height": info.height if info else None,
            "fps": info.clock.fps if info else None,
        },
        "start": None if project.start is None else asdict(project.start),
        "takes": takes,
        "markers": [{"frame": marker.frame, "name": marker.name} for marker in project.markers],
        "num_chunks": len(library),
        "num_loose_chunks": len(library.keys() - placed_chunks(project)),
        "loose_ends": [chunk.id for chunk in loose_tips(project, library)],
        "undo_steps": undo,
    }
