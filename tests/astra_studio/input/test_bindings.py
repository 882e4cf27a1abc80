import json

import pytest

from astra_studio.input.bindings import DEFAULT, from_changes
from astra_studio.input.controls import Control


def test_keys_are_bound_by_their_place() -> None:
    assert DEFAULT.control_of("KeyW") is Control.FORWARD
    assert DEFAULT.control_of("ShiftRight") is Control.FAST
    assert DEFAULT.control_of("pad:b") is Control.DISCARD
    assert DEFAULT.control_of("KeyP") is None


def test_no_key_means_two_things() -> None:
    sources = [source for control in Control for source in DEFAULT.sources_of(control)]
    assert len(sources) == len(set(sources))


def test_a_conflict_names_what_would_lose_the_key_and_rebinding_takes_it_there() -> None:
    assert DEFAULT.conflicts(Control.RISE, ["KeyW", "KeyP"]) == {"KeyW": Control.FORWARD}
    changed = DEFAULT.rebound(Control.RISE, ["KeyW"])
    assert changed.control_of("KeyW") is Control.RISE
    assert changed.sources_of(Control.FORWARD) == ()
    assert changed.conflicts(Control.RISE, ["KeyW"]) == {}
    assert DEFAULT.control_of("KeyW") is Control.FORWARD, "bindings are values"


def test_only_what_differs_is_kept_and_it_comes_back() -> None:
    assert DEFAULT.changes() == {}
    changed = DEFAULT.rebound(Control.RISE, ["KeyP", "pad:y"])
    kept = json.loads(json.dumps(changed.changes()))
    assert kept == {"rise": ["KeyP", "pad:y"]}
    assert from_changes(kept).by_control == changed.by_control


def test_a_damaged_or_older_settings_file_loses_only_what_is_wrong() -> None:
    read = from_changes({"jump": ["KeyP"], "rise": "KeyP", "sink": ["KeyP", "NoKey", "pad:z"]})
    assert read.sources_of(Control.RISE) == DEFAULT.sources_of(Control.RISE)
    assert read.sources_of(Control.SINK) == ("KeyP",)


def test_a_source_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="there is no key or button 'w'; keys are named by their place"):
        DEFAULT.rebound(Control.RISE, ["w"])
