"""Messages: what was left at `/users`, for the admins."""

from typing import Any

from todo_api.models import Message
from todo_api.resources.auth import ADMIN
from todo_api.resources.endpoint import PAGED, Listed, Version, listed
from todo_api.resources.stored import StoredEndpoint
from todo_api.schemas.message import MessagePage, MessageSchema
from todo_api.services import messages


class MessageList(StoredEndpoint):
    """The messages."""

    access = {"get": ADMIN}
    asks = PAGED
    gives = {"get": MessagePage()}

    def get(self, query: dict[str, Any]) -> Listed:
        """List the messages."""
        return listed("messages", messages.listing(**query).page(self.session))


class MessageItem(StoredEndpoint):
    """One message."""

    access = {"get": ADMIN, "delete": ADMIN}
    gives = {"get": MessageSchema()}

    def find(self, **ids: Any) -> tuple[Any, ...]:
        """Return the message of that id."""
        return (messages.get(self.session, ids["id"]),)

    def version(self, *objects: Any) -> Version:
        """Return the version of the message."""
        message: Message = objects[0]
        return message.version

    def get(self, message: Message) -> Message:
        """See the message."""
        return message

    def delete(self, message: Message) -> None:
        """Delete the message."""
        messages.delete(self.session, message)
