"""Passwords: how they are hashed."""

import multiprocessing
import threading
import time

import pytest
from nacl.pwhash import argon2id

from todo_api.services import passwords

MIB = 1024 * 1024


class Watched:
    """The real library, and how many of its computations ran at a time."""

    def __init__(self, library):
        self.library = library
        self.running = self.most = 0
        self.counting = threading.Lock()

    def __getattr__(self, name):
        def compute(*arguments):
            with self.counting:
                self.running += 1
                self.most = max(self.most, self.running)
            try:
                time.sleep(0.02)
                return getattr(self.library, name)(*arguments)
            finally:
                with self.counting:
                    self.running -= 1

        return compute


def test_few_hashes_are_computed_at_a_time_so_that_logins_leave_cores_and_memory(monkeypatch):
    stored = passwords.hashed("correct-horse")
    watched = Watched(passwords.argon2id)
    monkeypatch.setattr(passwords, "argon2id", watched)
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


def test_an_older_hash_still_matches_and_is_renewed():
    older = argon2id.str(b"correct-horse", 2, 19 * MIB).decode()
    assert passwords.matches("correct-horse", older)
    assert not passwords.matches("wrong-horse", older)
    newer = passwords.renewed("correct-horse", older)
    assert newer.startswith("$argon2id$v=19$m=7168,t=5,p=1$")
    assert passwords.matches("correct-horse", newer)
    assert passwords.renewed("correct-horse", newer) == newer


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$v=19$m=7168,t=5,p=1$", "ä" * 200])
def test_what_is_no_hash_matches_nothing(stored):
    assert not passwords.matches("correct-horse", stored)


def test_a_password_that_still_matches_is_not_hashed_again(monkeypatch):
    known, other = passwords.hashed("correct-horse"), passwords.hashed("correct-horse")
    assert passwords.still_matches("correct-horse", other, known)
    assert not passwords.still_matches("another-horse", other, known)
    monkeypatch.setattr(passwords, "argon2id", None)
    assert passwords.still_matches("correct-horse", known, known)
