"""Loads compiled from schemas: of what is right, the same values as marshmallow's own, far sooner.

Marshmallow is made for finding all that is wrong at once. What is compiled only finds out that
something is wrong, and what that is marshmallow is asked then. Where a schema loads in another way
than by its fields and its hooks, nothing is compiled.
"""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, missing
from marshmallow.decorators import POST_LOAD, PRE_LOAD, VALIDATES, VALIDATES_SCHEMA
from marshmallow.fields import Field

Load = Callable[[Mapping[str, Any], bool], dict[str, Any]]

_ASK: Any = object()
_TAGS = (PRE_LOAD, VALIDATES_SCHEMA, POST_LOAD)


def compiled(schema: Schema) -> Load | None:
    """Return what loads as `schema` does, if partially or not, or None if that is not compiled.

    It raises ValidationError when anything is wrong, and does not say what.
    """
    hooks = type(schema).resolve_hooks()
    called = [hook for tag in _TAGS for hook in hooks[tag]]
    plain = (
        type(schema).load is Schema.load
        and not schema.many
        and schema.unknown in (RAISE, EXCLUDE)
        and not hooks[VALIDATES]
        and not any(of_all or options.get("pass_original") for _, of_all, options in called)
        and not any("." in (field.attribute or "") for field in schema.load_fields.values())
    )
    return _Compiled(schema) if plain else None


class _Compiled:
    """The members that are loaded, and the hooks before and after."""

    def __init__(self, schema: Schema) -> None:
        hooks = type(schema).resolve_hooks()
        self._before, self._checks, self._after = (
            [getattr(schema, name) for name, *_ in hooks[tag]] for tag in _TAGS
        )
        self._parts = [
            (field.data_key or name, field.attribute or name, field.deserialize, _default(field))
            for name, field in schema.load_fields.items()
        ]
        self._known = frozenset(key for key, *_ in self._parts)
        self._unknown = schema.unknown

    def __call__(self, raw: Mapping[str, Any], partial: bool) -> dict[str, Any]:
        options = {"many": False, "partial": partial, "unknown": self._unknown}
        for hook in self._before:
            raw = hook(raw, **options)
        values = {}
        for key, name, deserialize, default in self._parts:
            value = raw.get(key, missing)
            if value is missing and partial:
                continue
            if value is missing and default is not _ASK:
                value = default
            else:
                value = deserialize(value, key, raw, partial=partial)
            if value is not missing:
                values[name] = value
        if self._unknown == RAISE and not raw.keys() <= self._known:
            raise ValidationError("There is an unknown field.")
        for check in self._checks:
            check(values, **options)
        for hook in self._after:
            values = hook(values, **options)
        return values


def _default(field: Field[Any]) -> Any:
    """Return what an absent field becomes, _ASK if only the field can say so."""
    is_plain = type(field).deserialize is Field.deserialize and not field.required
    return field.load_default if is_plain and not callable(field.load_default) else _ASK
