"""Facts of a DC power flow case, in the units of its table, as a grid of ours; and the published cases themselves.

    load         bus MW
    generators   bus, least MW, greatest MW, c2, c1, c0 (cost c2 p^2 + c1 p + c0 per hour)
    branches     from, to, r, x (per unit of 100 MVA), limit MW, tap ratio (0: a line)

A quadratic cost becomes `pieces` pieces of equal width whose slopes are those of the chords: it is exact at their ends and
too high by at most c2 (width / 2)^2 between them. Constants c0 are added to what is compared. Every branch holds its ends
within 30 degrees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from small import small_case

ANGLE = math.pi / 6


@dataclass(frozen=True)
class Facts:
    load: str
    generators: str
    branches: str
    source: str
    pieces: int = 2000

    def numbers(self, table: str) -> list[list[float]]:
        return [[float(cell) for cell in line.split()] for line in getattr(self, table).strip().split("\n")]

    @property
    def constant(self) -> float:
        """Sum of c0: every unit is on."""
        return sum(row[5] for row in self.numbers("generators"))

    @property
    def most_too_high(self) -> float:
        """Greatest error of all pieces together."""
        return sum(c2 * ((most - least) / self.pieces / 2) ** 2 for _, least, most, c2, _, _ in self.numbers("generators"))


def reactance_alone(r: float, x: float, tap: float) -> float:
    return x


def reactance_with_taps(r: float, x: float, tap: float) -> float:
    return x * (tap or 1.0)


def susceptance_of_impedance(r: float, x: float, tap: float) -> float:
    """1 / b of y = 1 / (r + jx), taps not looked at: the DC model of PowerModels, with which pglib's values were made."""
    return (r * r + x * x) / x


def grid_of(facts: Facts, reactance) -> object:
    """The case of one hour."""
    lines = []
    for number, (start, end, r, x, limit, tap) in enumerate(facts.numbers("branches")):
        pu = reactance(r, x, tap)
        lines.append({"line": f"l{number}", "from_zone": f"bus {start:g}", "to_zone": f"bus {end:g}", "kind": "ac",
                      "capacity_mw": min(limit, 100 * ANGLE / pu), "reactance_pu": pu})
    load = {f"load {bus:g}": power for bus, power in facts.numbers("load")}
    return small_case(1, {"load": load}, generators=generators_of(facts), lines=lines,
                      loads=[{"load": name, "zone": f"bus {name[5:]}", "unserved_cost_cny_per_mwh": 1e5} for name in load],
                      technologies=[{"technology": "unit", "kind": "renewable"}])


def generators_of(facts: Facts) -> list[dict]:
    """Every unit in pieces."""
    return [piece for number, (bus, least, most, c2, c1, _) in enumerate(facts.numbers("generators"))
            for piece in _pieces(f"g{number}", f"bus {bus:g}", least, most, c2, c1, facts.pieces)]


def _pieces(name, zone, least, most, c2, c1, pieces: int) -> list[dict]:
    """A generator that runs at its least output and pieces above it."""
    row = {"zone": zone, "technology": "unit"}
    rows = []
    if least > 0:
        rows.append({"generator": f"{name} least", "capacity_mw": least, "min_output_fraction": 1,
                       "variable_cost_cny_per_mwh": c1 + c2 * least, **row})
    number = pieces if c2 else 1
    width = (most - least) / number
    if width > 0:
        rows += [{"generator": f"{name} {piece}", "capacity_mw": width, **row,
                    "variable_cost_cny_per_mwh": c1 + c2 * (2 * (least + piece * width) + width)} for piece in range(number)]
    return rows


PGLIB = "pglib-opf, {}, CC BY 4.0; its BASELINE.md, column DC ($/h)"
CASE3 = Facts("1 110\n2 110\n3 95", "1 0 2000 0.11 5 0\n2 0 2000 0.085 1.2 0",
              "1 3 0.065 0.62 9000 0\n3 2 0.025 0.75 50 0\n1 2 0.042 0.9 9000 0", PGLIB.format("case3_lmbd"))
CASE5 = Facts("2 300\n3 300\n4 400", "1 0 40 0 14 0\n1 0 170 0 15 0\n3 0 520 0 30 0\n4 0 200 0 40 0\n5 0 600 0 10 0", """
1 2 0.00281 0.0281 400 0
1 4 0.00304 0.0304 426 0
1 5 0.00064 0.0064 426 0
2 3 0.00108 0.0108 426 0
3 4 0.00297 0.0297 426 0
4 5 0.00297 0.0297 240 0""", PGLIB.format("case5_pjm"))
CASE14 = Facts("""
2 21.7
3 94.2
4 47.8
5 7.6
6 11.2
9 29.5
10 9
11 3.5
12 6.1
13 13.5
14 14.9""", "1 0 340 0 7.920951 0\n2 0 59 0 23.269494 0", """
1 2 0.01938 0.05917 472 0
1 5 0.05403 0.22304 128 0
2 3 0.04699 0.19797 145 0
2 4 0.05811 0.17632 158 0
2 5 0.05695 0.17388 161 0
3 4 0.06701 0.17103 160 0
4 5 0.01335 0.04211 664 0
4 7 0 0.20912 141 0.978
4 9 0 0.55618 53 0.969
5 6 0 0.25202 117 0.932
6 11 0.09498 0.1989 134 0
6 12 0.12291 0.25581 104 0
6 13 0.06615 0.13027 201 0
7 8 0 0.17615 167 0
7 9 0 0.11001 267 0
9 10 0.03181 0.0845 325 0
9 14 0.12711 0.27038 99 0
10 11 0.08205 0.19207 141 0
12 13 0.22092 0.19988 99 0
13 14 0.17093 0.34802 76 0""", PGLIB.format("case14_ieee"))
CASE24 = Facts("""
1 108
2 97
3 180
4 74
5 71
6 136
7 125
8 171
9 175
10 195
13 265
14 194
15 317
16 100
18 333
19 181
20 128""", "\n".join(
    ["1 16 20 0 130 400.6849"] * 2 + ["1 15.2 76 0.014142 16.0811 212.3076"] * 2
    + ["2 16 20 0 130 400.6849"] * 2 + ["2 15.2 76 0.014142 16.0811 212.3076"] * 2
    + ["7 25 100 0.052672 43.6615 781.521"] * 3 + ["13 69 197 0.00717 48.5804 832.7575"] * 3
    + ["15 2.4 12 0.328412 56.564 86.3852"] * 5 + ["15 54.3 155 0.008342 12.3883 382.2391"]
    + ["16 54.3 155 0.008342 12.3883 382.2391"] + ["18 100 400 0.000213 4.4231 395.3749"]
    + ["21 100 400 0.000213 4.4231 395.3749"] + ["22 10 50 0 0.001 0.001"] * 6
    + ["23 54.3 155 0.008342 12.3883 382.2391"] * 2 + ["23 140 350 0.004895 11.8495 665.1094"]), """
1 2 0.0026 0.0139 175 0
1 3 0.0546 0.2112 175 0
1 5 0.0218 0.0845 175 0
2 4 0.0328 0.1267 175 0
2 6 0.0497 0.192 175 0
3 9 0.0308 0.119 175 0
3 24 0.0023 0.0839 400 1.03
4 9 0.0268 0.1037 175 0
5 10 0.0228 0.0883 175 0
6 10 0.0139 0.0605 175 0
7 8 0.0159 0.0614 175 0
8 9 0.0427 0.1651 175 0
8 10 0.0427 0.1651 175 0
9 11 0.0023 0.0839 400 1.03
9 12 0.0023 0.0839 400 1.03
10 11 0.0023 0.0839 400 1.02
10 12 0.0023 0.0839 400 1.02
11 13 0.0061 0.0476 500 0
11 14 0.0054 0.0418 500 0
12 13 0.0061 0.0476 500 0
12 23 0.0124 0.0966 500 0
13 23 0.0111 0.0865 500 0
14 16 0.005 0.0389 500 0
15 16 0.0022 0.0173 500 0
15 21 0.0063 0.049 500 0
15 21 0.0063 0.049 500 0
15 24 0.0067 0.0519 500 0
16 17 0.0033 0.0259 500 0
16 19 0.003 0.0231 500 0
17 18 0.0018 0.0144 500 0
17 22 0.0135 0.1053 500 0
18 21 0.0033 0.0259 500 0
18 21 0.0033 0.0259 500 0
19 20 0.0051 0.0396 500 0
19 20 0.0051 0.0396 500 0
20 23 0.0028 0.0216 500 0
20 23 0.0028 0.0216 500 0
21 22 0.0087 0.0678 500 0""", PGLIB.format("case24_ieee_rts"))
# Three areas of the same loads and units as case24 (whose buses 1 to 24 are 101 to 124, 201 to 224 and 301 to 324), the same
# branches told to three digits, and six between them.
AREA73 = """
1 2 0.003 0.014 175 0
1 3 0.055 0.211 175 0
1 5 0.022 0.085 175 0
2 4 0.033 0.127 175 0
2 6 0.05 0.192 175 0
3 9 0.031 0.119 175 0
3 24 0.002 0.084 400 1.015
4 9 0.027 0.104 175 0
5 10 0.023 0.088 175 0
6 10 0.014 0.061 175 0
7 8 0.016 0.061 175 0
8 9 0.043 0.165 175 0
8 10 0.043 0.165 175 0
9 11 0.002 0.084 400 1.03
9 12 0.002 0.084 400 1.03
10 11 0.002 0.084 400 1.015
10 12 0.002 0.084 400 1.015
11 13 0.006 0.048 500 0
11 14 0.005 0.042 500 0
12 13 0.006 0.048 500 0
12 23 0.012 0.097 500 0
13 23 0.011 0.087 500 0
14 16 0.005 0.059 500 0
15 16 0.002 0.017 500 0
15 21 0.006 0.049 500 0
15 21 0.006 0.049 500 0
15 24 0.007 0.052 500 0
16 17 0.003 0.026 500 0
16 19 0.003 0.023 500 0
17 18 0.002 0.014 500 0
17 22 0.014 0.105 500 0
18 21 0.003 0.026 500 0
18 21 0.003 0.026 500 0
19 20 0.005 0.04 500 0
19 20 0.005 0.04 500 0
20 23 0.003 0.022 500 0
20 23 0.003 0.022 500 0
21 22 0.009 0.068 500 0"""
BETWEEN73 = """107 203 0.042 0.161 175 0
113 215 0.01 0.075 500 0
123 217 0.01 0.074 500 0
325 121 0.012 0.097 500 0
318 223 0.013 0.104 500 0
323 325 0 0.009 722 0"""


def _areas(table: str, buses: int) -> str:
    """A table of case24 for each of three areas; the first columns name buses."""
    rows = [line.split() for line in table.strip().split("\n")]
    return "\n".join(" ".join([str(100 * area + int(bus)) for bus in row[:buses]] + row[buses:])
                     for area in (1, 2, 3) for row in rows)


CASE73 = Facts(_areas(CASE24.load, 1), _areas(CASE24.generators, 1), f"{_areas(AREA73, 2)}\n{BETWEEN73}",
               PGLIB.format("case73_ieee_rts"), pieces=200)
CASE30 = Facts("""
2 21.7
3 2.4
4 7.6
5 94.2
7 22.8
8 30
10 5.8
12 11.2
14 6.2
15 8.2
16 3.5
17 9
18 3.2
19 9.5
20 2.2
21 17.5
23 3.2
24 8.7
26 3.5
29 2.4
30 10.6""", "1 0 271 0 18.421528 0\n2 0 92 0 52.182254 0", """
1 2 0.0192 0.0575 138 0
1 3 0.0452 0.1652 152 0
2 4 0.057 0.1737 139 0
3 4 0.0132 0.0379 135 0
2 5 0.0472 0.1983 144 0
2 6 0.0581 0.1763 139 0
4 6 0.0119 0.0414 148 0
5 7 0.046 0.116 127 0
6 7 0.0267 0.082 140 0
6 8 0.012 0.042 148 0
6 9 0 0.208 142 0.978
6 10 0 0.556 53 0.969
9 11 0 0.208 142 1
9 10 0 0.11 267 1
4 12 0 0.256 115 0.932
12 13 0 0.14 210 1
12 14 0.1231 0.2559 29 0
12 15 0.0662 0.1304 29 0
12 16 0.0945 0.1987 30 0
14 15 0.221 0.1997 20 0
16 17 0.0524 0.1923 38 0
15 18 0.1073 0.2185 29 0
18 19 0.0639 0.1292 29 0
19 20 0.034 0.068 29 0
10 20 0.0936 0.209 30 0
10 17 0.0324 0.0845 33 0
10 21 0.0348 0.0749 30 0
10 22 0.0727 0.1499 29 0
21 22 0.0116 0.0236 29 0
15 23 0.1 0.202 29 0
22 24 0.115 0.179 26 0
23 24 0.132 0.27 29 0
24 25 0.1885 0.3292 27 0
25 26 0.2544 0.38 25 0
25 27 0.1093 0.2087 28 0
28 27 0 0.396 75 0.968
27 29 0.2198 0.4153 28 0
27 30 0.3202 0.6027 28 0
29 30 0.2399 0.4533 28 0
8 28 0.0636 0.2 140 0
6 28 0.0169 0.0599 149 0""", PGLIB.format("case30_ieee"))
