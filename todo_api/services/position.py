"""Position: where one text stands in another, asked of the database.

LIKE with a pattern of wildcards costs the length of the text times that of the pattern on both
databases; this costs the length of the text, for all but texts that repeat themselves.
"""

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Position(FunctionElement[int]):
    """The position of the second text in the first one, counted from 1, or 0 if it is not there."""

    type = Integer()
    inherit_cache = True


def _compiled_as(function: str) -> Any:
    def compile_position(element: Position, compiler: SQLCompiler, **options: Any) -> str:
        return f"{function}({compiler.process(element.clauses, **options)})"

    return compile_position


compiles(Position, "sqlite")(_compiled_as("instr"))
compiles(Position, "postgresql")(_compiled_as("strpos"))
