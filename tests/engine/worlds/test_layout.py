"""Finding a world on disk: in every layout that people have, with what is missing named where it was looked for."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.models.weights.errors import WeightsMissing
from engine.worlds import layout
from engine.worlds.layout import WorldFiles, find_world_files, fingerprint

ASTRA = "diffusion_pytorch_model.ckpt"
VAE = "Wan2.1_VAE.pth"
T5 = "models_t5_umt5-xxl-enc-bf16.pth"
BASE = "diffusion_pytorch_model.safetensors"
TOKENIZER = "google/umt5-xxl/tokenizer.json"
NOBODY = 65534


def tree(folder: Path, *files: str) -> Path:
    """A folder with these files, each holding its own name."""
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def names(files: WorldFiles, folder: Path) -> dict[str, str | None]:
    """The parts that were found, as paths below `folder`."""
    parts = {name: getattr(files, name) for name in ("transformer", "vae", "base", "text_encoder", "tokenizer")}
    return {name: path.relative_to(folder).as_posix() for name, path in parts.items() if path is not None}


@contextmanager
def nobody() -> Iterator[None]:
    """As a user without rights, where the tests run as root, whom no permission stops."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder without neighbours: what lies beside a world is looked at too."""
    alone = tmp_path / "alone"
    alone.mkdir()
    return alone


# ---------------------------------------------------------------------- layouts

DIFFUSERS = (
    "transformer/config.json",
    "transformer/diffusion_pytorch_model.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
)
DIFFUSERS_TEXT = ("text_encoder/config.json", "text_encoder/model.safetensors", "tokenizer/tokenizer.json")


def test_the_diffusers_layout(folder):
    files = find_world_files(tree(folder, *DIFFUSERS, "world.json"))
    assert names(files, folder) == {"transformer": "transformer", "vae": "vae"}
    assert files.config_folder == folder


def test_the_diffusers_layout_with_text(folder):
    files = find_world_files(tree(folder, *DIFFUSERS, *DIFFUSERS_TEXT))
    assert names(files, folder) == {
        "transformer": "transformer",
        "vae": "vae",
        "text_encoder": "text_encoder",
        "tokenizer": "tokenizer",
    }


@pytest.mark.parametrize("checkpoint", layout.CHECKPOINTS)
@pytest.mark.parametrize("vae", layout.VAE_FILES)
def test_the_original_files_in_one_folder(folder, checkpoint, vae):
    files = find_world_files(tree(folder, checkpoint, vae, "world.json", "README.md"))
    assert names(files, folder) == {"transformer": checkpoint, "vae": vae}
    assert files.config_folder == folder


def test_the_original_files_in_one_folder_with_base_and_text(folder):
    files = find_world_files(tree(folder, ASTRA, VAE, BASE, T5, TOKENIZER))
    assert names(files, folder) == {
        "transformer": ASTRA,
        "vae": VAE,
        "base": BASE,
        "text_encoder": T5,
        "tokenizer": "google/umt5-xxl",
    }


@pytest.mark.parametrize("given", ["Astra", f"Astra/{ASTRA}", ""])
def test_the_original_files_in_neighbouring_folders(folder, given):
    tree(folder, f"Astra/{ASTRA}", "Astra/world.json", f"Wan2.1-T2V-1.3B/{VAE}", f"Wan2.1-T2V-1.3B/{BASE}")
    tree(folder / "Wan2.1-T2V-1.3B", T5, TOKENIZER)
    files = find_world_files(folder / given)
    assert names(files, folder) == {
        "transformer": f"Astra/{ASTRA}",
        "vae": f"Wan2.1-T2V-1.3B/{VAE}",
        "base": f"Wan2.1-T2V-1.3B/{BASE}",
        "text_encoder": f"Wan2.1-T2V-1.3B/{T5}",
        "tokenizer": "Wan2.1-T2V-1.3B/google/umt5-xxl",
    }
    assert files.config_folder == folder / "Astra"


def test_the_released_folder_tree(folder):
    """The checkpoint two folders down, as its download makes it, beside Wan's."""
    tree(folder, f"models/Astra/checkpoints/{ASTRA}", f"models/Wan-AI/{VAE}")
    assert names(find_world_files(folder / "models"), folder)["transformer"] == f"models/Astra/checkpoints/{ASTRA}"


def test_a_checkpoint_of_any_name_next_to_the_folder_of_the_others(folder):
    tree(folder, "my-training-step-500.pth", f"Wan2.1/{VAE}")
    files = find_world_files(folder / "my-training-step-500.pth")
    assert names(files, folder) == {"transformer": "my-training-step-500.pth", "vae": f"Wan2.1/{VAE}"}


@pytest.mark.parametrize("given", ["", "Astra.pth"])
def test_an_original_checkpoint_beside_a_diffusers_autoencoder(folder, given):
    """The autoencoder's file has the name of Wan's transformer, and is not taken for it."""
    tree(folder, "Astra.pth", "vae/config.json", f"vae/{BASE}")
    assert names(find_world_files(folder / given), folder) == {"transformer": "Astra.pth", "vae": "vae"}


@pytest.mark.parametrize(
    "unrelated",
    [f"other/vae/{BASE}", f"other/{BASE}", f"other/unet/{BASE}", "llama/tokenizer.json", "world/clip/tokenizer.json"],
)
def test_models_of_other_kinds_nearby_are_not_taken_for_parts_of_the_world(folder, unrelated):
    """Else their files would be read, and the world's fingerprint would change with its neighbours."""
    tree(folder / "world", ASTRA, VAE, T5)
    before = find_world_files(folder / "world")
    assert find_world_files(tree(folder, unrelated) / "world") == before
    assert names(before, folder / "world") == {"transformer": ASTRA, "vae": VAE}


def test_the_tokenizer_of_the_text_encoder_is_taken_and_not_that_of_another_model_beside_it(folder):
    """Wan's image models have a second one, which lies less deep."""
    tree(folder, ASTRA, VAE, T5, TOKENIZER, "xlm-roberta-large/tokenizer.json", "tokenizer_config.json")
    assert names(find_world_files(folder), folder)["tokenizer"] == "google/umt5-xxl"


@pytest.mark.parametrize("place", ["tokenizer/spiece.model", "umt5-xxl/tokenizer.json", "tokenizer.json"])
def test_a_tokenizer_may_lie_in_a_folder_of_its_own_or_beside_the_encoder(folder, place):
    found = names(find_world_files(tree(folder, ASTRA, VAE, T5, place)), folder)
    assert found["tokenizer"] == Path(place).parent.as_posix()


def test_an_original_checkpoint_over_a_base_of_the_diffusers_layout(folder):
    tree(folder, "Astra.pth", *DIFFUSERS, *DIFFUSERS_TEXT)
    files = find_world_files(folder / "Astra.pth")
    assert names(files, folder) == {
        "transformer": "Astra.pth",
        "vae": "vae",
        "base": "transformer",
        "text_encoder": "text_encoder",
        "tokenizer": "tokenizer",
    }


def test_the_diffusers_transformer_beside_an_original_autoencoder(folder):
    files = find_world_files(tree(folder, *DIFFUSERS[:2], VAE))
    assert names(files, folder) == {"transformer": "transformer", "vae": VAE}


def test_a_checkpoint_is_never_its_own_base(folder):
    tree(folder, BASE, VAE)
    assert "base" not in names(find_world_files(folder / BASE), folder)


@pytest.mark.parametrize("half", [(T5,), (TOKENIZER,)])
def test_text_needs_both_its_encoder_and_its_tokenizer(folder, half):
    found = names(find_world_files(tree(folder, ASTRA, VAE, *half)), folder)
    assert set(found) == {"transformer", "vae"}


def test_the_nearest_file_is_taken(folder):
    tree(folder, f"a/old/{ASTRA}", f"z/{ASTRA}", f"z/{VAE}", f"a/old/{VAE}")
    assert names(find_world_files(folder), folder)["transformer"] == f"z/{ASTRA}"


def test_hidden_folders_are_passed_over(folder):
    tree(folder, f".cache/{ASTRA}", f".cache/{VAE}")
    with pytest.raises(WeightsMissing, match="no Astra world in"):
        find_world_files(folder)


# ---------------------------------------------------------------------- what is missing


def test_a_place_that_is_not_there_is_named(folder):
    with pytest.raises(WeightsMissing, match=f"no world at {folder}/gone: no such file or folder"):
        find_world_files(folder / "gone")


@pytest.mark.parametrize("files", [(), (VAE,), ("notes.txt",), (f"a/b/c/d/{ASTRA}",)])
def test_a_folder_without_a_checkpoint_is_answered_with_the_names_looked_for(folder, files):
    with pytest.raises(WeightsMissing, match=r"expected a folder transformer/ or one of .*Astra.pth") as caught:
        find_world_files(tree(folder, *files))
    assert str(folder) in str(caught.value)
    assert all(name in str(caught.value) for name in layout.CHECKPOINTS)


@pytest.mark.parametrize("given", ["world", f"world/{ASTRA}"])
def test_a_missing_autoencoder_is_answered_with_names_places_and_remedy(folder, given):
    tree(folder, f"world/{ASTRA}", f"world/{BASE}")
    with pytest.raises(WeightsMissing, match="has no video autoencoder") as caught:
        find_world_files(folder / given)
    message = str(caught.value)
    assert f"looked in {folder}/world, {folder} for" in message
    assert all(name in message for name in ("vae/", *layout.VAE_FILES))
    assert "comes with Wan 2.1; put it beside the checkpoint" in message


def test_a_missing_autoencoder_of_the_diffusers_layout(folder):
    with pytest.raises(WeightsMissing, match="has no video autoencoder"):
        find_world_files(tree(folder, *DIFFUSERS[:2]))


def test_a_folder_that_may_not_be_read_says_so(open_folder):
    tree(open_folder, f"world/{ASTRA}", f"world/{VAE}")
    (open_folder / "world").chmod(0)
    with nobody(), pytest.raises(WeightsMissing, match=f"{open_folder}/world cannot be read: Permission denied"):
        find_world_files(open_folder / "world")


def test_a_neighbour_that_may_not_be_read_is_passed_over(open_folder):
    tree(open_folder, f"world/{ASTRA}", f"world/{VAE}", f"lost+found/{BASE}", f"world/private/{T5}")
    (open_folder / "lost+found").chmod(0)
    (open_folder / "world" / "private").chmod(0)
    with nobody():
        found = names(find_world_files(open_folder / "world"), open_folder)
    assert found == {"transformer": f"world/{ASTRA}", "vae": f"world/{VAE}"}


def test_a_link_to_itself_does_not_keep_it_looking(folder):
    tree(folder, f"world/{VAE}")
    (folder / "world" / "again").symlink_to(folder / "world", target_is_directory=True)
    with pytest.raises(WeightsMissing, match="no Astra world in"):
        find_world_files(folder / "world")


# ---------------------------------------------------------------------- fingerprint


def print_of(folder: Path, extra: str = "") -> str:
    return fingerprint(find_world_files(folder), extra)


@pytest.fixture
def original(folder: Path) -> Path:
    return tree(folder / "one", ASTRA, VAE, BASE, T5, TOKENIZER)


def test_a_fingerprint_does_not_change_with_the_place(original, folder):
    before = print_of(original)
    assert len(before) == 64
    assert print_of(original.rename(folder / "two")) == before
    assert fingerprint(find_world_files(folder / "two" / ASTRA), "") == before


@pytest.mark.parametrize("name", [ASTRA, VAE, BASE, T5])
def test_a_fingerprint_changes_with_every_file_of_weights(original, name):
    before = print_of(original)
    content = bytearray((original / name).read_bytes())
    content[-1] ^= 1
    (original / name).write_bytes(content)
    assert print_of(original) != before


@pytest.mark.parametrize("name", DIFFUSERS)
def test_a_fingerprint_changes_with_every_file_of_the_diffusers_layout(folder, name):
    before = print_of(tree(folder, *DIFFUSERS, "transformer/README.md"))
    (folder / "transformer/README.md").write_text("other words")
    assert print_of(folder) == before
    (folder / name).write_text(name.upper())
    assert print_of(folder) != before


def test_a_fingerprint_changes_with_every_shard_of_an_index(folder):
    tree(folder, VAE, "a-1.safetensors", "a-2.safetensors", "other.safetensors")
    index = folder / "a.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"x": "a-2.safetensors", "y": "a-1.safetensors", "z": "gone"}}))
    before = fingerprint(find_world_files(index), "")
    (folder / "other.safetensors").write_text("not of this model")
    assert fingerprint(find_world_files(index), "") == before
    for shard in ("a-1.safetensors", "a-2.safetensors"):
        (folder / shard).write_text("another training")
        after = fingerprint(find_world_files(index), "")
        assert after != before
        before = after


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"weight_map": 3}'])
def test_an_index_that_is_none_is_a_file_like_others(folder, content):
    tree(folder, VAE)
    index = folder / "a.safetensors.index.json"
    index.write_text(content)
    assert layout.files_of(index) == [index]


def test_a_fingerprint_changes_with_what_else_decides(original):
    assert print_of(original, "rounds") != print_of(original, "does not round")


def test_a_fingerprint_of_a_huge_file_sees_its_size_ends_and_middle(original, monkeypatch):
    """As large as memory allows to say: what is huge is made small."""
    monkeypatch.setattr(layout, "WHOLE_HASH_BYTES", 1000)
    monkeypatch.setattr(layout, "SAMPLE_BYTES", 10)
    monkeypatch.setattr(layout, "SAMPLES", 5)
    content = bytearray(2000)
    (original / ASTRA).write_bytes(content)
    prints = [print_of(original)]
    for place in (0, 1000, 1999):
        changed = bytearray(content)
        changed[place] = 1
        (original / ASTRA).write_bytes(changed)
        prints.append(print_of(original))
    (original / ASTRA).write_bytes(bytearray(2001))
    prints.append(print_of(original))
    assert len(set(prints)) == len(prints)


def test_a_folder_called_vae_that_belongs_to_another_program_is_passed_over(folder):
    tree(folder, ASTRA, "vae/taesd.safetensors", f"wan/{VAE}")
    assert names(find_world_files(folder), folder)["vae"] == f"wan/{VAE}"


def test_a_weights_file_inside_the_diffusers_layout_stands_for_its_world(folder):
    tree(folder, *DIFFUSERS)
    inside = folder / "transformer" / BASE
    assert find_world_files(inside) == find_world_files(folder)
