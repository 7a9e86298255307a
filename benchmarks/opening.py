"""How long a report takes to open: Chromium's own start, the first words that are seen, the first figures.

    python benchmarks/opening.py REPORT.html [--times 5] [--listening]

Headless, every time a browser and a profile of its own; medians, printed as JSON. The processor's seconds are those of all of Chromium's
processes until the first figures stand, which other work disturbs less. With --listening exceptions are heard of, as in tests: that alone
makes V8 read plotly four times.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "report"))

from browser import Browser  # noqa: E402

PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"


def opened(file: Path, listening: bool) -> dict[str, float]:
    """Seconds of one opening."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        began = time.perf_counter()
        browser = Browser(Path(profile), listening=listening)
        try:
            started = time.perf_counter() - began
            figures = browser.open(file)
            return {"Chromium's start": started, "first words": browser.run(PAINT), "first figures": figures,
                    "start and figures": started + figures, "CPU of all": _processor(os.getpid())}
        finally:
            browser.close()


def _processor(parent: int) -> float:
    """Seconds of all processes below this one."""
    times = [child.cpu_times() for child in psutil.Process(parent).children(recursive=True)]
    return sum(one.user + one.system for one in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--listening", action="store_true")
    asked = parser.parse_args()
    times = [opened(asked.report, asked.listening) for _ in range(asked.times)]
    found = {name: round(median(one[name] for one in times), 2) for name in times[0]}
    print(json.dumps({"megabytes": round(asked.report.stat().st_size / 1e6, 2), "seconds": found, "load": os.getloadavg()[0]}, indent=2))


if __name__ == "__main__":
    main()
