"""Changes: how a client that was away catches up."""

from typing import Any

from todo_api.models import Owner
from todo_api.resources.auth import OWNER
from todo_api.resources.endpoint import Version
from todo_api.resources.of_account import AccountEndpoint
from todo_api.schemas.change import ChangeQuery, ChangesSchema
from todo_api.services import changes
from todo_api.services.changes import Changes


class ChangeList(AccountEndpoint):
    """What has changed in an account since a sync token."""

    strict = True
    access = {"get": OWNER}
    cacheable = True
    compresses = True
    asks = {"get": ChangeQuery()}
    gives = {"get": ChangesSchema()}

    def version(self, *objects: Any) -> Version:
        """Return the version of the account with all in it."""
        account: Owner = objects[0]
        return account.list_version

    def get(self, account: Owner, query: dict[str, Any]) -> Changes:
        """Catch up."""
        return changes.since(self.session, account, query["since"], query["limit"])
