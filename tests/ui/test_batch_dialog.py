"""A batch from the window: its forecast, its job, its report."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from ui.batch_dialog import BatchDialog

# The platform without a screen says so of every window that may not be made too small.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

JOBS = """
[defaults]
world = "fake"
[grid]
images = ["red.png"]
trajectories = ["w-8", "left-16"]
[[job]]
name = "broken"
image = "gone.png"
trajectory = "w-8"
"""


class Opened(QObject):
    """What the system was asked to open."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[QUrl] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.urls.append(url)


@pytest.fixture
def desktop():
    opened = Opened()
    QDesktopServices.setUrlHandler("file", opened, "take")
    yield opened
    QDesktopServices.unsetUrlHandler("file")


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    Image.new("RGB", (112, 64), (200, 30, 30)).save(tmp_path / "red.png")
    (tmp_path / "night.toml").write_text(JOBS)
    return tmp_path / "night.toml"


def opened(driver, path: Path) -> BatchDialog:
    driver.app.files.take_in([path])
    # One that was closed goes a little later.
    shown = (w for w in QApplication.topLevelWidgets() if isinstance(w, BatchDialog) and w.isVisible())
    dialog = next(shown)
    driver.wait(lambda: dialog.ok.isEnabled() or dialog.summary.property("role") == "error")
    return dialog


@pytest.mark.logs("the job Batch night has failed", "1 of 3 jobs of the batch have failed")
def test_the_forecast_is_shown_and_the_batch_becomes_a_job_whose_report_is_opened(driver, jobs, desktop):
    dialog = opened(driver, jobs)
    assert dialog.summary.text() == "3 jobs, 0 already rendered, 3 chunks to generate"
    assert dialog.table.rowCount() == 3
    cells = [[dialog.table.item(row, column).text() for column in range(2)] for row in range(3)]
    assert cells == [["red_w-8", "1"], ["red_left-16", "2"], ["broken", "cannot be rendered"]]
    assert "gone.png" in dialog.sums.text()
    driver.click(dialog.ok)
    driver.wait(lambda: bool(driver.studio.jobs.states) and driver.studio.jobs.states[-1].is_over, 60000)
    state = driver.studio.jobs.states[-1]
    assert (state.title, state.status) == ("Batch night", "failed")
    page = jobs.parent / "night videos" / "report.html"
    assert state.result == page
    assert [Path(url.toLocalFile()) for url in desktop.urls] == [page]
    assert (jobs.parent / "night videos" / "red_left-16.mp4").is_file()
    again = opened(driver, jobs)
    assert again.summary.text() == "3 jobs, 2 already rendered, 0 chunks to generate"
    again.reject()


def test_a_file_that_cannot_be_understood_is_told_with_its_line(driver, jobs):
    jobs.write_text(JOBS.replace("images", "pictures"))
    dialog = opened(driver, jobs)
    assert "Line 5, [grid], pictures" in dialog.summary.text()
    assert not dialog.ok.isEnabled()
    dialog.reject()


def test_another_folder_is_looked_at_anew(driver, jobs, tmp_path):
    dialog = opened(driver, jobs)
    dialog.out.setText(str(tmp_path / "elsewhere"))
    dialog.out.editingFinished.emit()
    assert not dialog.ok.isEnabled()
    driver.wait(dialog.ok.isEnabled)
    assert dialog.request().out == tmp_path / "elsewhere"
    dialog.reject()
