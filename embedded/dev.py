"""`chairtime dev`: the whole system on this machine, from nothing but the checkout."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from embedded import dev_state, paths, signals, welcome
from embedded.system import Options, System


def run(options: Options, token: Callable[[str], str]) -> None:
    """Starts everything, keeps it running, and ends it when asked to; `token` makes one for a role.

    Raises AlreadyRunning, ProcessEnded, TimeoutError, Unobtainable or MigrationRefused,
    and then leaves nothing running.
    """
    signals.raise_when_asked_to_end()
    console = Console(highlight=False)
    with dev_state.exclusive(options.home), _data(options) as data, _dev_json(options.home):
        system = System(options, data, console)
        try:
            system.start()
            welcome.show(console, system.state, options, token)
            system.supervisor.keep()
        except KeyboardInterrupt:
            console.print("\nStopping …")
        finally:
            signals.ignore()
            system.supervisor.stop()
    console.print("Stopped.")


@contextlib.contextmanager
def _data(options: Options) -> Iterator[Path]:
    """The data directory of this run; an ephemeral one is removed at the end."""
    home = paths.data(options.home)
    ephemeral = home / "ephemeral"
    shutil.rmtree(ephemeral, ignore_errors=True)  # left by a killed stack
    data = ephemeral if options.ephemeral else home / "data"
    if options.reset:
        shutil.rmtree(data, ignore_errors=True)

    data.mkdir(exist_ok=True)
    paths.open_for_others(data)
    yield data
    shutil.rmtree(ephemeral, ignore_errors=True)


@contextlib.contextmanager
def _dev_json(home: Path) -> Iterator[None]:
    """Removes dev.json before and after the run, so that it exists only while the stack runs."""
    dev_json = home / "dev.json"
    dev_json.unlink(missing_ok=True)
    try:
        yield
    finally:
        dev_json.unlink(missing_ok=True)
