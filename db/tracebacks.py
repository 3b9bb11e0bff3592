"""Tracebacks for the log, without error messages."""

import traceback
from collections.abc import Iterator


def without_texts(error: BaseException) -> str:
    """The traceback of an error and of its causes, the cause first. Messages are left out: the
    driver's may contain a row, and with it names, phones and notes.
    """
    return "\n".join(_described(error))


def _described(error: BaseException) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and before is not error:
        yield from _described(before)
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    yield f"{kind}\n{''.join(traceback.format_tb(error.__traceback__))}".rstrip()
