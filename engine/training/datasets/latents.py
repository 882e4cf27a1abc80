"""Clips that the released code's scripts have encoded before: latents, poses and text rows in one file each.

Layout, as the released training reads it: `<clip>/encoded_video.pth` (nuScenes: `encoded_video-480p.pth`), or any
`.pth` files beside a `manifest.json` with `{"entries": [{"pth": file}, ...]}`. A file is a pickled dict:

* `latents` (C, T, h, w), normalised, a stream from its first frame on;
* `cam_emb` with `extrinsic`, or `extrinsic` itself: (N, 4, 4), one for every frame, or (N, 7), tx ty tz qx qy qz qw,
  one for every latent. The first is camera-to-world from Sekai (see `sekai`), or the tool's pose where `episode_info`
  tells that it is a robot's; the second is world-to-camera from SpatialVID;
* `prompt_emb`, the text encoder's rows (1, L, D), alone or under `context`.

nuScenes has a `scene_info.json` beside the file instead, with `keyframe_indices` (frames) and `keyframe_poses`
(`translation`, `rotation` w first).

Opened as tensors and arrays of numbers only: any other object in a file is refused, and nothing in it is run.
"""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from engine import poses
from engine.actions.modality import CAMERA, DRIVING, ROBOT, Modality
from engine.clock import ASTRA_CLOCK
from engine.training.datasets.errors import ClipError, LayoutError
from engine.training.datasets.motion import PoseTrack, poses_from_vectors
from engine.training.datasets.protocol import Clip, EncodedFootage, Entry
from engine.training.datasets.reading import read_json

MANIFEST, SCENE_INFO = "manifest.json", "scene_info.json"
SHARP, PLAIN = "encoded_video-480p.pth", "encoded_video.pth"
"""The released code takes the first where both lie in one folder."""

_RECONSTRUCT = np.empty(0).__reduce__()[0]
_ARRAY_PARTS: list[Any] = [
    (_RECONSTRUCT, "numpy._core.multiarray._reconstruct"),
    (_RECONSTRUCT, "numpy.core.multiarray._reconstruct"),  # as numpy 1 wrote it
    np.ndarray,
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8")),
]
"""What an array of numbers is made of in a pickle. Poses are such arrays in some files, which torch refuses unless told
that they are plain data."""


class LatentsSource:
    """A folder of encoded clips."""

    expects: ClassVar[str] = "encoded clips in .pth or .pt files with latents and poses"
    licence: ClassVar[str] = "encoded with the released code; the terms are those of the data set it was made from"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def recognise(folder: Path) -> str | None:
        """Looks for a pickled file."""
        found = next(_files(folder), None)
        return None if found is None else f"{found.relative_to(folder).as_posix()} lies there"

    def entries(self) -> Iterator[Entry]:
        """Every file of the manifest, or every file where there is none. Raises LayoutError for a damaged manifest."""
        manifest = self._folder / MANIFEST
        for path in self._listed(manifest) if manifest.is_file() else sorted(_files(self._folder)):
            if path.name != PLAIN or not path.with_name(SHARP).exists():
                yield Entry(path.relative_to(self._folder).with_suffix("").as_posix(), partial(_open, path))

    def _listed(self, manifest: Path) -> Iterator[Path]:
        try:
            names = [str(entry["pth"]) for entry in json.loads(manifest.read_text(encoding="utf-8"))["entries"]]
        except (ValueError, KeyError, TypeError) as error:
            raise LayoutError(f'{MANIFEST} should hold {{"entries": [{{"pth": file}}, ...]}}: {error!r}') from error
        for name in names:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise LayoutError(f"{MANIFEST} points outside its own folder, to {name}")
            yield self._folder / name


def _files(folder: Path) -> Iterator[Path]:
    return (path for pattern in ("*.pth", "*.pt") for path in folder.rglob(pattern))


def _open(path: Path) -> Clip:
    content = read_plain(path)
    latents = content.get("latents")
    if not isinstance(latents, Tensor) or latents.ndim not in (4, 5):
        raise ClipError(f"{path.name} holds no latents (C, T, h, w), only {', '.join(map(str, content)) or 'nothing'}")
    if latents.ndim == 5:
        latents = latents[0]
    kind, track = _motion(content, path)
    footage = EncodedFootage(latents=latents.float(), text=_text(content.get("prompt_emb")))
    return Clip(modality=kind, footage=footage, track=track, is_timed=False)


def _motion(content: Mapping[Any, Any], path: Path) -> tuple[Modality, PoseTrack]:
    beside = path.with_name(SCENE_INFO)
    if beside.exists():
        return DRIVING, _keyframes(read_json(beside))
    holder = content.get("cam_emb", content)
    given = holder.get("extrinsic") if isinstance(holder, Mapping) else None
    if not isinstance(given, Tensor | np.ndarray):
        raise ClipError(f"{path.name} holds no poses: expected cam_emb with extrinsic, or {SCENE_INFO} beside it")
    values = np.asarray(given.numpy() if isinstance(given, Tensor) else given, np.float64)
    if values.ndim == 2:
        track = poses.inverse(poses_from_vectors(values))
        return CAMERA, PoseTrack(times=ASTRA_CLOCK.frames_per_latent * np.arange(float(len(track))), poses=track)
    kind = ROBOT if "episode_info" in content else CAMERA
    return kind, PoseTrack(times=np.arange(float(len(values))), poses=values)


def _keyframes(info: Any) -> PoseTrack:
    try:
        times = np.array([float(frame) for frame in info["keyframe_indices"]])
        vectors = np.array([[*pose["translation"], *pose["rotation"]] for pose in info["keyframe_poses"]], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise ClipError(f"{SCENE_INFO} lacks key frames with translation and rotation: {error!r}") from error
    if vectors.ndim != 2 or vectors.shape[1] != 7:
        raise ClipError(f"{SCENE_INFO} should hold poses of 3 and 4 numbers, got shape {vectors.shape}")
    return PoseTrack(times=times, poses=poses_from_vectors(vectors[:, [0, 1, 2, 4, 5, 6, 3]]))


def _text(given: Any) -> Tensor | None:
    """Text rows (L, D), or None where there are none."""
    rows = given.get("context") if isinstance(given, Mapping) else given
    if not isinstance(rows, Tensor) or rows.ndim not in (2, 3):
        return None
    return (rows[0] if rows.ndim == 3 else rows).float()


def read_plain(path: Path) -> Mapping[Any, Any]:
    """The dict in a pickled file, made of tensors, arrays of numbers and plain values only.

    Raises ClipError for a file that is missing or damaged, or that holds any other object.
    """
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_ARRAY_PARTS):
            # It warns of pickle protocols that it may not read; what it cannot read ends below.
            warnings.simplefilter("ignore", UserWarning)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ClipError(
            f"{path.name} holds more than tensors and numbers, so opening it could run a program; nothing in it was run"
        ) from error
    except FileNotFoundError as error:
        raise ClipError(f"there is no {path.name} in {path.parent.name}/") from error
    except (RuntimeError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError) as error:
        raise ClipError(
            f"{path.name} is damaged or cut short, or is no PyTorch file ({type(error).__name__})"
        ) from error
    if not isinstance(content, Mapping):
        raise ClipError(f"{path.name} should hold a dict with latents, it holds a {type(content).__name__}")
    return content
