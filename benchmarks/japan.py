"""
Time what a user waits for: a fresh Python, from its start to the answer for the embedded Japan, without a map.

    python benchmarks/japan.py --runs 7

Each figure is the wall time of a whole process. Caches are warm: every command runs once before it is timed, and
the commands take turns, so that a busy moment does not fall on one of them alone. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version

GOAL_S, TARGET_S = 4.0, 3.0

COMMANDS = {
    "Python alone": "pass",
    "import only": "import three_mismatches",
    "read only": "import three_mismatches as tm; tm.japan()",
    "import to answer": "import three_mismatches as tm; tm.japan().solve()",
}
ANSWER = "import to answer"
PACKAGES = ("three-mismatches", "numpy", "pandas", "geopandas", "pandera", "numba", "highspy")


def seconds(code: str) -> float:
    """Return the wall time of a fresh Python that runs some code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def measure(runs: int) -> dict[str, list[float]]:
    """Return each command's times, taken in turns after one that does not count."""
    for code in COMMANDS.values():
        seconds(code)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, code in COMMANDS.items():
            times[name].append(seconds(code))
    return times


def machine() -> str:
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {system}, " + ", ".join(f"{name} {version(name)}" for name in PACKAGES)


def table(times: dict[str, list[float]]) -> str:
    rows = [
        f"| {name} | {statistics.median(found):.2f} | {min(found):.2f} | {max(found):.2f} | `{COMMANDS[name]}` |"
        for name, found in times.items()
    ]
    return "\n".join(["| | median [s] | least [s] | most [s] | code |", "|---|---:|---:|---:|---|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Time a fresh Python from its start to the answer for Japan."
    )
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    times = measure(runs)
    median = statistics.median(times[ANSWER])
    said = "within" if median <= TARGET_S else "beyond"
    print(f"{machine()}; {runs} runs each\n\n{table(times)}\n")
    print(f"{ANSWER}: {median:.2f} s, {said} the target of {TARGET_S:g} s (goal {GOAL_S:g} s)")


if __name__ == "__main__":
    main()
