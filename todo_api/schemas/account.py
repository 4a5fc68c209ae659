"""Accounts and logging in, on the wire."""

import re
import unicodedata
from typing import Any

from marshmallow import ValidationError, validate, validates_schema

from todo_api.schemas.fields import Boolean, ETag, Few, Name, Text, TimeZone
from todo_api.schemas.moments import Moment
from todo_api.schemas.wire import READ_ONLY, Wire
from todo_api.services.accounts import PETS_CHARACTERS, why_too_many_characters
from todo_api.values import names

PATTERN = "[A-Za-z0-9._-]{3,64}"
RESERVED = frozenset({"login", "logout"})

EMAIL = {"format": "email"}
PETS = {"description": f"Their characters are at most {PETS_CHARACTERS} together."}
_email = validate.Email(error="Not an e-mail address.")


def _must_fit_together(pets: list[str]) -> None:
    if why := why_too_many_characters(pets):
        raise ValidationError(why)


class Username(Text):
    """A new account's name, brought into NFKC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(least=1, most=255, **options)

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "string", "pattern": f"^{PATTERN}$"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        username = unicodedata.normalize("NFKC", text)
        if not re.fullmatch(PATTERN, username):
            raise ValidationError("Must be 3 to 64 of A-Z a-z 0-9 . _ -")
        if names.key(username) in RESERVED:
            raise ValidationError("This name is reserved.")
        return username


class AccountSchema(Wire):
    """An account as its owner and the admins see and change it."""

    username = Text(most=255, metadata=READ_ONLY)
    email = Text(least=1, most=254, validate=_email, required=True, metadata=EMAIL)
    date_joined = Moment(metadata=READ_ONLY)
    timezone = TimeZone(allow_none=True, load_default="UTC")
    pets = Few(Name(most=64), most=50, allow_none=True, load_default=list, metadata=PETS)
    listed = Boolean(allow_none=True, load_default=False)
    is_admin = Boolean(metadata=READ_ONLY)
    etag = ETag(metadata=READ_ONLY)
    password = Text(least=8, most=256, load_only=True)
    current_password = Text(most=256, load_only=True)

    example = {
        "username": "alice",
        "email": "alice@example.com",
        "date_joined": "2026-11-20T09:30:00Z",
        "timezone": "Europe/Berlin",
        "pets": ["dog"],
        "listed": False,
        "is_admin": False,
        "etag": '"k7w2mq9x.1"',
    }
    needs = {"password": ["current_password"]}


class Registration(AccountSchema):
    """What makes a new account."""

    class Meta:
        exclude = ("current_password",)

    username = Username(required=True)
    pets = Few(
        Name(most=64),
        most=50,
        validate=_must_fit_together,
        allow_none=True,
        load_default=list,
        metadata=PETS,
    )
    password = Text(least=8, most=256, load_only=True, required=True)
    password2 = Text(most=256, load_only=True)

    example = {**AccountSchema.example, "password": "correct-horse-battery"}
    example_sent = {
        "username": "alice",
        "email": "alice@example.com",
        "password": "correct-horse-battery",
    }
    needs = {}

    @validates_schema
    def _read_only_fields_are_as_they_will_be(self, values: dict[str, Any], **options: Any) -> None:
        """Refuse other values here, before anybody looks whether the name is taken."""
        wrong = {
            name: ["Read-only."]
            for name in ("date_joined", "is_admin", "etag")
            if values.get(name, False) is not False
        }
        if wrong:
            raise ValidationError(wrong)

    @validates_schema
    def _repeat_the_password(self, values: dict[str, Any], **options: Any) -> None:
        if values.pop("password2", values.get("password")) != values.get("password"):
            raise ValidationError("The two passwords differ.", "password2")
