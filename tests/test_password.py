"""Passwords: how they are hashed."""

import multiprocessing
import threading
import time

from todo_api.services import passwords


class Watched:
    """The real hasher, and how many of its computations ran at a time."""

    def __init__(self, hasher):
        self.hasher = hasher
        self.running = self.most = 0
        self.counting = threading.Lock()

    def __getattr__(self, name):
        def compute(*arguments):
            with self.counting:
                self.running += 1
                self.most = max(self.most, self.running)
            try:
                time.sleep(0.02)
                return getattr(self.hasher, name)(*arguments)
            finally:
                with self.counting:
                    self.running -= 1

        return compute


def test_few_hashes_are_computed_at_a_time_so_that_logins_leave_cores_and_memory(monkeypatch):
    stored = passwords.hashed("correct-horse")
    watched = Watched(passwords._hasher)  # noqa: SLF001 - What is spied on is private.
    monkeypatch.setattr(passwords, "_hasher", watched)
    right = []

    def ask(number):
        passwords.hashed(f"password {number}")
        right.append(passwords.matches("correct-horse", stored))
        right.append(passwords.matches("correct-horse", None))

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert watched.most == passwords.AT_ONCE == 2
    assert sorted(right) == [False] * 8 + [True] * 8


def test_a_process_that_is_forked_computes_its_own():
    passwords.hashed("correct-horse")
    child = multiprocessing.get_context("fork").Process(
        target=passwords.hashed, args=["correct-horse"], daemon=True
    )
    child.start()
    child.join(30)
    assert child.exitcode == 0
