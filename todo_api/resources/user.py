"""Users: those who chose to be listed, and a message that anybody may leave."""

from typing import Any

from flask import Response, request

from todo_api.resources import caller_address
from todo_api.resources.auth import PUBLIC
from todo_api.resources.body import JSON
from todo_api.resources.endpoint import Created, Version
from todo_api.resources.stored import StoredEndpoint
from todo_api.resources.work import Work
from todo_api.schemas.message import NewMessage, Received
from todo_api.schemas.user import User
from todo_api.services import accounts, messages, throttle

USERS = User(many=True)


class UserList(StoredEndpoint):
    """The accounts that chose to be listed: the first USERS_SHOWN of them by username."""

    access = {"get": PUBLIC, "post": PUBLIC}
    creates = True
    compresses = True
    takes = {"post": NewMessage()}
    may = {"post": (429,)}
    work = {"get": Work.PUBLIC_LIST}
    gives = {"get": USERS, "post": Received()}

    def find(self, **ids: Any) -> tuple[Any, ...]:
        """Return the version of the list, which a message has nothing to do with."""
        if self.writing:
            return ()
        return (accounts.listed_version(self.session, self.settings.users_shown),)

    def version(self, *objects: Any) -> Version | None:
        """Return the version of the list."""
        return objects[0] if objects else None

    def get(self, version: Version) -> Response:
        """List the users."""
        body = self.backend.users.body(version, self._users)
        return Response(body, content_type=JSON)

    def post(self, fields: dict[str, Any]) -> Created:
        """Leave a message for the admins."""
        limit = throttle.Limit("message", self.settings.messages_per_hour)
        throttle.use(self.session, limit, caller_address.of(request, self.settings))
        text = fields["data"]
        message = messages.leave(self.session, text, kept=self.settings.messages_kept)
        received = {"status": "success", "message": f"received: {text}"}
        return Created(received, f"/api/v1/messages/{message.id}", message.version)

    def _users(self) -> Any:
        return USERS.show(accounts.listed(self.session, self.settings.users_shown))
