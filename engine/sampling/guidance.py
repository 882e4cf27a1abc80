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
    """`v = f(actions, prompt)`."""

    @property
    def branches(self) -> tuple[Branch, ...]:
        return (CONDITIONED,)

    def combine(self, velocities: Sequence[Tensor]) -> Tensor:
        (conditioned,) = velocities
        return conditioned


@dataclass(frozen=True)
class ActionFreeGuidance:
    """`v = v_0 + s (v_a - v_0)`, v_0 being free of actions."""

    scale: float

    @property
    def branches(self) -> tuple[Branch, ...]:
        return (CONDITIONED, Branch(actions="free"))

    def combine(self, velocities: Sequence[Tensor]) -> Tensor:
        conditioned, free = velocities
        return free + self.scale * (conditioned - free)


@dataclass(frozen=True)
class TextGuidance:
    """`v = v_n + g (v_p - v_n)`, v_n seeing the negative prompt."""

    scale: float

    @property
    def branches(self) -> tuple[Branch, ...]:
        return (CONDITIONED, Branch(text="negative"))

    def combine(self, velocities: Sequence[Tensor]) -> Tensor:
        conditioned, negative = velocities
        return negative + self.scale * (conditioned - negative)


@dataclass(frozen=True)
class ActionAndTextGuidance:
    """Action-Free Guidance, then text guidance on its result: three evaluations."""

    action_scale: float
    text_scale: float
    free_text: Literal["prompt", "negative"] = "prompt"
    """Text of the action-free branch. The released code takes the negative prompt there, which mixes both (B11)."""

    @property
    def branches(self) -> tuple[Branch, ...]:
        return (CONDITIONED, Branch(actions="free", text=self.free_text), Branch(text="negative"))

    def combine(self, velocities: Sequence[Tensor]) -> Tensor:
        conditioned, free, negative = velocities
        acted = free + self.action_scale * (conditioned - free)
        return negative + self.text_scale * (acted - negative)


def guidance_for(action_scale: float, text_scale: float = 1.0) -> Guidance:
    """The cheapest guidance with these scales; 1 and below is off, as in the released code."""
    if action_scale > 1 and text_scale > 1:
        return ActionAndTextGuidance(action_scale, text_scale)
    if action_scale > 1:
        return ActionFreeGuidance(action_scale)
    if text_scale > 1:
        return TextGuidance(text_scale)
    return NoGuidance()
