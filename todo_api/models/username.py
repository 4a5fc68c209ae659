"""Usernames: whose each one is, found by the name itself."""

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from todo_api.models.base import Base, Key


class Username(Base):
    """The account that goes by a name, of which `key` is the form that is compared.

    Accounts that are spread over several machines, by their ids, can be neither unique nor found by
    another column; these rows are spread by the key. So nothing refers from here to an account.
    """

    __tablename__ = "username"

    key: Mapped[str] = mapped_column(Key, primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger)
