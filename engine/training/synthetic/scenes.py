"""Procedural scenes rendered with exact camera poses: pure torch, vectorised over clips, the same on a GPU.

Five kinds: **built** scenes (textured ground, sky, boxes, haze), **hilly** ones (the same on a height field),
**picture** scenes (a picture projected from the first camera onto a ground plane and a cylinder around it, so that a
walk into a picture has a true answer), **standing** ones (a picture scene with upright slabs on its ground, cut out of
other pictures in the outline of trees, posts and people) and **table** scenes (a built one looked down on, with a
gripper of three boxes that moves while the camera rests).

Shape letters: B clips, F frames, P pixels, K textures, L blur levels, N texture size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from engine.training.synthetic.outlines import SQUARE, inside_outline, random_outline
from engine.training.synthetic.terrain import FARTHEST, Terrain, random_terrain
from engine.training.synthetic.textures import choice, dead_leaves, landscape, number, sky, tile, uniform

TEXTURE_SIZE = 128
BLUR_LEVELS = 6
NUM_BOXES = 6
GROUND, SKY, PICTURE, FIRST_BOX = 0, 1, 0, 2
NUM_TEXTURES = FIRST_BOX + 3
FAR = 1e4


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """A batch of scenes. Heights and distances in scene units; y points down, so the ground lies at +height."""

    textures: Tensor
    """(B, 3, K x L, N + 2, N + 2), wrapped by one texel."""
    is_picture: bool
    """Of the whole batch."""
    ground_height: Tensor
    ground_scale: Tensor
    """Texture repeats per unit."""
    backdrop_radius: Tensor
    """(B,) of the cylinder of a picture scene."""
    horizon: Tensor
    """(B,) height of the picture's horizon above its middle, as a tangent."""
    tan_half_fov: Tensor
    """(B, 2) horizontal, vertical."""
    box_centre: Tensor
    """(B, boxes, 3)."""
    box_half: Tensor
    box_yaw: Tensor
    box_texture: Tensor
    box_outline: Tensor
    """(B, boxes, heights): half the width of a box at each height, top to foot, as a share of the widest."""
    haze_colour: Tensor
    haze_density: Tensor
    is_gripper: Tensor
    """(B, boxes) bool: boxes that move with the gripper; their centres are relative to it."""
    terrain: Terrain | None = None
    """Hills in place of the flat ground."""

    def to(self, device: torch.device) -> Scenes:
        terrain = None if self.terrain is None else self.terrain.to(device)
        moved = {name: value.to(device) for name, value in self._tensors().items()}
        return Scenes(is_picture=self.is_picture, terrain=terrain, **moved)

    def _tensors(self) -> dict[str, Tensor]:
        return {name: value for name, value in self.__dict__.items() if isinstance(value, Tensor)}


def built_scenes(generator: Generator, num: int, aspect: float) -> Scenes:
    """Scenes of textured ground, sky, boxes and haze."""
    return _batch([_random_scene(generator, aspect, tile(generator, TEXTURE_SIZE), False) for _ in range(num)], False)


def hilly_scenes(generator: Generator, num: int, aspect: float) -> Scenes:
    """Built scenes whose ground is a height field."""
    return replace(built_scenes(generator, num, aspect), terrain=random_terrain(generator, num))


def table_scenes(generator: Generator, num: int, aspect: float) -> Scenes:
    """Scenes seen from a resting camera above a table, with a gripper as the first three boxes."""
    parts = []
    for _ in range(num):
        part = _random_scene(generator, aspect, tile(generator, TEXTURE_SIZE), False)
        parts.append(part | _gripper(generator) | {"haze_density": torch.tensor(0.0)})
    return _batch(parts, False)


def standing_scenes(generator: Generator, num: int, aspect: float, pictures: Tensor | None = None) -> Scenes:
    """Picture scenes with one to six upright slabs on the ground, each with a surface cut from another picture."""
    parts = []
    for _ in range(num):
        surfaces = [_any_picture(generator, pictures, True) for _ in range(NUM_TEXTURES - FIRST_BOX)]
        part = _random_scene(generator, aspect, _any_picture(generator, pictures, True), True)
        unused = part["textures"]
        blurred = torch.cat([_blur_levels(surface) for surface in surfaces], 1)
        parts.append(
            part
            | _slabs(generator, float(part["ground_height"]))
            | {"textures": torch.cat([unused, unused, blurred], 1)}
        )
    return _batch(parts, True)


def _slabs(g: Generator, ground: float) -> dict[str, Tensor]:
    """Thin upright boxes that face the start, more or less, with the outlines of things that stand."""
    half = torch.stack([uniform(g, 0.03, 0.3, NUM_BOXES), uniform(g, 0.06, 0.6, NUM_BOXES)], -1)
    half = torch.cat([half, torch.full((NUM_BOXES, 1), 0.012)], -1)
    distance, angle = uniform(g, 0.7, 3.2, NUM_BOXES), uniform(g, -0.9, 0.9, NUM_BOXES)
    present = torch.arange(NUM_BOXES) <= choice(g, NUM_BOXES)
    return {
        "box_centre": torch.stack([distance * torch.sin(angle), ground - half[:, 1], distance * torch.cos(angle)], -1),
        "box_half": half * present[:, None],
        "box_yaw": uniform(g, -0.5, 0.5, NUM_BOXES) + angle,
        "box_outline": torch.stack([random_outline(g) for _ in range(NUM_BOXES)]),
    }


def _gripper(g: Generator) -> dict[str, Tensor]:
    """A palm with an arm above it and two fingers below, and smaller things on the table."""
    size = number(g, 0.8, 1.3)
    gap = number(g, 0.05, 0.09)
    centres = torch.tensor([[0, -0.24, 0], [-gap, 0.0, 0], [gap, 0.0, 0]]) * size
    halves = torch.tensor([[0.1, 0.18, 0.07], [0.02, 0.09, 0.04], [0.02, 0.09, 0.04]]) * size
    height = number(g, 0.35, 0.5)
    things = uniform(g, 0.04, 0.13, NUM_BOXES - 3, 3)
    places = torch.stack(
        [uniform(g, -0.6, 0.6, NUM_BOXES - 3), height - things[:, 1], uniform(g, 0.8, 2.0, NUM_BOXES - 3)], dim=-1
    )
    arm, other = FIRST_BOX, FIRST_BOX + 1
    return {
        "ground_height": torch.tensor(height),
        "box_centre": torch.cat([centres, places]),
        "box_half": torch.cat([halves, things]),
        "box_yaw": torch.cat([torch.zeros(3), uniform(g, 0, 3.14, NUM_BOXES - 3)]),
        "box_texture": torch.tensor([arm] * 3 + [other + choice(g, 2) for _ in range(NUM_BOXES - 3)]),
        "is_gripper": torch.tensor([True] * 3 + [False] * (NUM_BOXES - 3)),
    }


def picture_scenes(
    generator: Generator, num: int, aspect: float, pictures: Tensor | None = None, *, with_leaves: bool = False
) -> Scenes:
    """Scenes made of pictures, in equal shares: procedural landscapes, dead leaves if asked for, and `pictures`
    (M, 3, N, N) in [0, 1] if there are any."""
    drawn = [_any_picture(generator, pictures, with_leaves) for _ in range(num)]
    return _batch([_random_scene(generator, aspect, picture, True) for picture in drawn], True)


def _any_picture(generator: Generator, pictures: Tensor | None, with_leaves: bool) -> Tensor:
    """A picture (3, N, N) of a random kind, flipped, cut and tinted at random."""
    kinds: list[Callable[[], Tensor]] = [lambda: landscape(generator, TEXTURE_SIZE)]
    if with_leaves:
        kinds.append(lambda: dead_leaves(generator, TEXTURE_SIZE))
    if pictures is not None:
        kinds.append(lambda: pictures[choice(generator, len(pictures))])
    kind = kinds[choice(generator, len(kinds))] if len(kinds) > 1 else kinds[0]
    return _jitter(generator, kind())


def scene_of_picture(generator: Generator, picture: Tensor, aspect: float) -> Scenes:
    """The scene (a batch of one) of this very picture (3, height, width) in [0, 1], its horizon in the middle."""
    square = F.interpolate(picture[None], (TEXTURE_SIZE, TEXTURE_SIZE), mode="bilinear", antialias=True)[0]
    return _batch([_random_scene(generator, aspect, square, True)], True)


def _batch(parts: list[dict[str, Tensor]], is_picture: bool) -> Scenes:
    stacked = {name: torch.stack([part[name] for part in parts]) for name in parts[0]}
    return Scenes(is_picture=is_picture, terrain=None, **stacked)


def _random_scene(g: Generator, aspect: float, first: Tensor, is_picture: bool) -> dict[str, Tensor]:
    bank = [first, *(() if is_picture else (sky(g, TEXTURE_SIZE), *(tile(g, TEXTURE_SIZE) for _ in range(3))))]
    half_fov = math.tan(math.radians(number(g, 30, 40)))
    distance = uniform(g, 0.9, 6.0, NUM_BOXES)
    angle = uniform(g, -1.2, 1.2, NUM_BOXES)
    half = torch.stack([uniform(g, lo, hi, NUM_BOXES) for lo, hi in ((0.06, 0.4), (0.05, 0.7), (0.06, 0.4))], -1)
    height = number(g, 0.2, 0.35)
    present = torch.rand(NUM_BOXES, generator=g) < (0.0 if is_picture else number(g, 0.4, 1.0))
    centre = torch.stack([distance * torch.sin(angle), height - half[:, 1], distance * torch.cos(angle)], -1)
    return {
        "textures": torch.stack([_blur_levels(texture) for texture in bank], 1).flatten(1, 2),
        "ground_height": torch.tensor(height),
        "ground_scale": uniform(g, 0.6, 2.5, 1)[0],
        "backdrop_radius": torch.tensor(number(g, 1.5, 3.5)),
        "horizon": torch.tensor(number(g, -0.12, 0.12)),
        "tan_half_fov": torch.tensor([half_fov, half_fov / aspect]),
        "box_centre": centre,
        "box_half": half * present[:, None],
        "box_yaw": uniform(g, 0, 3.14, NUM_BOXES),
        "box_texture": torch.randint(FIRST_BOX, NUM_TEXTURES, (NUM_BOXES,), generator=g),
        "haze_colour": bank[-1 if is_picture else SKY][:, -1].mean(1),
        "box_outline": SQUARE.expand(NUM_BOXES, -1),
        "is_gripper": torch.zeros(NUM_BOXES, dtype=torch.bool),
        "haze_density": torch.tensor(0.0 if is_picture else number(g, 0.0, 0.22) * choice(g, 3) / 2),
    }


def _jitter(g: Generator, picture: Tensor) -> Tensor:
    """Flip, crop, tint and relight a picture, so that few pictures go a long way."""
    if choice(g, 2):
        picture = picture.flip(-1)
    scale = number(g, 0.55, 1.0)
    offset_x, offset_y = (number(g, -1 + scale, 1 - scale) for _ in range(2))
    theta = torch.tensor([[[scale, 0, offset_x], [0, scale, offset_y]]])
    grid = F.affine_grid(theta, [1, 3, *picture.shape[1:]], align_corners=False)
    picture = F.grid_sample(picture[None], grid, align_corners=False, padding_mode="reflection")[0]
    gain = uniform(g, 0.75, 1.25, 3)[:, None, None] * number(g, 0.7, 1.3)
    return (picture.clamp(0, 1) ** number(g, 0.7, 1.4) * gain).clamp(0, 1)


def _blur_levels(texture: Tensor) -> Tensor:
    """(3, L, N + 2, N + 2): ever blurrier copies of one size, wrapped by a texel, so that one lookup does mip-
    mapping."""
    levels = [texture]
    size = texture.shape[-1]
    small = texture[None]
    for _ in range(BLUR_LEVELS - 1):
        small = F.avg_pool2d(small, 2)
        padded = F.pad(small, (1, 1, 1, 1), mode="circular")
        big = F.interpolate(padded, scale_factor=size / small.shape[-1], mode="bilinear", align_corners=False)
        edge = size // small.shape[-1]
        levels.append(big[0, :, edge : edge + size, edge : edge + size])
    return F.pad(torch.stack(levels, 1), (1, 1, 1, 1), mode="circular")


def pixel_directions(scenes: Scenes, height: int, width: int) -> Tensor:
    """Ray directions (B, P, 3) in camera axes, z = 1, of a picture of height x width."""
    y = (torch.arange(height, device=scenes.textures.device) + 0.5) / height * 2 - 1
    x = (torch.arange(width, device=scenes.textures.device) + 0.5) / width * 2 - 1
    grid_y, grid_x = torch.meshgrid(y, x, indexing="ij")
    flat = torch.stack([grid_x.flatten(), grid_y.flatten()], -1)[None] * scenes.tan_half_fov[:, None]
    return torch.cat([flat, torch.ones_like(flat[..., :1])], -1)


def render(
    scenes: Scenes, c2w: Tensor, height: int, width: int, supersample: int = 2, gripper: Tensor | None = None
) -> Tensor:
    """Frames (B, F, 3, H, W) in [-1, 1] seen from poses c2w (B, F, 4, 4), with the gripper at (B, F, 3) of table
    scenes."""
    big_h, big_w = height * supersample, width * supersample
    rays = pixel_directions(scenes, big_h, big_w)
    frames = []
    for f in range(c2w.shape[1]):
        pose = c2w[:, f].to(rays.dtype)
        direction = rays @ pose[:, :3, :3].transpose(1, 2)
        at_frame = scenes if gripper is None else _gripper_at(scenes, gripper[:, f])
        colour = _shade(at_frame, pose[:, :3, 3], direction, big_w)
        frame = colour.transpose(1, 2).unflatten(-1, (big_h, big_w))
        frames.append(F.avg_pool2d(frame, supersample) if supersample > 1 else frame)
    return torch.stack(frames, 1) * 2 - 1


def _gripper_at(scenes: Scenes, position: Tensor) -> Scenes:
    moved = scenes.box_centre + position[:, None].to(scenes.box_centre.dtype) * scenes.is_gripper[..., None]
    return replace(scenes, box_centre=moved)


def _shade(scenes: Scenes, origin: Tensor, direction: Tensor, width: int) -> Tensor:
    """Colours (B, P, 3) seen along `direction` (B, P, 3), which has z = 1 in the camera: distances are in its units."""
    down = direction[..., 1]
    below = scenes.ground_height[:, None] - origin[:, 1:2]
    ground_t = torch.where(down > 1e-4, below / down.clamp_min(1e-4), torch.full_like(down, FAR))
    if scenes.terrain is not None:
        ground_t = scenes.terrain.hit(origin, direction, scenes.ground_height)
    if scenes.is_picture:
        uv, texels, depth = _picture_lookup(scenes, origin, direction, ground_t, width)
        texture = torch.full_like(down, PICTURE)
        if bool((scenes.box_half > 0).any()):
            uv, texels, texture, _ = _in_front(scenes, origin, direction, width, uv, texels, texture, depth)
            uv = torch.where((texture == PICTURE)[..., None], uv, uv % 1.0)
        return _lookup(scenes.textures, texture, uv, texels)
    return _shade_built(scenes, origin, direction, ground_t, width)


def _shade_built(scenes: Scenes, origin: Tensor, direction: Tensor, ground_t: Tensor, width: int) -> Tensor:
    down = direction[..., 1]
    pixel = 2 * scenes.tan_half_fov[:, :1] / width
    length = direction.norm(dim=-1)
    ground = origin[:, None] + ground_t[..., None] * direction
    ground_uv = ground[..., [0, 2]] * scenes.ground_scale[:, None, None]
    slant = (down / length).clamp_min(0.02)
    ground_texels = ground_t * length * pixel / slant.sqrt() * scenes.ground_scale[:, None] * TEXTURE_SIZE

    # Sky, wrapped around the horizon three times so that it has detail.
    azimuth = torch.atan2(direction[..., 0], direction[..., 2])
    elevation = torch.atan2(-down, direction[..., [0, 2]].norm(dim=-1))
    sky_uv = torch.stack([azimuth * (3 / (2 * math.pi)), (1 - elevation.clamp(0.01, 1.2) / 1.3)], -1)
    hit_ground = ground_t < (60.0 if scenes.terrain is None else FARTHEST)
    uv = torch.where(hit_ground[..., None], ground_uv, sky_uv)
    texels = torch.where(hit_ground, ground_texels, pixel * TEXTURE_SIZE * 3 / (2 * math.pi))
    texture = torch.where(hit_ground, GROUND, SKY)
    depth = torch.where(hit_ground, ground_t, torch.full_like(ground_t, FAR))

    uv, texels, texture, depth = _in_front(scenes, origin, direction, width, uv, texels, texture, depth)
    colour = _lookup(scenes.textures, texture, uv % 1.0, texels)
    if scenes.terrain is not None:
        light = scenes.terrain.light_at(ground[..., [0, 2]])
        colour = colour * torch.where(texture == GROUND, light, torch.ones_like(light))[..., None]
    haze = 1 - torch.exp(-scenes.haze_density[:, None] * depth * length)
    haze = torch.where(texture == SKY, torch.zeros_like(haze), haze)[..., None]
    return colour * (1 - haze) + scenes.haze_colour[:, None] * haze


def _in_front(
    scenes: Scenes,
    origin: Tensor,
    direction: Tensor,
    width: int,
    uv: Tensor,
    texels: Tensor,
    texture: Tensor,
    depth: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Texture coordinates, footprint, texture number and depth of what is seen, with the boxes in front of it."""
    footprint = direction.norm(dim=-1) * 2 * scenes.tan_half_fov[:, :1] / width * TEXTURE_SIZE * 1.5
    for box in range(NUM_BOXES):
        t, box_uv = _hit_box(scenes, box, origin, direction)
        nearer = t < depth
        uv = torch.where(nearer[..., None], box_uv, uv)
        texels = torch.where(nearer, t * footprint, texels)
        texture = torch.where(nearer, scenes.box_texture[:, box : box + 1].to(texture.dtype), texture)
        depth = torch.where(nearer, t, depth)
    return uv, texels, texture, depth


def _hit_box(scenes: Scenes, box: int, origin: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
    """Distance (B, P) along the ray to a box (1e5 for a miss) and texture coordinates, by the slab method."""
    c, s = torch.cos(scenes.box_yaw[:, box]), torch.sin(scenes.box_yaw[:, box])
    zero, one = torch.zeros_like(c), torch.ones_like(c)
    turn = torch.stack(
        [torch.stack([c, zero, s], -1), torch.stack([zero, one, zero], -1), torch.stack([-s, zero, c], -1)], 1
    )
    start = ((origin - scenes.box_centre[:, box])[:, None] @ turn)[:, 0]
    ray = direction @ turn
    ray = torch.where(ray.abs() < 1e-6, torch.full_like(ray, 1e-6), ray)
    half = scenes.box_half[:, box]
    near = (-half[:, None] * ray.sign() - start[:, None]) / ray
    far = (half[:, None] * ray.sign() - start[:, None]) / ray
    enter, axis = near.max(-1)
    hit = (enter < far.amin(-1)) & (enter > 0.03) & (half[:, :1] > 0)
    point = start[:, None] + enter[..., None] * ray
    hit = hit & inside_outline(scenes.box_outline[:, box], point / half[:, None].clamp_min(1e-6))
    u = torch.where(axis == 0, point[..., 2], point[..., 0])
    v = torch.where(axis == 1, point[..., 2], point[..., 1])
    return torch.where(hit, enter, torch.full_like(enter, 1e5)), torch.stack([u, v], -1) * 1.5


def _picture_lookup(
    scenes: Scenes, origin: Tensor, direction: Tensor, ground_t: Tensor, width: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Where the first camera saw the point that a ray meets: picture coordinates in [0, 1], footprint in texels, and
    how far along the ray the point is."""
    radius = scenes.backdrop_radius[:, None]
    flat, start = direction[..., [0, 2]], origin[:, None, [0, 2]]
    a = (flat * flat).sum(-1).clamp_min(1e-6)
    b = (flat * start).sum(-1)
    c = (start * start).sum(-1) - radius**2
    wall_t = (-b + (b * b - a * c).clamp_min(0).sqrt()) / a
    # The horizon of the picture: the ground plane is tilted against the picture's middle row by this tangent.
    t = torch.minimum(ground_t, wall_t)
    point = origin[:, None] + t[..., None] * direction
    azimuth = torch.atan2(point[..., 0], point[..., 2])
    half = scenes.tan_half_fov[:, :1]
    edge = torch.atan(half)
    inside = torch.tan(azimuth.clamp(-edge, edge)) / half
    # Past the picture's edge go on evenly in angle, at the slope that the tangent has at the edge.
    beyond = (azimuth - azimuth.clamp(-edge, edge)) * (1 + half**2) / half
    across = inside + beyond
    distance = point[..., [0, 2]].norm(dim=-1) * torch.cos(azimuth.abs().minimum(edge))
    down = point[..., 1] / distance.clamp_min(1e-3) / scenes.tan_half_fov[:, 1:] - scenes.horizon[:, None]
    uv = _mirror(torch.stack([across, down], -1)) * 0.5 + 0.5
    ratio = t * direction.norm(dim=-1) / point.norm(dim=-1).clamp_min(1e-3)
    return uv, ratio * TEXTURE_SIZE / width, t


def _mirror(values: Tensor) -> Tensor:
    """Fold numbers into [-1, 1] by reflection."""
    return 1 - ((values + 1) % 4 - 2).abs()


def _lookup(textures: Tensor, texture: Tensor, uv: Tensor, texels: Tensor) -> Tensor:
    """Colours (B, P, 3) of texture number `texture` at `uv` in [0, 1], blurred to a footprint of `texels`."""
    level = torch.log2(texels.clamp_min(1e-3)).clamp(0, BLUR_LEVELS - 1)
    depth = textures.shape[2]
    z = (texture * BLUR_LEVELS + level + 0.5) / depth * 2 - 1
    padded = TEXTURE_SIZE + 2
    xy = (uv * TEXTURE_SIZE + 1) / padded * 2 - 1
    grid = torch.cat([xy, z[..., None]], -1)[:, None, None]
    sampled = F.grid_sample(textures, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return sampled[:, :, 0, 0].transpose(1, 2)
