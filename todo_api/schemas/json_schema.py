"""How our schemas look in JSON Schema, for the OpenAPI document."""

from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin, resolver
from marshmallow import missing


def describer() -> MarshmallowPlugin:
    """Return apispec's plugin; a schema that only changes things has a name of its own."""

    def name_of(schema: Any) -> str:
        name: str = resolver(schema).removesuffix("Schema")
        return f"{name}Changes" if getattr(schema, "partial", None) else name

    return MarshmallowPlugin(schema_name_resolver=name_of)


def prepare(plugin: MarshmallowPlugin) -> None:
    """Let the fields say themselves what they are, once the plugin has its document.

    The plugin would take each `load_default` for a value on the wire, which it need not be.
    """
    converter: Any = plugin.converter
    converter.attribute_functions = [
        each for each in converter.attribute_functions if each.__name__ != "field2default"
    ]
    converter.add_attribute_function(_described)


def _described(_converter: Any, field: Any, **_options: Any) -> dict[str, Any]:
    """Return what a field of our own says of itself, null included where it may be that."""
    describe = getattr(field, "described", None)
    said = dict(describe()) if describe else {}
    if "default" not in said and field.load_default not in (None, missing):
        said["default"] = (
            field.load_default() if callable(field.load_default) else field.load_default
        )
    if field.allow_none:
        if "type" in said:
            said["type"] = [said["type"], "null"]
        for choices, null in (("anyOf", {"type": "null"}), ("enum", None)):
            if choices in said:
                said[choices] = [*said[choices], null]
    return said
