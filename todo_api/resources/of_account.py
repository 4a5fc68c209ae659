"""Endpoints below an account, and which account that is."""

from typing import Any

from todo_api.models import Account
from todo_api.resources.stored import StoredEndpoint
from todo_api.services import accounts


class AccountEndpoint(StoredEndpoint):
    """A resource below `/api/v1/accounts/<username>`; its verbs are handed that account first."""

    account: Account

    def admit(self, verb: str, **ids: Any) -> None:
        """Look who calls, and which account that is about."""
        super().admit(verb, **ids)
        if self.writing:
            return
        if self.caller.is_called(ids["username"]):
            self.account = self.caller.account
        else:
            self.account = accounts.named(self.session, ids["username"])

    def find(self, **ids: Any) -> tuple[Any, ...]:
        """Return the account, taken if this is a write, and what the URL names within it."""
        if self.writing:
            self.account = accounts.take(self.session, self.account.id)
        return (self.account, *self.find_within(self.account, **ids))

    def find_within(self, account: Account, **ids: Any) -> tuple[Any, ...]:
        """Return what the rest of the URL names among the account's own."""
        return ()
