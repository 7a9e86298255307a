"""HiGHS that prints nothing: all that it says is heard; what it warns of is kept in words of ours, and how far it is.

line of HiGHS                                     what is kept
WARNING: ... some excessively small costs         some costs are very small beside the others; so for limits and amounts
WARNING:    Consider scaling the objective by ... nothing: advice that goes with the line before
WARNING: No semi-integer/integer variables ...    nothing: arrays can only be handed over with kinds of columns
WARNING: Model status changed from ... to ...     nothing: highs.py judges what a run has come to
any other WARNING or ERROR                        the line itself

Costs that lean (ranked.py) are made small on purpose: what is said of costs then is not said of the case.
"""

from __future__ import annotations

import logging
import re

import highspy

LEAST = 1e-12  # the smallest that HiGHS lets stand in a matrix [units of the programme]; by itself it drops what is below 1e-9
_SILENT = ("Consider scaling", "No semi-integer/integer variables in model with non-empty integrality", "Model status changed")
_EXTREME = re.compile(r"some excessively (small|large) (costs|column bounds|row bounds)")
_MEANT = {"costs": "costs", "column bounds": "limits", "row bounds": "amounts"}
_OF_COSTS = "some excessively small costs"
_ITERATION = re.compile(r"\s*(\d+)\s+[-+]?\d\S*\s")


class Listening(highspy.Highs):
    """`warnings`: each once, in the order they came; `doing`: what the solver is at, in a few words; `leans`: whether its costs do."""

    def __init__(self):
        super().__init__()
        self.warnings: list[str] = []
        self.doing, self.leans = "", False
        self._told = 0
        self.setOptionValue("log_to_console", False)
        self.setOptionValue("output_flag", True)
        self.setOptionValue("small_matrix_value", LEAST)
        self.cbLogging.subscribe(self._hear)

    def let_go(self) -> None:
        """HiGHS holds who listens to it, who holds it: without this a solved programme stays in memory until Python looks for circles
        of references, which it seldom does where little but arrays is made. It can be asked, but not run, afterwards."""
        self.disableCallbacks()
        self.callbacks.clear()

    def tell(self, logger: logging.Logger) -> None:
        """Log the warnings that came since the last time."""
        for said in self.warnings[self._told :]:
            logger.warning(said)
        self._told = len(self.warnings)

    def _hear(self, event) -> None:
        for line in event.message.splitlines():
            if line.startswith(("WARNING", "ERROR")):
                said = "" if self.leans and _OF_COSTS in line else in_our_words(line)
                if said and said not in self.warnings:
                    self.warnings.append(said)
            elif line.startswith("Presolving"):
                self.doing = "presolve"
            elif iteration := _ITERATION.match(line):
                self.doing = f"{count:,} iterations" if (count := int(iteration[1])) else "first iterations"


def in_our_words(line: str) -> str:
    """A warning of HiGHS's as it is told; empty where nothing is to be said."""
    said = line.partition(":")[2].strip()
    if said.startswith(_SILENT):
        return ""
    if extreme := _EXTREME.search(said):
        return f"the numbers of this case lie far apart: some {_MEANT[extreme[2]]} are very {extreme[1]} beside the others"
    return f"the solver warns: {said}"
