"""Endpoints below an account, and which account that is."""

from typing import Any, ClassVar

from todo_api.models import Owner
from todo_api.resources import auth
from todo_api.resources.auth import Caller, Who
from todo_api.resources.endpoint import Version
from todo_api.resources.stored import StoredEndpoint
from todo_api.services import accounts


class AccountEndpoint(StoredEndpoint):
    """A resource below `/api/v1/accounts/<username>`; its verbs are handed that account first.

    Where its path names no account, it is the caller's.

    It is the row that was found of who calls, or the one that a write holds, unless it is to be the
    `whole` account. The response of a `cacheable` one depends on nothing but what the account's own
    revision counts.
    """

    account: Owner
    whole: ClassVar[bool] = False
    cacheable: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        written = [cls.access[verb].who for verb in cls.verbs() if verb in cls.writes]
        if not cls.whole and any(who != Who.OWNER for who in written):
            raise TypeError(f"{cls.__name__} writes for others than who calls: it must be whole")

    def state(self, *objects: Any) -> Version | None:
        """Return the version of the account with all in it, if the answer depends on no more.

        An answer to parameters that the route does not know has none: there is no end of them.
        """
        owns = self.account.id == self.caller.account.id
        may_repeat = self.cacheable and owns and not self.may_ignore_parameters("get")
        return self.account.list_version if may_repeat else None

    def admit(self, verb: str, **ids: Any) -> None:
        """Look who calls, and which account that is about."""
        super().admit(verb, **ids)
        if self.writing:
            return
        username = ids.get("username", self.caller.account.username)
        if self.caller.is_called(username) and not self.whole:
            self.account = self.caller.account
        else:
            self.account = accounts.named(self.session, username)

    def who(self) -> Caller:
        """Return who calls, which is known of one who is held."""
        return self.caller if self.writing and not self.whole else super().who()

    def find(self, **ids: Any) -> tuple[Any, ...]:
        """Return the account, taken if this is a write, and what the URL names within it."""
        if self.writing and self.whole:
            self.account = accounts.take(self.session, self.account.id)
        elif self.writing:
            self.caller = auth.identify(self.session, self.request, hold=True)
            self.account = self.caller.account
        return (self.account, *self.find_within(self.account, **ids))

    def find_within(self, account: Owner, **ids: Any) -> tuple[Any, ...]:
        """Return what the rest of the URL names among the account's own."""
        return ()
