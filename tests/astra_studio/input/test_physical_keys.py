import pytest

from astra_studio.input.physical_keys import CODES, code_of, us_label


@pytest.mark.parametrize(
    ("platform", "native"), [("linux", 25), ("win32", 0x11), ("darwin", 13)], ids=["X11", "Windows", "macOS"]
)
def test_the_place_of_w_on_each_system(platform: str, native: int) -> None:
    assert code_of(native, platform) == "KeyW"


def test_a_place_without_a_name_is_no_key() -> None:
    assert code_of(9999, "linux") is None
    assert code_of(0, "win32") is None


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_every_code_has_a_place_of_its_own_on_every_system(platform: str) -> None:
    found = [code_of(native, platform) for native in range(512)]
    named = [code for code in found if code is not None]
    assert sorted(named) == sorted(CODES)


def test_labels_are_what_is_printed_on_the_key() -> None:
    assert [us_label(code) for code in ("KeyW", "Digit3", "ArrowUp", "Minus", "Space")] == ["W", "3", "↑", "-", "Space"]
