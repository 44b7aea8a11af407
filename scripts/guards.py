"""Takes guards out, one at a time, and looks whether the tests of their cases turn red: ``python -m scripts.guards [CASE...]``.

The guards are the tables in ``tests/guards``. For each, a private copy of the source is made, the guard is taken out of it, and
the tests of its cases run against the copy, an honest exchange before them. What comes of it:

- red: for each case of the guard a test failed that passes with it, and the honest exchange went well;
- GREEN: the guard is gone and no test of a case saw it: that case is not held;
- broken: the copy does not work at all, or the guard's text was not found: the table is wrong, nothing is shown;
- endless: the time was over, and not every case had a red test.

Exit code 1 unless every guard is red.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any, NoReturn

from tests.guards.table import ROOT, Guard, GuardTableError, files_of, load_guards

HONEST = "tests/client/test_first_read.py"
"""An honest exchange, which must go well without any guard: a copy in which nothing works at all shows nothing."""
SECONDS = 180
"""For the tests of one guard. They take some ten; without a guard some never end."""

Line = dict[str, Any]

_STOPPED = Event()
"""Set when the script is told to end: nothing begins any more."""
_GROUPS: set[int] = set()
"""The process groups that run."""


@dataclass
class Result:
    """What came of one guard."""

    guard: str
    cases: list[str]
    outcome: str
    why: str = ""
    red: list[str] = field(default_factory=list)
    """The tests that failed without the guard."""
    deciding: list[str] = field(default_factory=list)
    """Of these, the first one of each case."""
    run: list[str] = field(default_factory=list)
    """The tests of its cases that ran."""


def judge(guard: Guard, lines: Sequence[Line], *, ended: bool, output: str = "") -> Result:
    """What the witness wrote, and whether the run came to its end, as a result."""
    of_cases = [line for line in lines if line["cases"]]
    failed = [line for line in of_cases if line["outcome"] == "failed"]
    result = Result(guard.id, list(guard.cases), "red")
    result.red, result.run = [line["test"] for line in failed], [line["test"] for line in of_cases]
    broken = [line for line in lines if line["outcome"] == "broken" and not _is_setup_of_a_case(line)]
    honest = [line["test"] for line in lines if not line["cases"] and line["outcome"] == "failed"]
    seen = {case: line["test"] for line in reversed(failed) for case in line["cases"]}
    result.deciding = sorted({seen[case] for case in guard.cases if case in seen})
    unseen = [case for case in guard.cases if case not in seen]
    if broken:
        result.outcome, result.why = "broken", f"{broken[0]['test']}: {broken[0]['by']}"
    elif honest:
        result.outcome, result.why = "broken", f"the honest exchange fails as well: {honest[0]}"
    elif not ended and unseen:
        result.outcome, result.why = "endless", f"no red test in time: {', '.join(unseen)}"
    elif not lines or (unseen and not of_cases):
        result.outcome, result.why = "broken", f"no test of it ran: {output.strip()[-300:]}"
    elif unseen:
        result.outcome, result.why = "GREEN", f"no test saw it: {', '.join(unseen)}"
    return result


def _is_setup_of_a_case(line: Line) -> bool:
    """A fixture that fails, by an error of ours: no proof, and no reason to doubt the others."""
    return bool(line["cases"]) and line["by"] not in ("ImportError", "ModuleNotFoundError", "NameError", "SyntaxError")


def run(guard: Guard, *, seconds: float, everything: bool) -> Result:
    """Take one guard out of a copy and run the tests of its cases there."""
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        copy = _copied(folder)
        try:
            guard.take_out(copy / "dlmskit")
        except GuardTableError as error:
            return Result(guard.id, list(guard.cases), "broken", str(error))
        runs = [[HONEST], *runs_of(guard)]
        lines, ended, output = _witnessed(copy, runs, guard.cases, seconds=seconds, everything=everything)
    return judge(guard, lines, ended=ended, output=output)


def confirm(results: Sequence[Result], *, seconds: float) -> None:
    """Run the tests that decided once more, on a copy with all guards: one that fails there too has decided nothing."""
    tests = sorted({test for result in results if result.outcome == "red" for test in result.deciding})
    if not tests:
        return
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        lines, _, _ = _witnessed(_copied(folder), [tests], (), seconds=seconds + 2 * len(tests), everything=True)
    good = {line["test"] for line in lines if line["outcome"] == "passed"}
    for result in results:
        doubtful = [test for test in result.deciding if test not in good]
        if result.outcome == "red" and doubtful:
            result.outcome, result.why = "broken", f"fails with the guard as well: {doubtful[0]}"


def _copied(folder: str) -> Path:
    return Path(shutil.copytree(ROOT / "src", Path(folder) / "src"))


def _witnessed(
    copy: Path, runs: Sequence[Sequence[str]], cases: Sequence[str], *, seconds: float, everything: bool
) -> tuple[list[Line], bool, str]:
    """What the witness wrote, whether it came to its end, and what it printed."""
    report = copy.parent / "report.jsonl"
    job = {"source": str(copy), "report": str(report), "cases": cases, "runs": runs, "everything": everything}
    command = [sys.executable, "-m", "tests.guards.witness", json.dumps(job)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(copy), str(ROOT)))}
    environment["HYPOTHESIS_PROFILE"] = "guards"  # that an example fails is enough; to look for the smallest takes minutes
    ended, output = _run(command, environment, seconds)
    lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    return [json.loads(line) for line in lines], ended, output


def runs_of(guard: Guard) -> list[list[str]]:
    """The files with tests of its cases: first those that stand where the guard stands, they most likely see it."""
    return [[file] for file in sorted(files_of(set(guard.cases)), key=lambda file: _distance(file, guard))]


def _distance(file: str, guard: Guard) -> tuple[int, str]:
    """How far a file of tests is from the source of the guard: not at all where it mirrors it."""
    tested = Path(file).relative_to("tests").with_name(Path(file).name.removeprefix("test_")).parts
    return -max(_common(tested, Path(patch.file).parts) for patch in guard.patches), file


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return next((at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), len(one))


def _run(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> tuple[bool, str]:
    """Whether it came to an end in time, and what it printed. Whatever it started ends with it."""
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            _GROUPS.add(process.pid)
            return True, process.communicate(timeout=0 if _STOPPED.is_set() else seconds)[0]
        except subprocess.TimeoutExpired:
            return False, ""
        finally:
            _kill(process.pid)
            _GROUPS.discard(process.pid)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Told to end by a signal, the script ends what it has started, and leaves no copy behind."""

    def stop(number: int, _: FrameType | None) -> NoReturn:
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        _STOPPED.set()
        for group in list(_GROUPS):
            _kill(group)
        raise SystemExit(128 + number)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def untouched(results: Iterable[Result]) -> list[str]:
    """The test functions that ran, and that no guard turned red."""
    results = list(results)
    red = {_function(test) for result in results for test in result.red}
    return sorted({_function(test) for result in results for test in result.run} - red)


def _function(test: str) -> str:
    return test.partition("[")[0]


def table(results: Sequence[Result]) -> str:
    """The results as text, one line each, and the count."""
    lines = []
    for result in results:
        seen = f"{len(result.red)} of {len(result.run)} tests red" if result.outcome == "red" else result.why
        lines.append(f"  {result.outcome:<8}{result.guard:<44}{' '.join(result.cases):<24}{seen}")
    red = sum(result.outcome == "red" for result in results)
    return "\n".join([*lines, "", f"{red} of {len(results)} guards are held by the tests of their cases."])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the guards of the cases named, or all."""
    parser = argparse.ArgumentParser(prog="python -m scripts.guards", description="Take guards out, see the tests turn red.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="a case (R-050) or a guard by its id; all without")
    parser.add_argument("--json", action="store_true", help="results as JSON")
    parser.add_argument("--all", action="store_true", help="run every test, and list those that no guard turned red")
    parser.add_argument("--workers", type=int, default=2, choices=(1, 2))
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"time for one guard, {SECONDS} by default")
    options = parser.parse_args(arguments)
    try:
        guards = load_guards()
    except GuardTableError as error:
        print(error, file=sys.stderr)
        return 2
    wanted = set(options.cases)
    chosen = [guard for guard in guards.guards if not wanted or wanted.intersection((guard.id, *guard.cases))]
    unknown = wanted.difference(*((guard.id, *guard.cases) for guard in chosen))
    if unknown:
        reasons = [f"{one}: {guards.without.get(one, 'neither a guard nor a case that has one')}" for one in sorted(unknown)]
        print("\n".join(reasons), file=sys.stderr)
        return 2
    with _ending_in_order():
        results = _run_all(chosen, options)
        confirm(results, seconds=options.seconds)
    left = untouched(results) if options.all else []
    if options.json:
        print(json.dumps({"guards": [asdict(result) for result in results], "untouched": left}, indent=1))
    else:
        print("\n".join([table(results), *(f"turned red by no guard: {test}" for test in left)]))
    return int(any(result.outcome != "red" for result in results))


def _run_all(chosen: Sequence[Guard], options: argparse.Namespace) -> list[Result]:
    def one(guard: Guard) -> Result:
        result = run(guard, seconds=options.seconds, everything=options.all)
        if not _STOPPED.is_set():
            print(f"{result.outcome:<8}{result.guard}", file=sys.stderr, flush=True)
        return result

    with ThreadPoolExecutor(options.workers) as workers:
        try:
            return list(workers.map(one, chosen))
        except SystemExit:
            workers.shutdown(wait=False, cancel_futures=True)
            raise


if __name__ == "__main__":
    sys.exit(main())
