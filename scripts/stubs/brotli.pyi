# The part of Brotli that todo_api uses; the package brings no types of its own.

MODE_TEXT: int

def compress(string: bytes, mode: int = ..., quality: int = ...) -> bytes: ...
