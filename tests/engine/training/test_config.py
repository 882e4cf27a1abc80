import pytest

from engine.training.config import ConfigError, load_train_config
from engine.training.noise_as_mask import PRESETS, NoiseAsMask
from tests.engine.training.small import CONFIG


@pytest.fixture
def load(tmp_path):
    def read(text):
        path = tmp_path / "train.toml"
        path.write_text(text, encoding="utf-8")
        return load_train_config(path)

    return read


def test_a_config_fills_its_parts_and_finds_its_paths_beside_it(load, tmp_path):
    config = load(CONFIG)
    assert config.loop.num_steps == 6
    assert config.windows.num_targets == 4
    assert config.start.new["row_widths"]["driving"] == 7
    assert config.output == str(tmp_path / "run")
    assert config.shards == [str(tmp_path / "shards")]


@pytest.mark.parametrize("name", PRESETS)
def test_noise_as_mask_is_a_preset_by_name(load, name):
    assert load(CONFIG + f'noise_as_mask = "{name}"\n').loop.noise_as_mask == PRESETS[name]


def test_noise_as_mask_is_a_table_too(load):
    mask = load(CONFIG + "[loop.noise_as_mask]\nprobability = 1\nhigh = 0.7\n").loop.noise_as_mask
    assert mask == NoiseAsMask(probability=1.0, high=0.7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("num_steps = 6", "num_stpes = 6"), r"loop has unknown entries num_stpes; there are .*num_steps"),
        (("num_steps = 6", 'num_steps = "six"'), r"loop: num_steps must be a int, got 'six'"),
        (("num_steps = 6", 'optimiser = "sgd"'), r"loop: optimiser must be one of 'muon', 'adamw', got 'sgd'"),
        (("num_steps = 6", 'noise_as_mask = "heavy"'), r"noise_as_mask must be a table or one of released, paper"),
        (('output = "run"\n', ""), r"train.toml lacks output"),
        (('shards = ["shards"]', 'shards = "shards"'), r"shards must be a list, got 'shards'"),
        (("[start.new]", '[start]\nworld = "w"\n[start.new]'), r"exactly one of world, wan and new, got world and new"),
        (("[loop]", "[loop"), r"train.toml is not readable as TOML"),
        (("warmup_steps = 2", "[loop.noise_as_mask]\nlow = 0.9"), r"Noise-as-Mask needs 0 <= prob"),
    ],
)
def test_a_wrong_config_is_told_what_is_wrong(load, change, message):
    assert change[0] in CONFIG
    with pytest.raises(ConfigError, match=message):
        load(CONFIG.replace(*change))
