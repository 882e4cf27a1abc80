import numpy as np
import pytest
from PIL import Image

from engine.training.journal import CURVES, LOG, STRIP, Journal, read_log


@pytest.fixture
def journal(tmp_path):
    of = Journal(tmp_path)
    yield of
    of.close()


def test_figures_are_read_back(journal):
    journal.add(2, {"loss": 0.5})
    journal.add(4, {"loss": 0.25, "camera_right": 0.1})
    first, second = read_log(journal.folder)
    assert (first["step"], first["loss"]) == (2, 0.5)
    assert (second["step"], second["camera_right"]) == (4, 0.1)


def test_a_line_that_a_kill_cut_short_is_left_out(journal):
    journal.add(2, {"loss": 0.5})
    with (journal.folder / LOG).open("a") as file:
        file.write('{"step": 4, "lo')
    assert [line["step"] for line in read_log(journal.folder)] == [2]


def test_lines_past_the_checkpoint_are_forgotten(journal):
    for step in (2, 4, 6):
        journal.add(step, {"loss": 1.0})
    journal.forget_after(4)
    assert [line["step"] for line in read_log(journal.folder)] == [2, 4]


def test_curves_are_drawn_dark_on_light(journal):
    for step in range(1, 40):
        journal.add(step, {"loss": 1 / step, "gradient_norm": 1.0})
    journal.close()
    with Image.open(journal.folder / CURVES) as picture:
        grey = np.asarray(picture.convert("L"))
    assert grey.shape[1] > 800  # two plots side by side
    assert np.median(grey) == 255
    assert (grey < 80).sum() > 500


def test_curves_are_drawn_now_and_then_while_a_run_goes_on(journal, monkeypatch):
    journal.add(2, {"loss": 0.5})
    journal.draw_curves()
    assert not (journal.folder / CURVES).exists()
    monkeypatch.setattr("engine.training.journal.CURVES_EVERY_S", 0.0)
    journal.draw_curves()
    assert (journal.folder / CURVES).exists()


def test_without_figures_nothing_is_drawn(journal):
    journal.close()
    assert not (journal.folder / CURVES).exists()


def test_a_strip_lays_rows_of_frames_out(journal):
    rows = [[np.full((4, 6, 3), 10 * i + j, np.uint8) for j in range(3)] for i in range(2)]
    journal.draw_strip(rows, 5)
    with Image.open(journal.folder / STRIP) as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (8, 18, 3)
    assert pixels[5, 13, 0] == 12


def test_tensorboard_reads_the_same_figures(journal):
    journal.add(2, {"loss": 0.5})
    journal.close()
    [events] = (journal.folder / "tensorboard").glob("events.out.tfevents.*")
    assert b"loss" in events.read_bytes()
