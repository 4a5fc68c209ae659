"""Dumps compiled from schemas: of the same JSON as marshmallow's own, for a tenth of its time.

What is compiled knows the fields of a schema by their classes. Where there is anything else in it,
a hook or a method overridden, nothing is compiled. A field may `show` a value as something that
JSON is made of sooner than of what its `_serialize` returns.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, missing
from marshmallow.decorators import POST_DUMP, PRE_DUMP

Show = Callable[[Any], Any]
_Part = tuple[str, str, Show | None]
"""The key of a member, the attribute that it shows, none for a constant, and how, if not as is."""


class _Unknown(Exception):
    """There is something in a schema that cannot be compiled."""


def compiled(schema: Schema) -> Show | None:
    """Return what shows one object as `schema` does, or None if that cannot be compiled."""
    try:
        _must_be_plain(schema)
        parts = [_part(name, field) for name, field in schema.dump_fields.items()]
    except _Unknown:
        return None
    return _Compiled(parts, schema.get_attribute, whole=not getattr(schema, "sometimes", ()))


class _Compiled:
    """The members that are shown, and for each class of objects the way to show one."""

    def __init__(
        self, parts: list[_Part], get: Callable[[Any, str, Any], Any], *, whole: bool
    ) -> None:
        self._parts = parts
        self._get = get
        self._by_attribute = _function(parts, "it.{}") if whole else self._carefully
        by_key = _function(parts, "it[{!r}]") if whole else self._carefully
        self._ways: dict[type, Show] = {dict: by_key}

    def __call__(self, it: Any) -> Any:
        """Return the members of an object."""
        way = self._ways.get(type(it)) or self._way(type(it))
        try:
            return way(it)
        except (AttributeError, KeyError):
            return self._carefully(it)

    def all(self, values: Iterable[Any]) -> list[Any]:
        """Return the members of each of many objects, null for what is none."""
        each = list(values)
        ways = self._ways
        try:
            return [ways[type(it)](it) for it in each]
        except (AttributeError, KeyError):
            return [None if it is None else self(it) for it in each]

    def _way(self, kind: type) -> Show:
        """Return how objects of a class are shown; of these, marshmallow tries the items first."""
        has_items = hasattr(kind, "__getitem__") and not issubclass(kind, tuple)
        self._ways[kind] = self._carefully if has_items else self._by_attribute
        return self._ways[kind]

    def _carefully(self, it: Any) -> dict[str, Any]:
        """Show an object that may not have all that is shown."""
        members = {}
        for key, name, show in self._parts:
            value = self._get(it, name, missing) if name else 0
            if value is not missing:
                members[key] = value if show is None or value is None else show(value)
        return members


def _function(parts: list[_Part], place: str) -> Show:
    """Return a function of one object that is a single expression: a dict of all members.

    It takes half the time of what loops over them, which is why it is compiled from a text. There
    is nothing in it but keys as literals, and names of fields, which are identifiers.
    """
    shows: dict[str, Any] = {}
    members = []
    for key, name, show in parts:
        value = place.format(name)
        if show:
            call = f"show{len(shows)}"
            shows[call] = show
            value = (
                f"None if (value := {value}) is None else {call}(value)" if name else f"{call}(0)"
            )
        members.append(f"{key!r}: {value}")
    function: Show = eval(f"lambda it: {{{', '.join(members)}}}", shows)  # noqa: S307 - See above.
    return function


def _must_be_plain(schema: Schema) -> None:
    """Raise _Unknown if it is not only the fields that say how `schema` dumps."""
    hooks = type(schema).resolve_hooks()
    own = all(_definer(type(schema), name) is Schema for name in ("dump", "_serialize"))
    if hooks[PRE_DUMP] or hooks[POST_DUMP] or not own or schema.dict_class is not dict:
        raise _Unknown


def _part(name: str, field: fields.Field[Any]) -> _Part:
    key = name if field.data_key is None else field.data_key
    if type(field) is fields.Constant:
        constant = field.constant
        return key, "", lambda _: constant
    attribute = field.attribute or name
    if not attribute.isidentifier() or field.dump_default is not missing:
        raise _Unknown
    return key, attribute, _show(field)


def _show(field: fields.Field[Any]) -> Show | None:
    """Return how a field shows a value that is not None, or None if that is as it is."""
    kind = type(field)
    if any(_definer(kind, name) is not fields.Field for name in ("serialize", "get_value")):
        raise _Unknown
    serializing = _definer(kind, "_serialize")
    own: Show | None = getattr(field, "show", None)
    if own and "show" in vars(serializing):
        return own
    if serializing is fields.Field:
        return None
    if isinstance(field, fields.Nested) and serializing is fields.Nested:
        return _nested(field)
    if isinstance(field, fields.List) and serializing is fields.List:
        return _listed(_show(field.inner))
    if isinstance(field, fields.Float) and kind is fields.Float and not field.as_string:
        return float
    if isinstance(field, fields.Decimal) and kind is fields.Decimal and _is_plain(field):
        return _decimal
    raise _Unknown


def _nested(field: fields.Nested) -> Show:
    schema = field.schema
    assert isinstance(schema, Schema)
    show = None if schema.many or field.many else compiled(schema)
    if show is None:
        raise _Unknown
    return show


def _listed(show: Show | None) -> Show:
    if show is None:
        return list
    if isinstance(show, _Compiled):
        return show.all
    return lambda values: [None if value is None else show(value) for value in values]


def _is_plain(field: fields.Decimal) -> bool:
    return not field.as_string and field.places is None


def _decimal(value: Any) -> Decimal:
    return value if type(value) is Decimal else Decimal(str(value))


def _definer(kind: type, name: str) -> type:
    """Return the class of which `kind` has its attribute `name`."""
    return next(each for each in kind.__mro__ if name in vars(each))
