"""Procedural pictures: tileable textures and landscape-like stand-ins for photographs. All values lie in [0, 1].

Everything is drawn from an explicit torch generator, so a seed names a picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor


def uniform(generator: Generator, low: float, high: float, *shape: int) -> Tensor:
    """Uniform numbers in [low, high)."""
    return low + (high - low) * torch.rand(shape, generator=generator)


def number(generator: Generator, low: float, high: float) -> float:
    return float(uniform(generator, low, high, 1))


def choice(generator: Generator, count: int) -> int:
    return int(torch.randint(count, (1,), generator=generator))


def spectral_noise(generator: Generator, height: int, width: int, falloff: float, channels: int = 1) -> Tensor:
    """Tileable noise (channels, height, width), amplitude 1 / frequency^falloff, standardised."""
    frequency_y = torch.fft.fftfreq(height)[:, None] * height
    frequency_x = torch.fft.rfftfreq(width)[None, :] * width
    radius = torch.sqrt(frequency_y**2 + frequency_x**2).clamp_min(1.0)
    spectrum = torch.fft.rfft2(torch.randn(channels, height, width, generator=generator)) / radius**falloff
    spectrum[:, 0, 0] = 0
    noise = torch.fft.irfft2(spectrum, s=(height, width))
    return (noise - noise.mean((1, 2), keepdim=True)) / noise.std((1, 2), keepdim=True).clamp_min(1e-6)


def colour(generator: Generator, darkest: float = 0.05, lightest: float = 0.95) -> Tensor:
    """A colour (3, 1, 1): mostly muted, sometimes vivid."""
    grey = number(generator, darkest, lightest)
    spread = number(generator, 0.02, 0.24)
    return (grey + uniform(generator, -spread, spread, 3)).clamp(0, 1)[:, None, None]


def _noise_texture(g: Generator, size: int) -> Tensor:
    noise = spectral_noise(g, size, size, number(g, 0.6, 1.8), 3)
    mixed = noise.mean(0, keepdim=True) * number(g, 0.6, 1.0) + 0.3 * noise
    return colour(g) + mixed * number(g, 0.04, 0.22)


def _two_colours(g: Generator, mask: Tensor) -> Tensor:
    return colour(g) * mask + colour(g) * (1 - mask)


def _checks(g: Generator, size: int) -> Tensor:
    rows, columns = 2 * (1 + choice(g, 4)), 2 * (1 + choice(g, 4))
    y, x = torch.arange(size) * rows // size, torch.arange(size) * columns // size
    return _two_colours(g, ((y[:, None] + x[None]) % 2).float()[None])


def _bricks(g: Generator, size: int) -> Tensor:
    rows, columns = 4 + 2 * choice(g, 4), 2 + choice(g, 4)
    y, x = torch.meshgrid(torch.arange(size) / size, torch.arange(size) / size, indexing="ij")
    row = (y * rows).floor()
    across = (x * columns + 0.5 * (row % 2)) % 1.0
    down = (y * rows) % 1.0
    mortar = ((across < 0.06) | (down < 0.12)).float()[None]
    shade = torch.rand(rows, columns + 1, generator=g)
    cell = shade[row.long(), (x * columns + 0.5 * (row % 2)).floor().long() % columns]
    return _two_colours(g, mortar) + (cell[None] - 0.5) * 0.2 * (1 - mortar)


def _stripes(g: Generator, size: int) -> Tensor:
    count = 1 + choice(g, 7)
    wave = torch.sin(2 * math.pi * count * torch.arange(size) / size + 6.3 * number(g, 0, 1)) > number(g, -0.6, 0.6)
    mask = wave.float()[None, None].expand(1, size, size)
    return _two_colours(g, mask if choice(g, 2) else mask.transpose(1, 2))


def _spots(g: Generator, size: int) -> Tensor:
    field = spectral_noise(g, size, size, number(g, 1.2, 2.2))
    return _two_colours(g, (field > number(g, -0.5, 1.0)).float())


def _windows(g: Generator, size: int) -> Tensor:
    rows, columns = 3 + choice(g, 6), 3 + choice(g, 6)
    y, x = torch.meshgrid(torch.arange(size) / size * rows % 1, torch.arange(size) / size * columns % 1, indexing="ij")
    low, high = number(g, 0.15, 0.35), number(g, 0.6, 0.85)
    return _two_colours(g, ((y > low) & (y < high) & (x > low) & (x < high)).float()[None])


_KINDS: tuple[Callable[[Generator, int], Tensor], ...] = (
    _noise_texture,
    _noise_texture,
    _checks,
    _bricks,
    _stripes,
    _spots,
    _windows,
)


def tile(generator: Generator, size: int) -> Tensor:
    """A tileable texture (3, size, size) of a random kind, with grain."""
    base = _KINDS[choice(generator, len(_KINDS))](generator, size)
    grain = spectral_noise(generator, size, size, number(generator, 0.3, 1.2)) * number(generator, 0.01, 0.08)
    return (base + grain).clamp(0, 1)


def sky(generator: Generator, size: int) -> Tensor:
    """A sky (3, size, size), horizon at the bottom, wrapping left to right."""
    top, bottom = colour(generator, 0.25, 0.8), colour(generator, 0.55, 0.98)
    height = torch.linspace(0, 1, size)[None, :, None]
    base = top * (1 - height) + bottom * height
    cloud = (spectral_noise(generator, size, size, number(generator, 1.3, 2.0)) - number(generator, 0, 1.2)).clamp(0, 1)
    white = colour(generator, 0.8, 1.0)
    return (base * (1 - cloud) + white * cloud).clamp(0, 1)


def landscape(generator: Generator, size: int) -> Tensor:
    """A stand-in for a photograph (3, size, size): sky, ridges, trees or houses, ground seen at a slant."""
    picture = sky(generator, size)
    horizon = number(generator, 0.35, 0.65)
    x = torch.arange(size)
    y = torch.arange(size)[None, :, None] / size
    for layer in range(1 + choice(generator, 4)):
        ridge = spectral_noise(generator, 8, size, number(generator, 1.0, 2.0))[0, 0]
        line = horizon - number(generator, 0.0, 0.25) * (1 - 0.2 * layer) + ridge * number(generator, 0.01, 0.07)
        mask = (y > line[None, None, :]).float()
        rock = _noise_texture(generator, size)
        haze = colour(generator, 0.4, 0.9)
        depth = number(generator, 0.0, 0.6)
        picture = picture * (1 - mask) + (rock * (1 - depth) + haze * depth) * mask
    ground_texture = tile(generator, size)
    below = (torch.arange(size) / size - horizon).clamp_min(1e-3)
    reach = 0.12 / below
    u = ((x[None] / size - 0.5) * reach[:, None] * 4) % 1
    v = (reach * 2)[:, None].expand(-1, size) % 1
    grid = torch.stack([u, v], -1)[None] * 2 - 1
    ground = F.grid_sample(ground_texture[None], grid, mode="bilinear", padding_mode="reflection", align_corners=False)[
        0
    ]
    flat = ground_texture.mean((1, 2), keepdim=True)
    far = (0.02 / below).clamp(0, 1)[None, :, None]
    mask = (y > horizon).float()
    picture = picture * (1 - mask) + (ground * (1 - far) + flat * far) * mask
    for _ in range(choice(generator, 9)):
        picture = _thing(generator, picture, horizon)
    grain = spectral_noise(generator, size, size, 0.5) * number(generator, 0.0, 0.03)
    light = spectral_noise(generator, size, size, 2.2) * number(generator, 0.0, 0.12)
    return ((picture + grain) * (1 + light)).clamp(0, 1)


def dead_leaves(generator: Generator, size: int) -> Tensor:
    """A picture (3, size, size) of shapes of all sizes in front of one another, each with a surface of its own.

    Edges and textures at every scale, as photographs have them: radii fall off as 1 / r^3. (The dead leaves model:
    Lee, Mumford and Huang 2001.)
    """
    y, x = torch.meshgrid(torch.arange(size) / size, torch.arange(size) / size, indexing="ij")
    smallest, largest = number(generator, 0.015, 0.05), number(generator, 0.3, 0.7)
    palette = [colour(generator) for _ in range(3 + choice(generator, 6))]
    surfaces = [tile(generator, size) for _ in range(2)]
    # Light from above, and a slow change of tone over the whole picture.
    tone = spectral_noise(generator, size, size, 2.0) * number(generator, 0.0, 0.12)
    picture = sky(generator, size) if choice(generator, 3) == 0 else palette[0].expand(3, size, size).clone()
    for _ in range(40 + choice(generator, 160)):
        share = number(generator, 0, 1)
        radius = (smallest**-2 + share * (largest**-2 - smallest**-2)) ** -0.5
        centre_x, centre_y, turn = (number(generator, low, high) for low, high in ((0, 1), (0, 1), (0, 3.15)))
        across = (x - centre_x) * math.cos(turn) + (y - centre_y) * math.sin(turn)
        along = (y - centre_y) * math.cos(turn) - (x - centre_x) * math.sin(turn)
        stretch = number(generator, 0.4, 1.0)
        kind = choice(generator, 3)
        if kind == 0:
            inside = (across / radius) ** 2 + (along / (radius * stretch)) ** 2 < 1
        elif kind == 1:
            inside = (across.abs() < radius) & (along.abs() < radius * stretch)
        else:
            inside = (along > -radius * stretch) & (across.abs() * 2 < radius - along)
        flat = palette[choice(generator, len(palette))]
        shade = 1 + number(generator, -0.5, 0.5) * (along if choice(generator, 2) else across) / radius
        surface = flat * shade if choice(generator, 4) else surfaces[choice(generator, 2)] * (0.5 + flat)
        mask = inside.float()[None]
        picture = picture * (1 - mask) + surface * mask
    grain = spectral_noise(generator, size, size, number(generator, 0.2, 1.2)) * number(generator, 0.0, 0.06)
    return ((picture + grain) * (1 + tone)).clamp(0, 1)


def _thing(g: Generator, picture: Tensor, horizon: float) -> Tensor:
    """Put a tree, post or house somewhere on the ground."""
    size = picture.shape[-1]
    y, x = torch.meshgrid(torch.arange(size) / size, torch.arange(size) / size, indexing="ij")
    foot = horizon + number(g, 0.0, 0.35)
    tall, wide = number(g, 0.05, 0.5), number(g, 0.01, 0.18)
    centre = number(g, 0, 1)
    kind = choice(g, 3)
    if kind == 0:
        mask = ((x - centre).abs() < wide / 2) & (y < foot) & (y > foot - tall)
        surface = _windows(g, size) if choice(g, 2) else tile(g, size)
    elif kind == 1:
        edge = spectral_noise(g, size, size, 1.2)[0] * 0.25
        mask = ((x - centre) / wide) ** 2 + ((y - (foot - tall * 0.6)) / (tall * 0.4)) ** 2 < 1 + edge
        surface = _noise_texture(g, size) * 0.8
    else:
        mask = ((x - centre).abs() < 0.012) & (y < foot) & (y > foot - tall)
        surface = colour(g).expand(3, size, size)
    soft = mask.float()[None]
    return picture * (1 - soft) + surface * soft
