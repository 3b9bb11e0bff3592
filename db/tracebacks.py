"""How an error is logged: by its kind and the lines of code, without what it says."""

import traceback
from collections.abc import Iterator


def without_texts(error: BaseException) -> str:
    """The traceback of an error and of its causes, the cause first. Messages are left out: the
    driver's may carry a row, and with it names, phones and notes.
    """
    return "\n".join(_described(error))


def _described(error: BaseException) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and before is not error:
        yield from _described(before)
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    yield f"{kind}\n{''.join(traceback.format_tb(error.__traceback__))}".rstrip()
