import numpy as np
import pytest
import torch

from engine.actions.modality import CAMERA
from engine.models.weights.load import load_codec
from engine.training.datasets.streaming import encode_stream, start_stream
from engine.training.shards import encode_clips
from tests.builders import vae_tensors
from tests.engine.training.datasets.builders import picture, tiny_codec

CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=["group", "wan"])
def codec(request, tmp_path_factory):
    if request.param == "group":
        return tiny_codec()
    path = tmp_path_factory.mktemp("vae") / "Wan2.1_VAE.pth"
    torch.save(vae_tensors(), path)
    return load_codec(path)[0]


def test_a_streamed_clip_has_the_latents_and_stills_of_one_encoded_whole(codec):
    frames = [picture(n, 48, 32) for n in range(17)]
    latents, stills = encode_stream(codec, iter(frames), 5, CPU)
    stacked = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2)[None]
    whole = encode_clips(codec, stacked, torch.zeros(1, 5, 12), CAMERA, "test")
    assert latents.dtype == torch.float16
    assert torch.allclose(latents.float(), whole.latents[0], atol=2e-3, rtol=1e-3)
    assert torch.allclose(stills.float(), whole.stills[0], atol=2e-3, rtol=1e-3)
    assert latents.std() > 0.1


def test_a_stream_takes_just_the_frames_it_needs(codec):
    source = iter([picture(n, 48, 32) for n in range(12)])
    encode_stream(codec, source, 3, CPU)
    assert len(list(source)) == 3


def test_a_codec_without_a_stream_is_told():
    class Other:
        pass

    with pytest.raises(ValueError, match="a Other cannot encode a stream yet"):
        start_stream(Other())
