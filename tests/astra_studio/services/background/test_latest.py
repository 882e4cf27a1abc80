"""Work in the background: on another thread, the newest wish wins, who has gone hears nothing."""

from __future__ import annotations

import threading

from astra_studio.services.background.latest import Background
from astra_studio.services.signals import Mailbox


def test_work_is_done_on_another_thread_and_told_on_this_one():
    mail, heard = Mailbox(), []
    background = Background(mail.post)
    background.run(threading.get_ident, lambda ident: heard.append((ident, threading.get_ident())), heard.append)
    mail.run_until(lambda: bool(heard), 10)
    background.close()
    assert heard[0][0] != heard[0][1] == threading.get_ident()


def test_what_goes_wrong_is_told_as_a_problem():
    def fail() -> None:
        raise ValueError("no such pose")

    mail, problems = Mailbox(), []
    background = Background(mail.post)
    background.run(fail, lambda _none: None, problems.append)
    mail.run_until(lambda: bool(problems), 10)
    background.close()
    assert problems[0].why == "No such pose"


def test_only_the_newest_wish_is_told_and_what_waited_is_not_done():
    mail, heard, done = Mailbox(), [], []
    background = Background(mail.post)
    has_begun, may_end = threading.Event(), threading.Event()

    def first() -> str:
        has_begun.set()
        may_end.wait(10)
        return "first"

    background.run(first, heard.append, heard.append)
    assert has_begun.wait(10)
    background.run(lambda: done.append("second"), heard.append, heard.append)
    background.run(lambda: "third", heard.append, heard.append)
    may_end.set()
    mail.run_until(lambda: bool(heard), 10)
    background.close()
    assert (heard, done) == (["third"], [])


def test_who_has_gone_hears_nothing():
    mail, heard = Mailbox(), []
    background = Background(mail.post)
    finished = threading.Event()
    background.run(lambda: finished.set() or 1, heard.append, heard.append)
    background.forget()
    assert finished.wait(10)
    background.run(lambda: "after", heard.append, heard.append)
    mail.run_until(lambda: bool(heard), 10)
    background.close()
    assert heard == ["after"]


def test_nothing_is_posted_after_the_end():
    posted: list[object] = []
    background = Background(posted.append)
    has_begun, may_end, has_ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        has_begun.set()
        may_end.wait(10)
        has_ended.set()

    background.run(work, lambda _none: None, lambda _problem: None)
    assert has_begun.wait(10)
    background.close()
    may_end.set()
    assert has_ended.wait(10)
    for thread in threading.enumerate():
        if thread.name == "background":
            thread.join(10)
    assert not posted
