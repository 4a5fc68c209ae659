"""Wire: the base of all schemas. What it adds to marshmallow is the contract's rules for bodies."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import islice
from operator import eq
from typing import Any, ClassVar, final

from marshmallow import (
    INCLUDE,
    Schema,
    ValidationError,
    fields,
    missing,
    post_load,
    validates_schema,
)

from todo_api.errors import Invalid
from todo_api.schemas import dumping, loading

MOST_ERRORS = 20
"""How many errors an answer names."""

READ_ONLY = {"readOnly": True}
"""Metadata of a field that a client may send back as it got it, and not otherwise."""


class Wire(Schema):
    """A shape on the wire.

    An unknown field is an error. An absent one gets its default when something is created and stays
    unchanged otherwise; null sets a field back to its default, where it has one.

    For the docs, `example` is one such thing as it is shown, and `example_sent` what a client would
    send, unless that is the same without the read-only fields. An answer has all the fields but
    for those that it has only `sometimes`, when they are not null. What a form cannot say is not
    described `in_forms`.

    A field that is sent may need others beside it.
    """

    example: ClassVar[Mapping[str, Any]] = {}
    example_sent: ClassVar[Mapping[str, Any] | None] = None
    sometimes: ClassVar[frozenset[str]] = frozenset()
    in_forms: ClassVar[bool] = True
    needs: ClassVar[Mapping[str, list[str]]] = {}

    def read(self, raw: Any, *, partial: bool = False) -> dict[str, Any]:
        """Return the values in a client's fields; raise errors.Invalid if any of them is wrong."""
        if not isinstance(raw, Mapping):
            raise Invalid("The body must be a JSON object.")
        if self._load:
            with suppress(ValidationError):
                return self._load(raw, partial)
        try:
            values: dict[str, Any] = self.load(raw, partial=partial)
        except ValidationError as error:
            raise Invalid(errors=_by_field({**error.messages_dict})) from None
        return values

    def show(self, it: Any) -> Any:
        """Return what renders as the JSON that `dump` would give for `it`, in a tenth of its time.

        Moments and exact numbers are in it as `json_text.render` takes them.
        """
        if self._show is None:
            return self.dump(it)
        return [self._show(each) for each in it] if self.many else self._show(it)

    @final
    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Return what `obj` has to show, `default` for what an answer has only sometimes."""
        value = super().get_attribute(obj, attr, default)
        return default if value is None and attr in self.sometimes else value

    @cached_property
    def _load(self) -> loading.Load | None:
        return loading.compiled(self)

    @cached_property
    def _show(self) -> dumping.Show | None:
        return dumping.compiled(self)

    def load_only_fields(self) -> set[str]:
        """Return the names of the fields that only come in, such as passwords."""
        return {name for name, field in self.fields.items() if field.load_only}

    def read_only_in(self, values: dict[str, Any]) -> dict[str, Any]:
        """Take the read-only fields out of `values` and return them."""
        return {
            name: values.pop(field.attribute or name)
            for name, field in self.fields.items()
            if field.metadata.get("readOnly") and (field.attribute or name) in values
        }

    def must_match(self, claims: Mapping[str, Any], stored: Any) -> None:
        """Raise errors.Invalid unless each read-only field equals what is stored."""
        if not claims:
            return
        shown = self.dump(stored)
        wrong = {
            name: ["Read-only."]
            for name, claim in claims.items()
            if not _is_same(self.fields[name], claim, shown[name])
        }
        if wrong:
            raise Invalid(errors=wrong)

    def from_form(self, form: Mapping[str, list[str]]) -> dict[str, Any]:
        """Return a form's texts as the JSON values they stand for.

        An empty text is null for a nullable field. Only a list field may repeat: errors.Invalid.
        """
        values: dict[str, Any] = {}
        for name, texts in form.items():
            field = self.fields.get(name)
            if field is None:
                values[name] = texts[0]
            elif texts == [""] and field.allow_none:
                values[name] = None
            elif isinstance(field, fields.List):
                values[name] = texts
            elif len(texts) > 1:
                raise Invalid(errors={name: ["Given more than once."]})
            else:
                values[name] = getattr(field, "from_text", str)(texts[0])
        return values

    @validates_schema
    def _have_what_is_needed(self, values: dict[str, Any], **options: Any) -> None:
        for name, others in self.needs.items():
            for other in others:
                if name in values and other not in values:
                    raise ValidationError(f"Needed beside {name}.", other)

    @post_load
    def _null_is_default(self, values: dict[str, Any], **options: Any) -> dict[str, Any]:
        if None not in values.values():
            return values
        for name, field in self.fields.items():
            key = field.attribute or name
            if key in values and values[key] is None:
                default = field.load_default
                values[key] = None if default is missing else _made(default)
        return values


class AsIs(Wire):
    """An object whose members are not known beforehand."""

    class Meta:
        unknown = INCLUDE

    def dump(self, obj: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        """Return the object."""
        return dict(obj)


def _is_same(field: fields.Field[Any], claim: Any, shown: Any) -> bool:
    stored = field.deserialize(shown)
    is_same = getattr(field, "is_same", eq)
    return bool(is_same(claim, stored))


def _made(default: Any) -> Any:
    return default() if callable(default) else default


def _by_field(messages: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the first of the texts by field; an answer is not to be larger than what it is to."""
    found: dict[str, list[str]] = {}
    for (name, *place), text in islice(_texts(messages), MOST_ERRORS):
        inside = [part for part in place if part != "_schema"]
        found.setdefault(name, []).append(": ".join([*inside, text]))
    return found


def _texts(messages: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Flatten marshmallow's nested messages into pairs of a path, field name first, and a text."""
    if isinstance(messages, Mapping):
        for part, inner in messages.items():
            yield from _texts(inner, (*path, str(part)))
    else:
        yield from ((path, str(text)) for text in messages)
