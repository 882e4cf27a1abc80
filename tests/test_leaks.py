"""The fixtures that look for what a test leaves behind find it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests import leaks

GRACE_S = 0.05


def test_a_thread_that_goes_on_is_left_over_and_one_that_ends_is_not() -> None:
    before, end = leaks.threads(), threading.Event()
    thread = threading.Thread(target=end.wait, name="goes on")
    thread.start()
    assert leaks.left_over(leaks.threads, before, grace_s=GRACE_S) == ["goes on 1"]
    threading.Timer(0.1, end.set).start()
    assert leaks.left_over(leaks.threads, before) == []


def test_a_child_process_that_goes_on_is_left_over() -> None:
    before = leaks.child_processes()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        left = leaks.left_over(leaks.child_processes, before, grace_s=GRACE_S)
        assert left == ([child.pid] if sys.platform == "linux" else [])
        if left:
            assert "input()" in leaks.command_of(child.pid)
    assert leaks.left_over(leaks.child_processes, before) == []


def test_windows_and_running_timers_are_left_over(qtbot: QtBot) -> None:
    windows, timers = leaks.windows(), leaks.running_timers()
    widget, timer = QWidget(), QTimer()
    timer.start(1000)
    assert leaks.left_over(leaks.windows, windows, grace_s=GRACE_S) == [widget]
    assert leaks.left_over(leaks.running_timers, timers, grace_s=GRACE_S) == [timer]
    timer.stop()
    assert leaks.left_over(leaks.running_timers, timers, grace_s=GRACE_S) == []
    widget.deleteLater()


def test_log_lines_that_nobody_expects_are_kept() -> None:
    handler, log = leaks.UnexpectedLines(["full$", "engine .* ended"]), logging.Logger("astra_studio.test")
    log.addHandler(handler)
    log.warning("the disk is %s", "full")
    log.error("the engine has ended")
    log.info("all is well")
    log.warning("the disk is slow")
    assert handler.lines == ["WARNING astra_studio.test: the disk is slow"]
