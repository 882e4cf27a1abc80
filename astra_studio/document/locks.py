"""Meaning of a lock: a locked chunk is neither deleted nor made stale.

What is planned after it can change; for another way up to it there is a branch, in which nothing is locked.
"""

from __future__ import annotations

from astra_studio.document.derived import Staleness
from astra_studio.document.model import Project, Take, TakeId


def check_kept(before: Project, after: Project, take_id: TakeId) -> None:
    """Raise ValueError where a change of a take deletes a locked chunk of it, or makes one stale that was not."""
    known = before.take(take_id)
    if not known.locked:
        return
    changed = after.take(take_id)
    if known.locked != changed.locked:
        return  # a lock is being set or opened
    left = {chunk.id for chunk in changed.chunks}
    now, then = Staleness(after, changed), Staleness(before, known)
    last, tick = 0, 0
    for chunk in known.chunks:
        last = chunk.request.index + 1 if chunk.id in known.locked else last
    for chunk in known.chunks[:last]:
        # One that goes before a locked chunk takes that along.
        if chunk.id not in left:
            raise ValueError(f"{named_locks(known)} locked; open the lock first, or branch")
        if now.differing(chunk, tick) and not then.differing(chunk, tick):
            raise ValueError(
                f"{named_locks(known)} locked, and this would make it stale; open the lock first, or branch"
            )
        tick += chunk.num_ticks


def named_locks(take: Take) -> str:
    """The locked chunks of a take as the beginning of a sentence: "chunk 3 of Take 1 is", "chunks 1 to 3 ... are"."""
    numbers = [chunk.request.index + 1 for chunk in take.chunks if chunk.id in take.locked]
    if len(numbers) == 1:
        return f"chunk {numbers[0]} of {take.name} is"
    return f"chunks {', '.join(map(str, numbers[:-1]))} and {numbers[-1]} of {take.name} are"
