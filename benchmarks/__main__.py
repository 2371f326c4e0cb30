"""``python -m benchmarks``: maild beside aiosmtpd in one run, on one load; prints a table, leaves nothing behind."""

from __future__ import annotations

import argparse
import json
import pickle
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import mails
from benchmarks.installation import Daemon, Memory, furnish, processor_seconds, running

ACCEPT, WHOLE, MEMORY = 0.7, 0.4, 120.0  # what maild has to keep
SETTLE_SECONDS = 3.0  # after a start, before idle memory is read
PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """One load upon each server, one after the other."""

    null: Load  # aiosmtpd as it comes: half before maild, half after it
    fast: Load  # aiosmtpd on the loop of maild
    ours: Load


@dataclass(frozen=True, slots=True)
class Load:
    """One load upon one server: mails a second."""

    accept: float
    whole: float = 0.0
    idle: Memory | None = None
    after: Memory | None = None
    seconds: tuple[float, ...] = ()  # processor time a mail, of the talking process and the worker


def send(port: int, connections: int, load: Sequence[mails.Mail]) -> tuple[float, float]:
    """The load generator's two instants."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", str(port), str(connections)],
        input=pickle.dumps(list(load)), stdout=subprocess.PIPE, check=True, timeout=PATIENCE,
    )  # fmt: skip
    found = json.loads(done.stdout)
    return found["began"], found["ended"]


def null(connections: int, load: Sequence[mails.Mail], *loop: str) -> Load:
    """aiosmtpd that forgets."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.null_server", *loop], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        send(port, connections, mails.warm_up())
        before = processor_seconds(process.pid)
        began, ended = send(port, connections, load)
        seconds = (processor_seconds(process.pid) - before) / len(load)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    return Load(len(load) / (ended - began), seconds=(seconds,))


def _both(before: Load, after: Load) -> Load:
    """Two loads upon one server as one: a machine changes its pace within seconds, and what stands between them is
    measured against both."""
    seconds = tuple(statistics.fmean(pair) for pair in zip(before.seconds, after.seconds, strict=True))
    return Load(statistics.harmonic_mean((before.accept, after.accept)), seconds=seconds)


def whole_way(folder: Path, connections: int, load: Sequence[mails.Mail], settle: float = SETTLE_SECONDS) -> Load:
    """maild: accepted is committed; the whole way ends when acknowledgement and notice of every mail are committed."""
    with running(folder) as daemon:
        time.sleep(settle)
        idle = daemon.memory()
        before = daemon.letters()
        send(daemon.port, connections, mails.warm_up())
        _all_decided(daemon, before + 2 * mails.WARM)
        before, spent = daemon.letters(), daemon.seconds()
        began, ended = send(daemon.port, connections, load)
        finished = _all_decided(daemon, before + 2 * len(load))
        seconds = tuple((b - a) / len(load) for a, b in zip(spent, daemon.seconds(), strict=True))
        made = daemon.made(before)
        if made != {"ack": len(load), "notice": len(load)}:
            raise RuntimeError(f"not what was to be measured: {made}")
        time.sleep(1.0 if settle else 0.0)
        after = daemon.memory()
    return Load(len(load) / (ended - began), len(load) / (max(finished, ended) - began), idle, after, seconds)


def _all_decided(daemon: Daemon, last: int) -> float:
    limit = time.monotonic() + PATIENCE
    while daemon.letters() < last:
        if time.monotonic() > limit:
            raise RuntimeError("not all mails were decided in time")
        time.sleep(0.01)
    return time.monotonic()


def compare(folder: Path, cases: int, count: int, connections: int, runs: int, settle: float) -> list[Run]:
    """The servers in turn, ``runs`` times; maild each time on a fresh copy of one database."""
    template = folder / "template"
    continued = count // 2
    threads = furnish(template, max(cases, continued), continued)
    load = mails.load(count, threads)
    found = []
    for number in range(runs):
        mine = folder / f"run{number}"
        shutil.copytree(template, mine)
        fast = null(connections, load, "uvloop")
        before = null(connections, load)
        ours = whole_way(mine, connections, load, settle)
        found.append(Run(_both(before, null(connections, load)), fast, ours))
        shutil.rmtree(mine)
    shutil.rmtree(template)
    return found


def table(label: str, runs: Sequence[Run]) -> tuple[list[str], bool]:
    """The medians of the runs, and whether they keep the budget. Ratios are of one run's servers."""
    median = statistics.median
    accept = [run.ours.accept / run.null.accept for run in runs]
    whole = [run.ours.whole / run.null.accept for run in runs]
    rss = median(run.ours.idle.rss for run in runs if run.ours.idle)
    pss = median(run.ours.idle.pss for run in runs if run.ours.idle)
    after = median(run.ours.after.pss for run in runs if run.ours.after)
    spent = [median(run.ours.seconds[at] * 1e6 for run in runs) for at in range(len(runs[0].ours.seconds))]
    # memory: a page that two processes share is there once
    good = median(accept) >= ACCEPT and median(whole) >= WHOLE and pss < MEMORY
    lines = [
        f"{label}",
        f"  aiosmtpd, null handler  {median(run.null.accept for run in runs):7.0f} mails/s"
        f"  on uvloop, as maild is  {median(run.fast.accept for run in runs):.0f} mails/s",
        f"  maild, durable accept   {median(run.ours.accept for run in runs):7.0f} mails/s"
        f"  ratio {median(accept):.2f} ({_spread(accept)})  wanted {ACCEPT}"
        f"  to uvloop {median(run.ours.accept / run.fast.accept for run in runs):.2f}",
        f"  maild, the whole way    {median(run.ours.whole for run in runs):7.0f} mails/s"
        f"  ratio {median(whole):.2f} ({_spread(whole)})  wanted {WHOLE}"
        f"  to uvloop {median(run.ours.whole / run.fast.accept for run in runs):.2f}",
        f"  processor time a mail   {' + '.join(f'{one:.0f}' for one in spent)} µs (talking + worker)"
        f"  aiosmtpd {median(run.null.seconds[0] * 1e6 for run in runs):.0f} µs,"
        f" on uvloop {median(run.fast.seconds[0] * 1e6 for run in runs):.0f} µs",
        f"  idle memory             {pss:7.1f} MB, shared pages once ({rss:.1f} MB resident)  wanted < {MEMORY:.0f}",
        f"  memory after the load   {after:7.1f} MB proportional",
    ]
    return lines, good


def _spread(values: Sequence[float]) -> str:
    return " ".join(f"{one:.2f}" for one in sorted(values))


def main(argv: Sequence[str] | None = None) -> int:
    """0 when the budget is kept, 1 when not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--mails", type=int, default=3000, help="of one load (%(default)s)")
    parser.add_argument("--connections", type=int, default=32, help="(%(default)s)")
    parser.add_argument("--runs", type=int, default=7, help="of each server (%(default)s)")
    parser.add_argument(
        "--cases", type=int, default=20_000, help="in the database the second time; 0: not (%(default)s)"
    )
    parser.add_argument("--settle", type=float, default=SETTLE_SECONDS, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    good = True
    for cases in [0, asked.cases] if asked.cases else [0]:
        with tempfile.TemporaryDirectory(prefix="maild-benchmarks-") as folder:
            runs = compare(Path(folder), cases, asked.mails, asked.connections, asked.runs, asked.settle)
        title = f"{cases:,} cases in the database" if cases else "no cases but the load's own"
        label = f"{title}; {asked.mails} mails of 3 kB, {asked.connections} connections, medians of {asked.runs}"
        lines, kept = table(label, runs)
        print("\n".join(lines), flush=True)
        good = good and kept
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
