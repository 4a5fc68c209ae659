"""Users: those who chose to be listed, and a message that anybody may leave."""

from collections.abc import Sequence
from typing import Any

from flask import request

from todo_api.resources import caller_address
from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import Created
from todo_api.resources.stored import StoredEndpoint
from todo_api.resources.work import Work
from todo_api.schemas.message import NewMessage, Received
from todo_api.schemas.user import User
from todo_api.services import accounts, messages, throttle
from todo_api.services.accounts import Listed


class UserList(StoredEndpoint):
    """The listed accounts."""

    access = {"get": PUBLIC, "post": PUBLIC}
    creates = True
    takes = {"post": NewMessage()}
    may = {"post": (429,)}
    work = {"get": Work.SCAN}
    gives = {"get": User(many=True), "post": Received()}

    def get(self) -> Sequence[Listed]:
        """List the users."""
        return accounts.listed(self.session)

    def post(self, fields: dict[str, Any]) -> Created:
        """Leave a message for the admins."""
        limit = throttle.Limit("message", self.settings.messages_per_hour)
        throttle.use(self.session, limit, caller_address.of(request, self.settings))
        text = fields["data"]
        message = messages.leave(self.session, text, kept=self.settings.messages_kept)
        received = {"status": "success", "message": f"received: {text}"}
        return Created(received, f"/api/v1/messages/{message.id}", message.version)
