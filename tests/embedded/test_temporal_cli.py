"""The Temporal CLI is got once, and used only when it is whole. `go` is played by a script."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

OBTAIN = """
from embedded import temporal_cli
temporal_cli.DOWNLOAD_HOST = "127.0.0.1"  # where nobody answers
print(temporal_cli.obtain(lambda words: None), flush=True)
"""

GO = """#!/bin/sh
if [ "$1" = version ]; then echo "go version go1.26.0 linux/amd64"; exit; fi
echo build >> {builds}
printf 'half' > "$GOBIN/temporal"
while [ ! -e {finish} ]; do sleep 0.05; done
printf '#!/bin/sh\\necho whole\\n' > "$GOBIN/temporal"
"""


class Workbench:
    """A PATH with our `go` only, an empty cache, and a switch that lets builds finish."""

    def __init__(self, root: Path) -> None:
        self.builds, self.finish, self.cache = root / "builds", root / "finish", root / "cache"
        self.binary = self.cache / "chairtime" / "temporal-v1.5.1" / "temporal"
        go = root / "bin" / "go"
        go.parent.mkdir()
        go.write_text(GO.format(builds=self.builds, finish=self.finish))
        go.chmod(0o755)
        self.environment = {
            "PATH": f"{go.parent}:/usr/bin:/bin",
            "XDG_CACHE_HOME": str(self.cache),
            "HTTPS_PROXY": "",
            "https_proxy": "",
        }

    def count(self) -> int:
        return len(self.builds.read_text().split()) if self.builds.exists() else 0


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def test_two_that_need_it_at_once_build_it_once(
    workbench: Workbench, run_python: Callable, eventually: Callable
) -> None:
    both = [run_python(OBTAIN, **workbench.environment) for _ in range(2)]
    eventually(lambda: workbench.count() > 0, 10)

    workbench.finish.touch()

    assert {process.communicate()[0].strip() for process in both} == {str(workbench.binary)}
    assert workbench.count() == 1
    assert "whole" in workbench.binary.read_text()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_half_built_one_is_never_used(
    how: signal.Signals, workbench: Workbench, run_python: Callable, eventually: Callable
) -> None:
    builder = run_python(OBTAIN, **workbench.environment)
    eventually(lambda: workbench.count() > 0, 10)
    builder.send_signal(how)
    builder.wait()
    assert not workbench.binary.exists()

    workbench.finish.touch()
    second = run_python(OBTAIN, **workbench.environment)

    assert second.communicate()[0].strip() == str(workbench.binary)
    assert "whole" in workbench.binary.read_text()
    assert not list(workbench.binary.parent.glob("making-*"))


def test_a_build_that_fails_leaves_nothing_and_says_where_to_look(
    workbench: Workbench, run_python: Callable
) -> None:
    go = Path(workbench.environment["PATH"].split(":")[0]) / "go"
    go.write_text(GO.split("printf")[0].format(builds=workbench.builds) + "exit 1\n")
    code = OBTAIN.replace("print(", "try:\n  print(") + (
        "except temporal_cli.Unobtainable as failure:\n  print(failure)\n"
    )

    said = run_python(code, **workbench.environment).communicate()[0]

    assert "build.log" in said
    assert not workbench.binary.exists()


def test_what_is_on_the_path_is_taken_as_it_is(workbench: Workbench, run_python: Callable) -> None:
    own = Path(workbench.environment["PATH"].split(":")[0]) / "temporal"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)

    said = run_python(OBTAIN, **workbench.environment).communicate()[0]

    assert said.strip() == str(own)
    assert workbench.count() == 0
