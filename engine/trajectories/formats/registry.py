"""Registry of the formats that trajectories are read from and written to, and recognition of a file's format."""

from __future__ import annotations

from pathlib import Path

from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.arrays import RawArray
from engine.trajectories.formats.astra import AstraJson
from engine.trajectories.formats.chan import Chan
from engine.trajectories.formats.colmap import IMAGES as COLMAP_IMAGES
from engine.trajectories.formats.colmap import Colmap
from engine.trajectories.formats.gen3c import Gen3c
from engine.trajectories.formats.gltf import Gltf
from engine.trajectories.formats.kitti import Kitti
from engine.trajectories.formats.nerfstudio import NerfstudioPath
from engine.trajectories.formats.nuscenes import NuScenes
from engine.trajectories.formats.protocol import TrajectoryFormat
from engine.trajectories.formats.realestate import RealEstate10K
from engine.trajectories.formats.recammaster import ReCamMaster
from engine.trajectories.formats.sekai import Sekai
from engine.trajectories.formats.source import Source
from engine.trajectories.formats.spatialvid import SpatialVid
from engine.trajectories.formats.transforms import Transforms
from engine.trajectories.formats.tum import Tum
from engine.trajectories.formats.usd import Usd
from engine.trajectories.formats.world_models import LingBot, MatrixGame, MegaSam, Vipe

FORMATS: dict[str, TrajectoryFormat] = {
    "astra": AstraJson(),
    "nerfstudio": NerfstudioPath(),
    "transforms": Transforms(),
    "re10k": RealEstate10K(),
    "tum": Tum(),
    "kitti": Kitti(),
    "colmap": Colmap(),
    "chan": Chan(),
    "gltf": Gltf(),
    "usd": Usd(),
    "recammaster": ReCamMaster(),
    "gen3c": Gen3c(),
    "spatialvid": SpatialVid(),
    "sekai": Sekai(),
    "nuscenes": NuScenes(),
    "vipe": Vipe(),
    "megasam": MegaSam(),
    "matrixgame": MatrixGame(),
    "lingbot": LingBot(),
    "npy": RawArray(),
}
"""The extension point: one entry per format; tests/contracts/test_trajectory_formats.py is what an entry must pass."""

# What a name alone says of a file that is to be written; of the formats that share a suffix the first in value.
_BY_NAME: dict[str, str] = {
    "camera_path.json": "nerfstudio",
    "transforms.json": "transforms",
    "camera_extrinsics.json": "recammaster",
    "ego_pose.json": "nuscenes",
    "images.txt": "colmap",
    "poses.npy": "spatialvid",
}
_BY_OWN_SUFFIX: dict[str, str] = {
    ".tum": "tum",
    ".kitti": "kitti",
    ".chan": "chan",
    ".gltf": "gltf",
    ".glb": "gltf",
    ".usda": "usd",
    ".usd": "usd",
}
_BY_SUFFIX: dict[str, str] = {**_BY_OWN_SUFFIX, ".json": "astra", ".npz": "sekai", ".npy": "npy"}
# How to get a camera out of files that are not read here.
_GLTF = "Export the camera as glTF or USD"
_WAYS: dict[str, str] = {
    ".bin": "A binary COLMAP model becomes text with: colmap model_converter --output_type TXT",
    ".fbx": _GLTF,
    ".abc": _GLTF,
    ".blend": _GLTF,
    ".nk": "Export the camera as .chan",
    ".mp4": "To use a video's camera, estimate it first, for instance with COLMAP",
    ".pt": "Save the poses with numpy.save as a plain array",
    ".pth": "Save the poses with numpy.save as a plain array",
    ".pkl": "Save the poses with numpy.save as a plain array",
}


def format_named(name: str) -> TrajectoryFormat:
    """The format of that name. Raises TrajectoryError naming those that exist."""
    if name not in FORMATS:
        raise TrajectoryError(f"unknown trajectory format {name!r}; there are {', '.join(FORMATS)}")
    return FORMATS[name]


def detect(source: Source) -> tuple[str, str]:
    """The name of the format that a file is in, and why. Raises TrajectoryError for none, or more than one."""
    if source.is_json:
        _ = source.content  # damaged JSON is told as that, and not as an unknown format
    found = {name: why for name, kind in FORMATS.items() if (why := kind.recognise(source)) is not None}
    if not found and not source.is_folder:
        # Its reader says what is wrong with it.
        if (name := _BY_NAME.get(source.name.lower())) is not None:
            return name, f"its name is {source.name}"
        if (name := _BY_OWN_SUFFIX.get(source.suffix)) is not None:
            return name, f"its name ends in {source.suffix}"
    if not found and source.is_folder:
        raise TrajectoryError(
            f"the folder {source.path} holds no {COLMAP_IMAGES}, and no poses.npy; of folders those of COLMAP's text "
            "model, LingBot-World and SpatialVID are read. Give the camera file in it"
        )
    if not found:
        known = ", ".join(kind.title for kind in FORMATS.values())
        hint = f". {_WAYS[source.suffix]}" if source.suffix in _WAYS else ""
        raise TrajectoryError(
            f"{source.name} is in none of the formats that are read here: it holds {_contents(source)}{hint}. Expected "
            f"one of {known}. Where it is one of them, say which with --from: {', '.join(FORMATS)}"
        )
    if len(found) > 1:
        seen = "; ".join(f"{name}, because {why}" for name, why in found.items())
        raise TrajectoryError(f"{source.name} could be of several formats: {seen}. Say which with --from")
    return next(iter(found.items()))


def is_camera_folder(path: Path) -> bool:
    """Whether a folder is in a format that has folders. Raises TrajectoryError for a damaged one."""
    source = Source(path)
    return any(kind.recognise(source) is not None for kind in FORMATS.values())


def format_to_write(path: Path) -> str:
    """The name of the format that a file's name asks for. Raises TrajectoryError where it says none."""
    name = _BY_NAME.get(path.name.lower()) or _BY_SUFFIX.get(path.suffix.lower())
    if name is None:
        raise TrajectoryError(
            f"the name {path.name!r} does not say which format to write; say it with --to: {', '.join(FORMATS)}"
        )
    return name


def _contents(source: Source) -> str:
    """What a file that no format knows seems to be, in a few words."""
    if source.is_json:
        keys = ", ".join(map(repr, list(source.record)[:6]))
        return f"a JSON object with {keys}" if keys else "JSON without any of their keys"
    if source.is_array:
        names = list(source.arrays)
        shapes = ", ".join(f"{name or 'one array'} {source.arrays.shape(name)}" for name in names[:8])
        return f"numpy arrays: {shapes or 'none'}{' and more' if len(names) > 8 else ''}"
    if not source.is_text:
        return f"bytes that are no text ({source.text_error})"
    if source.num_columns:
        return f"text, whose lines have {source.num_columns} numbers"
    return "text without a line of numbers"
