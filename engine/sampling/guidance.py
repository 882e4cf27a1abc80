"""Guidance as objects: which evaluations of the network a step needs, and how they make one velocity.

Source: reference section 8; paper, "Action-Free Guidance".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor


@dataclass(frozen=True)
class Branch:
    """One evaluation of the network: with the actions or free of them, with the prompt or the negative prompt."""

    actions: Literal["given", "free"] = "given"
    text: Literal["prompt", "negative"] = "prompt"


CONDITIONED = Branch()
FREE = Branch(actions="free")
NEGATIVE = Branch(text="negative")


class Guidance(Protocol):
    """What a denoising step asks of the network."""

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Evaluations needed, in the order in which `combine` takes their velocities."""
        ...

    def combine(self, velocities: Sequence[Tensor]) -> Tensor:
        """The guided velocity."""
        ...


@dataclass(frozen=True)
class NoGuidance:
    """One prediction as it is: `v = f(actions, prompt)`, or that of another branch."""

    branch: Branch = CONDITIONED

    @property
    def branches(self) -> tuple[Branch, ...]:
        return (self.branch,)

    def combine(self, velocities: Sequence[Tensor]) -> Tensor:
        (alone,) = velocities
        return alone


@dataclass(frozen=True)
class ActionFreeGuidance:
    """`v = v_0 + s (v_a - v_0)`, v_0 being free of actions."""

    scale: float

    @property
    def branches(self) -> tuple[Branch, ...]:
        return (CONDITIONED, FREE)

    def combine(self, velocities: Sequence[Tensor]) -> Tensor:
        conditioned, free = velocities
        return free + self.scale * (conditioned - free)


@dataclass(frozen=True)
class TextGuidance:
    """`v = v_n + g (v_p - v_n)`, v_n seeing the negative prompt."""

    scale: float
    prompted: Branch = CONDITIONED
    """What sees the prompt: with the actions, or free of them."""

    @property
    def branches(self) -> tuple[Branch, ...]:
        return (self.prompted, NEGATIVE)

    def combine(self, velocities: Sequence[Tensor]) -> Tensor:
        prompted, negative = velocities
        return negative + self.scale * (prompted - negative)


@dataclass(frozen=True)
class ActionAndTextGuidance:
    """Action-Free Guidance, then text guidance on its result: three evaluations."""

    action_scale: float
    text_scale: float
    free_text: Literal["prompt", "negative"] = "prompt"
    """Text of the action-free branch. The released code takes the negative prompt there, which mixes both (B11)."""

    @property
    def branches(self) -> tuple[Branch, ...]:
        return (CONDITIONED, Branch(actions="free", text=self.free_text), NEGATIVE)

    def combine(self, velocities: Sequence[Tensor]) -> Tensor:
        conditioned, free, negative = velocities
        acted = free + self.action_scale * (conditioned - free)
        return negative + self.text_scale * (acted - negative)


def guidance_for(action_scale: float, text_scale: float = 1.0) -> Guidance:
    """The cheapest guidance with these scales, each at least 0.

    1 is off: the guided prediction alone. 0 is the other one alone, free of actions or with the negative prompt, and
    between 0 and 1 the two are mixed. (The released code takes every scale below 1 for 1; reference section 8.)
    """
    if text_scale == 0:
        return NoGuidance(NEGATIVE)
    if action_scale not in (0, 1):
        return ActionFreeGuidance(action_scale) if text_scale == 1 else ActionAndTextGuidance(action_scale, text_scale)
    prompted = FREE if action_scale == 0 else CONDITIONED
    return NoGuidance(prompted) if text_scale == 1 else TextGuidance(text_scale, prompted)
