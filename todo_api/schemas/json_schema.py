"""How our schemas look in JSON Schema, for the OpenAPI document.

A schema looks one way when it is shown and another when it is sent, whole or in part; which one is
meant its `partial` tells: None when it is shown, False or True when it is sent.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin, resolver
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import fields, missing

from todo_api.schemas.wire import AsIs, Wire


class _Converter(OpenAPIConverter):
    """apispec's converter, told what an answer has."""

    def schema2jsonschema(self, schema: Any) -> dict[str, Any]:
        """Return the JSON Schema of `schema`, in the direction that is meant."""
        about = {"description": inspect.cleandoc(schema.__doc__ or "")}
        if not schema.fields:
            return {**about, "type": "object"} if isinstance(schema, AsIs) else about
        converter: Any = super()
        made: dict[str, Any] = {**converter.schema2jsonschema(schema), **about}
        if schema.needs:
            made["dependentRequired"] = schema.needs
        if schema.partial is None:
            shown = {name: field for name, field in schema.fields.items() if not field.load_only}
            made["properties"] = {name: made["properties"][name] for name in shown}
            made["required"] = [name for name in shown if name not in schema.sometimes]
        return made


class _Plugin(MarshmallowPlugin):
    Converter = _Converter


def describer() -> MarshmallowPlugin:
    """Return apispec's plugin; what is sent has names of its own where it is shown as well.

    What is known to have no fields needs no name.
    """

    def name_of(schema: Any) -> Any:
        if not schema.fields:
            return None
        name: str = resolver(schema)
        if schema.partial is None:
            return name
        is_shown = name != type(schema).__name__
        return f"{name}Changes" if schema.partial else f"New{name}" if is_shown else name

    return _Plugin(schema_name_resolver=name_of)


def prepare(plugin: MarshmallowPlugin) -> None:
    """Let the fields say themselves what they are, once the plugin has its document.

    The plugin would take each `load_default` for a value on the wire, which it need not be.
    """
    converter: Any = plugin.converter
    converter.attribute_functions = [
        each for each in converter.attribute_functions if each.__name__ != "field2default"
    ]
    converter.add_attribute_function(_described)
    converter.add_parameter_attribute_function(_with_example)


def example_shown(schema: Wire) -> Any:
    """Return what an answer in `schema` may look like."""
    secret = schema.load_only_fields()
    example = {name: value for name, value in schema.example.items() if name not in secret}
    return [example] if schema.many else example


def example_sent(schema: Wire) -> Mapping[str, Any]:
    """Return what a client may send for `schema`."""
    if schema.example_sent is not None:
        return schema.example_sent
    own = {name for name, field in schema.fields.items() if not field.metadata.get("readOnly")}
    return {name: value for name, value in schema.example.items() if name in own}


def _with_example(_converter: Any, field: Any, ret: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's example; docs fill in an `example`, which only a required one is to."""
    example = field.root.example[field.name]
    if field.required:
        return {"example": example}
    return {"schema": {**ret["schema"], "examples": [example]}}


def _described(converter: Any, field: Any, **_options: Any) -> dict[str, Any]:
    """Return what a field of our own says of itself, null included where it may be that."""
    partial = getattr(field.root, "partial", None)
    sent = partial is not None
    describe = getattr(field, "described_sent", None) if sent else None
    describe = describe or getattr(field, "described", None)
    said = dict(describe()) if describe else {}
    if isinstance(field, fields.Constant):
        said["const"] = field.constant
    elif sent and "default" not in said and field.load_default not in (None, missing):
        default = field.load_default
        said["default"] = default() if callable(default) else default
    if partial:
        said.pop("default", None)  # What is absent stays as it is.
    if shapes := getattr(field, "one_of", None):
        described = [converter.resolve_nested_schema(shape) for shape in shapes]
        said.update({"oneOf": described} if len(described) > 1 else described[0])
    if field.allow_none:
        if "type" in said:
            said["type"] = [said["type"], "null"]
        for choices, null in (("anyOf", {"type": "null"}), ("enum", None)):
            if choices in said:
                said[choices] = [*said[choices], null]
    return said
