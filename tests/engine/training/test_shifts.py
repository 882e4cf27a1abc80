import torch
import torch.nn.functional as F

from engine.models.group_autoencoder import GroupAutoencoder
from engine.training.shifts import ShiftPredictor, shift_losses


def groups():
    """Two batches of smooth groups."""
    small = torch.randn(2, 4, 12, 6, 8, generator=torch.Generator().manual_seed(0))
    previous, current = (F.interpolate(part, (48, 64), mode="bicubic") for part in small)
    return previous, current


def autoencoder():
    """One whose latents are principal components: like the picture, as a trained one's are."""
    torch.manual_seed(0)
    model = GroupAutoencoder(8, width=16, num_blocks=1)
    model.initialise_from_components(torch.cat(groups()))
    return model


def test_latents_that_are_kept_are_wrong_by_as_much_as_the_picture_moved():
    class Keeps(ShiftPredictor):
        def forward(self, latents_NCHW, shift_N2):
            assert shift_N2.abs().max() <= 1
            return latents_NCHW

    model = autoencoder()
    previous, current = groups()
    errors = {}
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        down, right = torch.randint(-8, 9, (2,), generator=generator).tolist()
        generator = torch.Generator().manual_seed(seed)
        _, _, error = shift_losses(model, Keeps(8), previous, current, 0.0, generator)
        errors[abs(down) + abs(right)] = error.item()
    assert errors[min(errors)] == min(errors.values())
    assert errors[max(errors)] > 2 * errors[min(errors)]


def test_the_loss_reaches_the_encoder_the_decoder_and_the_predictor():
    model, predictor = autoencoder(), ShiftPredictor(8)
    previous, current = groups()
    decoded, wanted, error = shift_losses(model, predictor, previous, current, 0.1, torch.Generator().manual_seed(1))
    assert decoded.shape == wanted.shape == (4, 12, 16, 32)
    ((decoded - wanted).square().mean() + error).backward()
    for module in (model.linear_in, model.linear_out, predictor.condition[2], predictor.first):
        assert module.weight.grad.abs().sum() > 0


def test_a_predictor_learns_to_foresee_a_shift():
    model, predictor = autoencoder(), ShiftPredictor(8)
    previous, current = groups()
    model.requires_grad_(False)
    optimiser = torch.optim.Adam(predictor.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(2)
    errors = []
    for _ in range(150):
        *_, error = shift_losses(model, predictor, previous, current, 0.0, generator)
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        errors.append(error.item())
    assert sum(errors[-20:]) < 0.7 * sum(errors[:20])
