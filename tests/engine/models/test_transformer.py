import pytest
import torch

from engine.models.history import pack_history
from engine.models.transformer import AstraTransformer3DModel
from engine.models.window import plan_window

PAPER = {"routing": "learned", "top_k": 2, "expert_hidden_dim": 16, "num_experts": 4}


def small(**changes):
    torch.manual_seed(0)
    arguments = {
        "num_attention_heads": 2,
        "attention_head_dim": 16,
        "text_dim": 12,
        "freq_dim": 16,
        "ffn_dim": 48,
        "num_layers": 2,
        "unified_dim": 9,
        "input_rounding": "none",
    }
    return AstraTransformer3DModel(**(arguments | changes)).eval().requires_grad_(False)


def randomised(model):
    """Away from the initial values, where an adapter does nothing."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return model


def chunk(batch=1, num_history=9, size=(4, 6), width=13, seed=3):
    generator = torch.Generator().manual_seed(seed)
    plan = plan_window(num_history, 8)
    history = pack_history(torch.randn(batch, 16, num_history, *size, generator=generator), plan)
    return {
        "hidden_states": torch.randn(batch, 16, 8, *size, generator=generator),
        "timestep": torch.full((batch,), 700.0),
        "history": history,
        "action_rows": torch.randn(batch, plan.num_rows, width, generator=generator),
        "modality": "camera",
        "encoder_hidden_states": torch.randn(batch, 5, 12, generator=generator),
    }


def test_a_fresh_adapter_leaves_the_attention_output_as_it_is():
    for block in small().blocks:
        assert torch.equal(block.act_adapter.projector.weight, torch.eye(32))
        assert not block.act_adapter.projector.bias.any()


def test_each_sample_of_a_batch_is_computed_as_if_alone():
    """The released head broadcasts time wrongly for more than one sample (B8)."""
    model = randomised(small())
    inputs = chunk(batch=2)
    inputs["timestep"] = torch.tensor([900.0, 120.0])
    both = model(**inputs)
    for i in range(2):
        alone = dict(inputs)
        for key in ("hidden_states", "timestep", "action_rows", "encoder_hidden_states"):
            alone[key] = inputs[key][i : i + 1]
        history = inputs["history"]
        alone["history"] = type(history)(
            window=history.window,
            full_BCTHW=history.full_BCTHW[i : i + 1],
            medium_BCTHW=history.medium_BCTHW[i : i + 1],
            coarse_BCTHW=history.coarse_BCTHW[i : i + 1],
        )
        assert torch.allclose(model(**alone)[0], both[i], atol=2e-5)


def test_folding_the_projectors_keeps_the_output():
    model, inputs = randomised(small()), chunk()
    before = model(**inputs)
    model.fold_projectors()
    assert torch.allclose(model(**inputs), before, atol=2e-5)


def test_folding_twice_folds_once():
    model, inputs = randomised(small()), chunk()
    model.fold_projectors()
    before = model(**inputs)
    model.fold_projectors()
    assert torch.equal(model(**inputs), before)


def test_a_folded_model_refuses_to_be_saved(tmp_path):
    model = small()
    model.fold_projectors()
    with pytest.raises(ValueError, match="before fold_projectors"):
        model.save_pretrained(tmp_path)


@pytest.mark.parametrize("changes", [{}, PAPER, {"text_dim": None}], ids=["released", "paper", "no text"])
def test_saving_and_loading_gives_the_same_network(tmp_path, changes):
    model = randomised(small(**changes))
    model.save_pretrained(tmp_path)
    inputs = chunk()
    if model.config.text_dim is None:
        inputs["encoder_hidden_states"] = None
    again = AstraTransformer3DModel.from_pretrained(tmp_path).eval()
    assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in model.state_dict().items())
    with torch.no_grad():
        assert torch.allclose(again(**inputs), model(**inputs), atol=1e-5)
    assert (tmp_path / "diffusion_pytorch_model.safetensors").exists()


def test_rounding_the_timestep_is_what_bfloat16_does_to_it():
    rounded, plain, inputs = randomised(small(input_rounding="bfloat16")), randomised(small()), chunk()
    inputs["timestep"] = torch.tensor([987.39])
    there = plain(**(inputs | {"timestep": torch.tensor([988.0])}))
    assert torch.equal(rounded(**inputs), there)
    assert not torch.allclose(plain(**inputs), there, atol=1e-4)


def test_a_model_that_predicts_samples_gives_the_velocity_towards_them():
    velocity, sample, inputs = randomised(small()), randomised(small(prediction="sample")), chunk()
    said = velocity(**inputs)
    expected = (inputs["hidden_states"] - said) / 0.7
    assert torch.allclose(sample(**inputs), expected, atol=1e-5)


def test_every_parameter_of_the_paper_form_gets_a_gradient():
    model = randomised(small(**PAPER)).train().requires_grad_(True)
    loss = sum(
        model(**(chunk(width=w) | {"modality": m})).square().mean()
        for m, w in (("camera", 13), ("driving", 8), ("robot", 13))
    )
    loss.backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


def test_gradient_checkpointing_gives_the_same_gradients():
    gradients = []
    for checkpointing in (False, True):
        model = randomised(small()).train().requires_grad_(True)
        if checkpointing:
            model.enable_gradient_checkpointing()
        model(**chunk()).square().mean().backward()
        gradients.append(model.blocks[0].attn1.to_q.weight.grad)
    assert torch.allclose(gradients[0], gradients[1], atol=1e-6)


def test_a_change_of_one_action_row_changes_the_output():
    model, inputs = randomised(small()), chunk()
    before = model(**inputs)
    inputs["action_rows"] = inputs["action_rows"].clone()
    inputs["action_rows"][0, -1, 3] += 1
    assert not torch.allclose(model(**inputs), before, atol=1e-4)


def test_latents_that_do_not_divide_into_patches_are_refused():
    with pytest.raises(ValueError, match="do not divide into patches of 2 x 2"):
        small()(**chunk(size=(5, 6)))


def test_an_unknown_modality_is_refused_with_those_that_exist():
    with pytest.raises(ValueError, match="camera, driving, robot, not 'keyboard'"):
        small()(**(chunk() | {"modality": "keyboard"}))


def test_a_model_with_text_asks_for_it():
    with pytest.raises(ValueError, match="needs a text context"):
        small()(**(chunk() | {"encoder_hidden_states": None}))


def test_bfloat16_keeps_the_action_parts_in_float32():
    from engine.models.weights.load import cast_for_inference

    model = small()
    cast_for_inference(model, torch.bfloat16)
    kept = {name for name, p in model.named_parameters() if p.dtype == torch.float32}
    assert {"action_embedder.projectors.camera.weight", "blocks.0.act_adapter.projector.weight"} <= kept
    assert model.blocks[0].attn1.to_q.weight.dtype == torch.bfloat16
    assert model.compute_dtype == torch.bfloat16
