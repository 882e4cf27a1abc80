import json

import pytest
import torch
from safetensors.torch import save_file

from engine.models.group_autoencoder import GroupAutoencoder
from engine.models.weights.astra import WAN_NAMES
from engine.models.weights.errors import WeightsMismatch, WeightsMissing, WeightsUnreadable
from engine.models.weights.load import load_codec, load_text_encoder, load_transformer
from tests.builders import GOLDENS, astra_tensors, umt5_tensors, vae_tensors


@pytest.fixture(scope="module")
def reference():
    return load_transformer(GOLDENS / "dit_a_weights.safetensors", num_heads=2)


def assert_same_network(model, reference):
    ours, theirs = model.state_dict(), reference.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name].float(), theirs[name].float()) for name in ours)


def test_sizes_are_read_from_the_tensors(reference):
    config = reference.config
    assert (config.num_layers, config.ffn_dim, config.text_dim, config.freq_dim) == (3, 128, 48, 32)
    assert (config.num_experts, config.unified_dim) == (3, 25)
    assert config.row_widths == {"camera": 12, "driving": 7, "robot": 12}


def test_a_pickled_checkpoint_with_a_prefix_gives_the_same_network(tmp_path, reference):
    torch.save({"state_dict": {f"pipe.dit.{n}": t for n, t in astra_tensors().items()}}, tmp_path / "Astra.pth")
    assert_same_network(load_transformer(tmp_path / "Astra.pth", num_heads=2), reference)


def test_a_checkpoint_without_router_and_camera_encoders_is_whole(tmp_path, reference):
    kept = {n: t for n, t in astra_tensors().items() if "cam_encoder" not in n and "router" not in n}
    save_file(kept, tmp_path / "a.safetensors")
    assert_same_network(load_transformer(tmp_path / "a.safetensors", num_heads=2), reference)


def test_a_diffusers_folder_gives_the_same_network(tmp_path, reference):
    reference.save_pretrained(tmp_path)
    assert_same_network(load_transformer(tmp_path), reference)


def test_a_sharded_diffusers_folder_gives_the_same_network(tmp_path, reference):
    reference.save_pretrained(tmp_path, max_shard_size="500KB")
    assert (tmp_path / "diffusion_pytorch_model.safetensors.index.json").exists()
    assert_same_network(load_transformer(tmp_path), reference)


@pytest.mark.parametrize("form", ["wan file", "wan pickle", "diffusers folder"])
def test_a_checkpoint_of_adapters_alone_takes_the_rest_from_the_base(tmp_path, reference, form):
    tensors = astra_tensors()
    base = {n: t for n, t in tensors.items() if WAN_NAMES.ours(n) is not None}
    save_file({n: t for n, t in tensors.items() if n not in base}, tmp_path / "adapters.safetensors")
    if form == "wan file":
        save_file(base, place := tmp_path / "wan.safetensors")
    elif form == "wan pickle":
        torch.save(base, place := tmp_path / "wan.pth")
    else:
        place = tmp_path / "transformer"
        place.mkdir()
        save_file({WAN_NAMES.ours(n): t for n, t in base.items()}, place / "diffusion_pytorch_model.safetensors")
    assert_same_network(load_transformer(tmp_path / "adapters.safetensors", base=place, num_heads=2), reference)


@pytest.mark.parametrize(
    "lost", ["clean_x_embedder.proj_2x.weight", "blocks.1.moe.experts.2.0.weight", "blocks.2.projector.bias"]
)
def test_missing_adapters_are_named_and_never_made_up(tmp_path, lost):
    tensors = astra_tensors()
    del tensors[lost]
    save_file(tensors, tmp_path / "a.safetensors")
    with pytest.raises(WeightsMismatch, match="1 missing"):
        load_transformer(tmp_path / "a.safetensors", num_heads=2)


def test_a_base_never_stands_in_for_adapters(tmp_path):
    tensors = astra_tensors()
    save_file(tensors, tmp_path / "whole.safetensors")
    base = {n: t for n, t in tensors.items() if WAN_NAMES.ours(n) is not None}
    save_file(base, tmp_path / "wan.safetensors")
    with pytest.raises(WeightsMismatch, match=r"no Astra checkpoint: .*camera"):
        load_transformer(tmp_path / "wan.safetensors", base=tmp_path / "whole.safetensors", num_heads=2)


def test_a_diffusers_folder_of_the_bare_base_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"_class_name": "WanTransformer3DModel"}))
    with pytest.raises(WeightsMismatch, match="cannot follow actions"):
        load_transformer(tmp_path)


def test_a_wrong_shape_and_a_foreign_tensor_are_named(tmp_path):
    tensors = astra_tensors() | {"blocks.0.ffn.2.bias": torch.ones(3), "vision.weight": torch.ones(1)}
    save_file(tensors, tmp_path / "a.safetensors")
    with pytest.raises(WeightsMismatch, match=r"not known: vision\.weight.*ffn\.net\.2\.bias is \(3,\)"):
        load_transformer(tmp_path / "a.safetensors", num_heads=2)


def test_nan_weights_are_refused(tmp_path):
    tensors = astra_tensors()
    tensors["head.head.bias"][3] = float("nan")
    save_file(tensors, tmp_path / "a.safetensors")
    with pytest.raises(WeightsMismatch, match=r"NaN or infinite values: proj_out\.bias"):
        load_transformer(tmp_path / "a.safetensors", num_heads=2)


def test_a_width_that_does_not_tell_the_number_of_heads_says_where_to_write_it(tmp_path):
    save_file(astra_tensors(), tmp_path / "a.safetensors")
    with pytest.raises(WeightsMismatch, match=r'world\.json with "num_heads"'):
        load_transformer(tmp_path / "a.safetensors")


@pytest.mark.parametrize("wrapper", [None, "model_state"])
def test_the_original_autoencoder_file_is_read_bare_or_wrapped(tmp_path, wrapper):
    tensors = vae_tensors()
    torch.save(tensors if wrapper is None else {wrapper: tensors}, tmp_path / "Wan2.1_VAE.pth")
    codec, _ = load_codec(tmp_path / "Wan2.1_VAE.pth")
    assert codec.latent_channels == 16


def test_the_small_autoencoder_is_read_from_its_folder_with_its_scale(tmp_path):
    model = GroupAutoencoder(4, width=8, num_blocks=1, latents_mean=[0.5] * 4, latents_std=[2.0] * 4)
    model.save_pretrained(tmp_path)
    codec, _ = load_codec(tmp_path)
    frames = torch.rand(1, 3, 5, 16, 16)
    with torch.no_grad():
        assert torch.allclose(codec.encode(frames), model.encode(frames), atol=1e-6)


def test_weights_stored_as_float16_compute_in_float32(tmp_path):
    GroupAutoencoder(4, width=8, num_blocks=1).half().save_pretrained(tmp_path)
    _, module = load_codec(tmp_path)
    assert {p.dtype for p in module.parameters()} == {torch.float32}


def test_a_transformers_folder_of_the_text_encoder_gives_the_same_rows(tmp_path):
    torch.save(umt5_tensors(), tmp_path / "enc.pth")
    from_file = load_text_encoder(tmp_path / "enc.pth")
    from_file.save_pretrained(tmp_path / "folder")
    from_folder = load_text_encoder(tmp_path / "folder")
    ids = torch.tensor([[3, 4, 5, 1]])
    with torch.no_grad():
        assert torch.allclose(from_file(ids).last_hidden_state, from_folder(ids).last_hidden_state, atol=1e-6)


def test_a_folder_without_config_or_weights_says_so(tmp_path):
    with pytest.raises(WeightsMissing, match=r"no config\.json"):
        load_codec(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(WeightsMissing, match="holds no weights"):
        load_codec(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(WeightsUnreadable, match="not readable as JSON"):
        load_codec(tmp_path)
