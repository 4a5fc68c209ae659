"""Bodies as forms, where all is text and an empty text stands for null."""

from typing import Any

from todo_api.resources import body
from todo_api.schemas.fields import ANY_TEXT

Described = dict[str, Any]
"""A JSON Schema."""

_FORMS = (body.FORM, body.MULTIPART)
_EMPTY = {"type": "string", "maxLength": 0}
_OTHER_BOOLEANS = {"type": "string", "enum": ["1", "0", "on", "off"]}
_BESIDE = ("description", "readOnly", "writeOnly", "default")


def describe(document: Described) -> None:
    """Give each form in `document` a schema of its own, made from that of the same body in JSON."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for media, told in operation.get("requestBody", {}).get("content", {}).items():
                if media in _FORMS and "$ref" in told["schema"]:
                    name = told["schema"]["$ref"].rpartition("/")[2]
                    told["schema"] = _form(document["components"]["schemas"][name])


def _form(schema: Described) -> Described:
    """Return an object's schema with the fields that a form can have, and these are no objects."""
    fields = {name: _field(field) for name, field in schema["properties"].items()}
    return {**schema, "properties": {name: field for name, field in fields.items() if field}}


def _field(field: Described) -> Described:
    beside = {key: field[key] for key in _BESIDE if key in field}
    rest = {key: value for key, value in field.items() if key not in beside}
    types = rest["type"] if isinstance(rest.get("type"), list) else [rest.get("type")]
    shapes = rest.get("anyOf") or [{**rest, "type": each} for each in types]
    texts = [_without_null(shape) for shape in shapes if shape.get("type") not in (None, "null")]
    if not texts:
        return {}
    if any(text["type"] == "boolean" for text in texts):
        texts.append(_OTHER_BOOLEANS)
    if len(texts) < len(shapes) and not any(_may_be_empty(text) for text in texts):
        texts.append(_EMPTY)
    return {**beside, **(texts[0] if len(texts) == 1 else {"anyOf": texts})}


def _without_null(shape: Described) -> Described:
    words = (
        {"enum": [word for word in shape["enum"] if word is not None]} if "enum" in shape else {}
    )
    return {**shape, **words}


def _may_be_empty(text: Described) -> bool:
    return text.get("pattern") == ANY_TEXT and "minLength" not in text
