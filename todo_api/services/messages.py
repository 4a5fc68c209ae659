"""Messages: left by anybody, read and deleted by admins, only the newest of them kept."""

from sqlalchemy import delete as sql_delete
from sqlalchemy import select
from sqlalchemy.orm import Session

from todo_api.errors import NotFound
from todo_api.models import Message, MessageRow
from todo_api.services.paging import Order, Plan, plan
from todo_api.services.rows import Kind, columns
from todo_api.values import moments

_ROWS = Kind(MessageRow, Message)
_ALL = select(*_ROWS.columns)
_BY_ID = Order("id", (columns(Message).id,))


def leave(session: Session, text: str, *, kept: int) -> Message:
    """Store a message and throw away all but the newest `kept`."""
    message = Message(text=text, created_date=moments.now())
    session.add(message)
    session.flush()
    newest_too_many = select(Message.id).order_by(Message.id.desc()).offset(kept).limit(1)
    session.execute(sql_delete(Message).where(Message.id <= newest_too_many.scalar_subquery()))
    return message


def get(session: Session, message_id: int) -> Message:
    """Return a message by its id; raise NotFound when there is none."""
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound("No such message")
    return message


def listing(*, limit: int, after: str | None) -> Plan[MessageRow]:
    """Plan one page of the messages, the oldest first."""
    return plan(_ROWS, _ALL, _BY_ID, limit=limit, after=after)


def delete(session: Session, message: Message) -> None:
    """Delete the message."""
    session.delete(message)
