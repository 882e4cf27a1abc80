"""Child process that reads the camera of a USD file and writes it to standard output as JSON.

`python -m engine.trajectories.formats.usd_child FILE [CAMERA]`. OpenUSD reads binary files of strangers in C++; what
goes wrong there ends this process and not the program. Layers that do not lie beside the file, or below it, are left
out.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

MOST_SAMPLES = 200_000
"""Two hours of film."""
_MOST_LAYERS = 1000
_SPARSE = 1.5
"""Time codes from which on between two keys the frames between them are read too: the file says how it moves there."""


class Refused(Exception):
    """A file that holds no camera path; the message says what it holds. `cameras` are those to choose from."""

    def __init__(self, why: str, cameras: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.cameras = cameras


def main(arguments: list[str]) -> int:
    """Read the file; returns the exit code."""
    path, wanted = Path(arguments[0]), arguments[1] if len(arguments) > 1 else None
    try:
        found = camera_of(path, wanted)
    except Refused as error:
        found = {"refused": str(error), "cameras": list(error.cameras)}
    json.dump(found, sys.stdout)
    return 0


def camera_of(path: Path, wanted: str | None) -> dict[str, Any]:
    """What a USD file says of a camera: its name, those of all that move, poses and lens over time. Raises Refused."""
    from pxr import Tf, Usd, UsdGeom

    try:
        layers, notes = _own_layers(path)
        stage = Usd.Stage.Open(str(path), Usd.Stage.LoadAll)
        prims = [p for p in stage.Traverse(Usd.TraverseInstanceProxies()) if p.IsA(UsdGeom.Camera)]
        prim, cameras, remarks = _chosen(prims, wanted)
        codes = _codes(prim)
        rate = stage.GetTimeCodesPerSecond()
        cache = UsdGeom.XformCache()
        matrices, lenses = [], []
        for code in codes:
            cache.SetTime(Usd.TimeCode(code))
            matrices.append([list(row) for row in cache.GetLocalToWorldTransform(prim)])
            lenses.append(_lens(UsdGeom.Camera(prim), Usd.TimeCode(code)))
        return {
            "camera": str(prim.GetPath()),
            "cameras": cameras,
            "rate": rate,
            "codes": codes,
            "matrices": matrices,
            "lenses": None if None in lenses else lenses,
            "unit": UsdGeom.GetStageMetersPerUnit(stage),
            "up": str(UsdGeom.GetStageUpAxis(stage)),
            "notes": [*notes, *remarks],
            "layers": len(layers),
        }
    except Tf.ErrorException as error:
        raise Refused(str(error).strip().splitlines()[-1][:300]) from error


def _own_layers(path: Path) -> tuple[list[Any], list[str]]:
    """The file's layers, without what they refer to elsewhere, and what to say of it.

    They are changed in memory only, and must be kept until the stage is open: OpenUSD would read them again.
    """
    from pxr import Sdf, UsdUtils

    root = path.absolute().parent
    layers: list[Any] = []
    left: set[str] = set()
    waiting, seen = [str(path)], {str(path)}
    while waiting:
        layer = Sdf.Layer.FindOrOpen(waiting.pop())
        if layer is None or len(seen) > _MOST_LAYERS:
            raise Refused("it cannot be opened as USD" if layer is None else "it has more than a thousand layers")
        layers.append(layer)
        if path.suffix.lower() == ".usdz":
            break  # what is in a package refers to what is in it
        folder = Path(layer.realPath).parent

        def kept(asset: str, folder: Path = folder) -> str:
            if _is_below(asset, folder, root):
                return asset
            left.add(asset)
            return ""

        UsdUtils.ModifyAssetPaths(layer, kept)
        for asset in layer.GetCompositionAssetDependencies():
            inner = str(folder / asset)
            if inner not in seen:
                seen.add(inner)
                waiting.append(inner)
    names = ", ".join(sorted(name for name in left if name)[:3])
    return layers, [f"what it refers to and does not lie beside it is left out: {names}"] if names else []


def _is_below(asset: str, folder: Path, root: Path) -> bool:
    """Whether a path in a layer of that folder names a file in the root folder or below, on every system."""
    name = asset.replace("\\", "/")
    if not asset or ":" in name or name.startswith("/") or "\0" in name or ".." in name.split("/"):
        return False
    inner = folder / name
    return inner.is_file() and inner.resolve().is_relative_to(root.resolve())


def _chosen(prims: list[Any], wanted: str | None) -> tuple[Any, list[str], list[str]]:
    """The camera that is wanted, or the only one that moves; the names of all, and what to say."""
    names = [prim.GetName() for prim in prims]
    called = {
        (name if names.count(name) == 1 else str(prim.GetPath())): prim for name, prim in zip(names, prims, strict=True)
    }
    if not called:
        raise Refused("it holds no camera")
    if wanted is not None:
        found = called.get(wanted) or next((p for p in prims if str(p.GetPath()) == wanted), None)
        if found is None:
            raise Refused(f"it has no camera {wanted!r}; there are {', '.join(list(called)[:12])}")
        return found, list(called) if len(called) > 1 else [], []
    moving = {name: prim for name, prim in called.items() if _transform_codes(prim)}
    if len(moving) > 1:
        raise Refused("it holds several cameras that move", tuple(moving))
    if not moving:
        raise Refused(f"its camera {next(iter(called))!r} is not animated, nor is anything above it")
    name, prim = next(iter(moving.items()))
    others = [other for other in called if other != name]
    remarks = (
        [f"the camera {name} is read; it also holds {', '.join(others[:12])}, which stand still"] if others else []
    )
    return prim, list(called) if others else [], remarks


def _above(prim: Any) -> Iterator[Any]:
    """The prim and all above it that have a transform."""
    from pxr import UsdGeom

    while prim and not prim.IsPseudoRoot():
        if prim.IsA(UsdGeom.Xformable):
            yield UsdGeom.Xformable(prim)
        prim = prim.GetParent()


def _transform_codes(prim: Any) -> set[float]:
    """The time codes at which the prim or something above it has a key of its transform; empty where none moves."""
    codes: set[float] = set()
    for each in _above(prim):
        if each.TransformMightBeTimeVarying():
            codes.update(each.GetTimeSamples())
        if each.GetResetXformStack():
            break
    return codes if len(codes) > 1 else set()


def _codes(prim: Any) -> list[float]:
    """The time codes to read: of the keys, and of the frames between keys that are farther apart."""
    keys = sorted(_transform_codes(prim))
    if not keys:
        raise Refused(f"its camera {prim.GetName()!r} is not animated, nor is anything above it")
    codes = set(keys)
    for first, second in pairwise(keys):
        if second - first > _SPARSE:
            if second - first > MOST_SAMPLES:
                raise Refused("it lasts longer than any camera path")
            codes.update(float(code) for code in range(math.floor(first) + 1, math.ceil(second)))
        if len(codes) > MOST_SAMPLES:
            raise Refused(f"its camera has more than {MOST_SAMPLES:,} frames")
    return sorted(codes)


def _lens(camera: Any, code: Any) -> list[float] | None:
    """Focal lengths in shares of the picture, of its width and of its height; None for a camera without perspective."""
    if str(camera.GetProjectionAttr().Get(code)) != "perspective":
        return None
    focal = camera.GetFocalLengthAttr().Get(code)
    width, height = camera.GetHorizontalApertureAttr().Get(code), camera.GetVerticalApertureAttr().Get(code)
    return [focal / width, focal / height] if focal > 0 and width > 0 and height > 0 else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
