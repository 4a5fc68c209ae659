"""The feed: wakes those who wait for an account to change, whichever process changed it."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from sqlalchemy import select

from todo_api.database import Database
from todo_api.errors import Code, Unavailable
from todo_api.models import Account
from todo_api.notices import Listener

log = logging.getLogger(__name__)

LEAST_PER_ACCOUNT = 4
"""Subscriptions that one account may have in any case; it may have a quarter of all."""

LISTEN_FOR = 0.5
"""Seconds for which the thread listens before it looks whether anybody still waits."""

_RETRY_AFTER = 30


def _do_nothing() -> None:
    """Stand for a callback that nobody has asked for."""


class Subscription:
    """One who waits for an account to change."""

    def __init__(self, feed: "Feed", account_id: int) -> None:
        self.account_id = account_id
        self._feed = feed
        self._has_ended = False
        self._woken = threading.Event()
        self._on_wake: Callable[[], object] = _do_nothing
        self._on_close: Callable[[], object] = _do_nothing

    @property
    def over(self) -> bool:
        """Whether to wait no more: the process is about to end, or another account needs room."""
        return self._has_ended or self._feed.stopped

    def end(self) -> None:
        """Let the one who waits go."""
        self._has_ended = True
        self.wake()

    def wait(self, seconds: float) -> bool:
        """Wait until the account may have changed since `look`; False if nothing was heard of."""
        return self._woken.wait(seconds)

    def look(self) -> None:
        """Note that the account is looked at from now on, so that only a later change wakes."""
        self._woken.clear()

    def wake(self) -> None:
        """Say that the account may have changed."""
        self._woken.set()
        self._on_wake()

    def on_wake(self, act: Callable[[], object]) -> None:
        """Call `act` in another thread each time that the account may have changed.

        It is called at once if that may be so since the last `look`.
        """
        self._on_wake = act
        if self._woken.is_set():
            act()

    def on_close(self, act: Callable[[], object]) -> None:
        """Call `act` when the subscription is closed."""
        self._on_close = act

    def close(self) -> None:
        """Wait no more; another one may subscribe instead. To close twice does nothing."""
        self._on_wake = _do_nothing
        act, self._on_close = self._on_close, _do_nothing
        self._feed.leave(self)
        act()


class Feed:
    """The subscriptions of one process, at most `places`, and the thread that wakes them.

    The thread is there while somebody waits.
    """

    def __init__(self, database: Database, places: int) -> None:
        self.stopped = False
        self._database = database
        self._places = places
        self._per_account = max(LEAST_PER_ACCOUNT, places // 4)
        self._lock = threading.Lock()
        self._waiting = dict[Subscription, None]()
        self._thread: threading.Thread | None = None
        self._revisions: dict[int, int] = {}

    @property
    def waiting(self) -> int:
        """How many there are who wait."""
        return len(self._waiting)

    def subscribe(self, account_id: int) -> Subscription:
        """Wait for the account to change; raise Unavailable if no place is free."""
        with self._lock:
            counts = Counter(each.account_id for each in self._waiting)
            own = counts[account_id]
            if self.stopped or own >= self._per_account:
                raise _all_taken()
            if len(self._waiting) >= self._places:
                self._end_one_of_most(counts, own + 1)
            if self._thread is None:
                self._start()
            subscription = Subscription(self, account_id)
            self._waiting[subscription] = None
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Let the subscription go; to leave twice does nothing."""
        with self._lock:
            self._waiting.pop(subscription, None)

    def stop(self) -> None:
        """Let nobody wait any more, and return when nothing asks the database any more."""
        with self._lock:
            self.stopped = True
            thread = self._thread
            for subscription in self._waiting:
                subscription.wake()
        if thread:
            thread.join()

    def _end_one_of_most(self, counts: Counter[int], wanted: int) -> None:
        """End the oldest subscription of the account that has most, if that is above `wanted`.

        Raises Unavailable otherwise. So a few accounts cannot take all.
        """
        (largest, count), *_ = counts.most_common(1) or [(0, 0)]
        if count <= wanted:
            raise _all_taken()
        oldest = next(each for each in self._waiting if each.account_id == largest)
        del self._waiting[oldest]
        oldest.end()

    def _start(self) -> None:
        """Start the thread, which waits for the lock; raise Unavailable if there can be no more."""
        thread = threading.Thread(target=self._listen, name="feed", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise Unavailable(retry_after=_RETRY_AFTER) from error
        self._thread = thread

    def _listen(self) -> None:
        listener = None
        while self._is_wanted():
            try:
                if listener is None:
                    listener = Listener(self._database)
                    changed = self._changed()  # What was committed while nobody listened.
                else:
                    topics = listener.hear(LISTEN_FOR)
                    changed = self._changed() if topics is None else topics
                self._wake(changed)
            except Exception as error:
                # Without this thread no stream would be woken any more.
                if not isinstance(error, Unavailable):
                    log.exception("To listen for changes has failed")
                if listener:
                    listener.close()
                listener = None
                time.sleep(LISTEN_FOR)
        if listener:
            listener.close()

    def _is_wanted(self) -> bool:
        """Return whether the thread is to go on; where it is not, the next one may begin."""
        with self._lock:
            wanted = bool(self._waiting) and not self.stopped
            if not wanted:
                self._thread = None
            return wanted

    def _wake(self, changed: set[int]) -> None:
        with self._lock:
            for subscription in self._waiting:
                if subscription.account_id in changed:
                    subscription.wake()

    def _changed(self) -> set[int]:
        """Return those accounts that are waited for and have another revision than last time."""
        with self._lock:
            awaited = {subscription.account_id for subscription in self._waiting}
        query = select(Account.id, Account.revision).where(Account.id.in_(awaited))
        with self._database.reading() as session:
            now = {each.id: each.revision for each in session.execute(query)}
        before, self._revisions = self._revisions, now
        return {each for each in awaited if now.get(each) != before.get(each)}


def _all_taken() -> Unavailable:
    return Unavailable(
        "All event streams are taken.", code=Code.TOO_MANY_STREAMS, retry_after=_RETRY_AFTER
    )
