"""Makes small data sets on disk in their published layouts, all of one camera, car or tool on its way."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from numpy.typing import NDArray
from PIL import Image
from tensorboardX.record_writer import RecordWriter

from engine import poses
from engine.models.group_autoencoder import GroupAutoencoder
from engine.training.datasets.encoder import WorldEncoder
from engine.video.encode import VideoWriter
from engine.worlds.config import WorldConfig

SIZE = (48, 32)
"""Width and height in pixels of the tiny world."""
SPEED, TURN = 0.3, 0.4
"""Of the walk: units forward and radians to the left, per second."""


def walk(times: NDArray[np.float64], turn: float = TURN) -> NDArray[np.float64]:
    """Camera-to-world poses (N, 4, 4), OpenCV axes, of a walk forward that turns left at an even rate."""
    heading = turn * np.asarray(times)
    out = np.tile(np.eye(4), (len(heading), 1, 1))
    out[:, :3, :3] = np.stack([poses.rotation_y(-angle) for angle in heading])
    radius = SPEED / turn
    out[:, 0, 3] = radius * (np.cos(heading) - 1)
    out[:, 2, 3] = radius * np.sin(heading)
    return out


def walk_row(seconds: float) -> NDArray[np.float64]:
    """The camera row of any stretch of the walk that takes so long."""
    extrinsics = poses.inverse(walk(np.array([0.0, seconds])))
    return poses.to_row(poses.relative(extrinsics[0], extrinsics[1]))


def drive(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ego-to-global poses (N, 4, 4), x forward, y left, z up, of a car that starts far away, turned, and bends left."""
    heading = 2.0 + 0.1 * np.asarray(times)
    out = np.tile(np.eye(4), (len(heading), 1, 1))
    out[:, :3, :3] = np.stack([poses.rotation_z(angle) for angle in heading])
    radius = 5.0 / 0.1
    out[:, 0, 3] = 600 + radius * np.sin(heading)
    out[:, 1, 3] = 1600 - radius * np.cos(heading)
    return out


def quaternion_xyzw(rotation: NDArray[np.float64]) -> list[float]:
    """Of a rotation by less than half a turn."""
    w = np.sqrt(1 + np.trace(rotation)) / 2
    return [
        *((rotation[i, j] - rotation[j, i]) / (4 * w) for i, j in ((2, 1), (0, 2), (1, 0))),
        w,
    ]


def picture(number: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A colour ramp that drifts with its number, with a bright square that does too."""
    y, x = np.mgrid[:height, :width]
    ramp = np.stack([(x * 3 + 2 * number) % 200, y * 4, np.full_like(x, 40 + number % 100)], axis=-1).astype(np.uint8)
    ramp[10:20, (2 * number) % (width - 12) :][:, :12] = 230
    return ramp


def write_video(path: Path, num_frames: int, fps: float, size: tuple[int, int] = (64, 48), first: int = 0) -> None:
    """Pictures `first` and on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, width=size[0], height=size[1], fps=Fraction(fps).limit_denominator(1001)) as writer:
        writer.write(np.stack([picture(number, *size) for number in range(first, first + num_frames)]))


def tiny_codec() -> GroupAutoencoder:
    torch.manual_seed(0)
    return GroupAutoencoder(4, width=8, num_blocks=1).eval().requires_grad_(False)


def tiny_encoder(**config: object) -> WorldEncoder:
    """A world's encoder of seconds: a small autoencoder, no text."""
    settings = {"name": "tiny", "width": SIZE[0], "height": SIZE[1], "fps": 20, "row_encoding": "rows+pose"} | config
    return WorldEncoder(
        config=WorldConfig(**settings), codec=tiny_codec(), device=torch.device("cpu"), fingerprint="tiny"
    )


# ---------------------------------------------------------------------- the layouts


def write_sekai(folder: Path, num_clips: int = 2, num_frames: int = 50, fps: float = 30) -> None:
    rows = ["videoFile,cameraFile,caption,location"]
    for number in range(num_clips):
        name = f"0010010000{number}_0004650_000{4650 + num_frames}"
        write_video(folder / "sekai-game-walking" / f"{name}.mp4", num_frames, fps, first=7 * number)
        extrinsic = walk(np.arange(num_frames) / fps).astype(np.float32)
        intrinsic = np.eye(3, dtype=np.float32)
        np.savez(folder / "sekai-game-walking" / f"{name}.npz", extrinsic=extrinsic, intrinsic=intrinsic)
        rows.append(f'{name}.mp4,{name}.npz,"A path, in the woods.",Somewhere')
    (folder / "train").mkdir()
    (folder / "train" / "sekai-game-walking.csv").write_text("\n".join(rows), encoding="utf-8")


def write_spatialvid(folder: Path, num_clips: int = 2, num_frames: int = 55, fps: float = 30) -> None:
    for number in range(num_clips):
        name = f"group_0001/{number}a00f99d"
        write_video(folder / "videos" / f"{name}.mp4", num_frames, fps)
        annotations = folder / "annotations" / name
        annotations.mkdir(parents=True)
        frames = np.arange(0, num_frames, int(fps / 5))
        w2c = poses.inverse(walk(frames / fps))
        vectors = [[*pose[:3, 3], *quaternion_xyzw(pose[:3, :3])] for pose in w2c]
        np.save(annotations / "poses.npy", np.array(vectors, np.float32))
        lines = [f"# total {len(frames)} indexes", *(f"{i} {frame}" for i, frame in enumerate(frames))]
        (annotations / "indexes.txt").write_text("\n".join(lines) + "\n")
        caption = {"SceneSummary": "A street.", "SceneDescription": "A long street.", "CameraMotion": "Forward."}
        (annotations / "caption.json").write_text(json.dumps(caption))


def write_nuscenes(folder: Path, num_clips: int = 2, num_frames: int = 37) -> None:
    scenes, samples, sample_data, ego_poses = [], [], [], []
    for clip in range(num_clips):
        scenes.append({"token": f"scene{clip}", "name": f"scene-000{clip + 1}", "description": "Turning left, rain"})
        for frame in range(num_frames):
            time_us = 1532402927612460 + clip * 10**8 + frame * 83_333
            sample = f"{clip}-{frame // 6}"
            is_key = frame % 6 == 0
            if is_key:
                samples.append({"token": sample, "scene_token": f"scene{clip}", "timestamp": time_us})
            pose = drive(np.array([frame * 0.083333]))[0]
            x, y, z, w = quaternion_xyzw(pose[:3, :3])
            token = f"{clip}-pose-{frame}"
            record = {"token": token, "timestamp": time_us, "rotation": [w, x, y, z], "translation": [*pose[:3, 3]]}
            ego_poses.append(record)
            file = f"{'samples' if is_key else 'sweeps'}/CAM_FRONT/n008__CAM_FRONT__{time_us}.jpg"
            common = {"ego_pose_token": token, "sample_token": sample, "timestamp": time_us, "is_key_frame": is_key}
            sample_data.append({"token": f"{clip}-{frame}", "filename": file, **common})
            lidar = file.replace("CAM_FRONT", "LIDAR_TOP").replace(".jpg", ".pcd.bin")
            sample_data.append({"token": f"{clip}-{frame}-lidar", "filename": lidar, **common})
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture(frame, 80, 45)).save(folder / file, quality=90)
    tables = folder / "v1.0-mini"
    tables.mkdir()
    # The order of the records in a table is not that of time.
    for name, records in {
        "scene": scenes,
        "sample": samples,
        "sample_data": sample_data[::-1],
        "ego_pose": ego_poses,
        "calibrated_sensor": [],
    }.items():
        (tables / f"{name}.json").write_text(json.dumps(records, indent=0))


def write_openx(folder: Path, num_clips: int = 2, num_steps: int = 37, *, reached: bool = True) -> None:
    """RT-1's features, or those of a set that tells commands only. Records are written by tensorboardX, messages by
    Google's own library."""
    version = folder / "fractal20220817_data" / "0.1.0"
    version.mkdir(parents=True)
    writer = RecordWriter(str(version / "fractal20220817_data-train.tfrecord-00000-of-00001"))
    for clip in range(num_clips):
        images = []
        for step in range(num_steps):
            buffer = io.BytesIO()
            Image.fromarray(picture(step + clip, 80, 64)).save(buffer, "JPEG", quality=90)
            images.append(buffer.getvalue())
        features: dict[str, list[bytes] | list[float] | list[int]] = {
            "steps/observation/image": images,
            "steps/observation/natural_language_instruction": [b"open drawer"] * num_steps,
            "steps/is_first": [1] + [0] * (num_steps - 1),
            "attributes/task_family": [-1],
        }
        if reached:
            features["steps/observation/base_pose_tool_reached"] = tool_vectors(num_steps).ravel().tolist()
        else:
            features["steps/action/world_vector"] = [0.02, 0.0, -0.01] * num_steps
            features["steps/action/rotation_delta"] = [0.0, 0.0, 0.05] * num_steps
        writer.write(example(features))
    writer.close()


def tool_vectors(num_steps: int) -> NDArray[np.float32]:
    """A tool, far from the base's origin, that moves along x and sinks while it turns about z."""
    steps = np.arange(num_steps)
    turns = [quaternion_xyzw(poses.rotation_z(0.05 * step)) for step in steps]
    places = np.stack([0.5 + 0.02 * steps, np.full(num_steps, 0.1), 0.8 - 0.01 * steps], axis=1)
    return np.concatenate([places, turns], axis=1).astype(np.float32)


def example(features: dict[str, list[bytes] | list[float] | list[int]]) -> bytes:
    """A serialised tf.train.Example."""
    message = _example_class()()
    for name, values in features.items():
        kind = {bytes: "bytes_list", float: "float_list", int: "int64_list"}[type(values[0])]
        getattr(message.features.feature[name], kind).value.extend(values)
    serialised: bytes = message.SerializeToString()
    return serialised


def _example_class() -> type:
    """tensorflow/core/example/example.proto, said in Python."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="tensorflow", syntax="proto3")
    lists = {"BytesList": field.TYPE_BYTES, "FloatList": field.TYPE_FLOAT, "Int64List": field.TYPE_INT64}
    for name, kind in lists.items():
        file.message_type.add(name=name).field.add(name="value", number=1, type=kind, label=field.LABEL_REPEATED)
    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, name in enumerate(("bytes_list", "float_list", "int64_list"), 1):
        kind = "".join(part.capitalize() for part in name.split("_"))
        feature.field.add(
            name=name, number=number, type=field.TYPE_MESSAGE, type_name=f".tensorflow.{kind}", oneof_index=0
        )
    features = file.message_type.add(name="Features")
    pair = features.nested_type.add(name="FeatureEntry")
    pair.options.map_entry = True
    pair.field.add(name="key", number=1, type=field.TYPE_STRING)
    pair.field.add(name="value", number=2, type=field.TYPE_MESSAGE, type_name=".tensorflow.Feature")
    features.field.add(
        name="feature",
        number=1,
        type=field.TYPE_MESSAGE,
        label=field.LABEL_REPEATED,
        type_name=".tensorflow.Features.FeatureEntry",
    )
    whole = file.message_type.add(name="Example")
    whole.field.add(name="features", number=1, type=field.TYPE_MESSAGE, type_name=".tensorflow.Features")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))


def write_multicam(folder: Path, num_clips: int = 2, num_frames: int = 30, fps: float = 15) -> None:
    scene = folder / "train" / "f24_aperture5" / "scene1"
    extrinsics: dict[str, dict[str, str]] = {}
    for number in range(num_clips):
        write_video(scene / "videos" / f"cam{number + 1:02d}.mp4", num_frames, fps, (48, 48))
        for frame in range(num_frames):
            time = frame / fps
            # Unreal: x forward, y right; the walk turns left, which is against its yaw.
            angle = -TURN * time
            place = [SPEED / TURN * np.sin(-angle) * 100, SPEED / TURN * (np.cos(angle) - 1) * 100, 0.0]
            text = unreal_matrix(angle, place)
            extrinsics.setdefault(f"frame{frame}", {})[f"cam{number + 1:02d}"] = text
    (scene / "cameras").mkdir()
    (scene / "cameras" / "camera_extrinsics.json").write_text(json.dumps(extrinsics))


def unreal_matrix(yaw: float, place_cm: list[float]) -> str:
    """Unreal's camera-to-world matrix for row vectors, as the file has it: forward, right, up, place."""
    c, s = np.cos(yaw), np.sin(yaw)
    rows = [[c, s, 0, 0], [-s, c, 0, 0], [0, 0, 1, 0], [*place_cm, 1]]
    return "".join(f"[{' '.join(f'{number:.9g}' for number in row)}] " for row in rows)


def write_latents(folder: Path, num_clips: int = 2, num_latents: int = 12) -> None:
    """Encoded clips of Sekai, as the released script leaves them: poses are numpy arrays."""
    for number in range(num_clips):
        clip = folder / f"0010010000{number}_0004650_0004950"
        clip.mkdir(parents=True)
        num_frames = 4 * num_latents
        content = {
            "latents": latents(num_latents, number),
            "prompt_emb": {"context": torch.ones(1, 5, 12)},
            "cam_emb": {"extrinsic": walk(np.arange(num_frames) / 20).astype(np.float32), "intrinsic": np.eye(3)},
        }
        torch.save(content, clip / "encoded_video.pth")


def latents(num_latents: int, seed: int = 0) -> torch.Tensor:
    """Random latents (C, T, h, w) of the tiny world."""
    shape = (4, num_latents, SIZE[1] // 8, SIZE[0] // 8)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@dataclass(frozen=True, kw_only=True)
class Sample:
    """How to make a small data set of a layout, and which of its files to damage so that its first clip breaks."""

    write: Callable[[Path], None]
    first_file: str


SAMPLES: dict[str, Sample] = {
    "sekai": Sample(write=write_sekai, first_file="**/*.mp4"),
    "spatialvid": Sample(write=write_spatialvid, first_file="**/*.npy"),
    "nuscenes": Sample(write=write_nuscenes, first_file="samples/CAM_FRONT/*.jpg"),
    "openx": Sample(write=write_openx, first_file="**/*.tfrecord*"),
    "multicam": Sample(write=write_multicam, first_file="**/cam01.mp4"),
    "latents": Sample(write=write_latents, first_file="**/*.pth"),
}
"""One for every layout of the registry."""


def damage(path: Path) -> None:
    """Turn some bytes round, in the first half of a file."""
    content = bytearray(path.read_bytes())
    at = len(content) // 4
    content[at : at + 64] = bytes(255 - byte for byte in content[at : at + 64])
    path.write_bytes(bytes(content))
