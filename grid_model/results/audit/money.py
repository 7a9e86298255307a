"""Money: cost items recomputed from inputs and the dispatch, and what the summary says of them."""

from __future__ import annotations

import numpy as np

RELATIVE, LEAST = 1e-9, 1e-2  # of the sum of the sizes of an item's terms; CNY


def check_costs(book, plants, switching, sent, programmes, summary, others=None) -> list[str]:
    """Each cost item; the names of those that are not in the dispatch and cannot be recomputed (of policies)."""
    items = [str(item) for item in book.dispatch["item"].values] if "item" in book.dispatch.coords else []
    stored = (
        dict(zip(items, np.asarray(book.dispatch["objective"].values, float))) if "objective" in book.dispatch else {}
    )
    terms = _terms(book, plants, switching, sent, programmes) | (others or {})
    known = [item for item in terms if item in stored or terms[item].any()]
    total, size = (
        np.array([function(terms[item]) for item in known]) for function in (np.sum, lambda one: np.abs(one).sum())
    )
    book.equal(
        "cost item",
        known,
        [stored.get(item, np.nan) for item in known],
        total,
        unit="CNY",
        tolerance=RELATIVE * size + LEAST,
    )
    unknown = [item for item in stored if item not in terms]
    own = {item.partition(".")[0] for item in terms}
    book.equal(
        "cost items that there are",
        unknown or ["all"],
        [float(item.partition(".")[0] in own) for item in unknown] or [0.0],
        unit="1",
        tolerance=0.0,
    )
    if summary:
        check_summary(book, summary, np.array(list(stored.values())))
    return unknown


def _terms(book, plants, switching, sent, programmes) -> dict[str, np.ndarray]:
    """Terms of every cost item of a technology, (units, steps) [CNY]."""
    case, hours = book.case, np.asarray(book.case.cost_hours, float)
    variable_cost = case.profile("variable_cost", case.tables["generators"]["generator"],
                                 book.column("generators", "variable_cost_cny_per_mwh"))
    variable = variable_cost * plants.gross * hours
    terms = {
        f"{group}.generation": variable[plants.of(group)]
        for group in ("thermal", "renewable", "hydro", "reservoir", "solar_thermal")
    }
    terms |= dict(zip(("thermal.start", "thermal.stop", "thermal.no_load"), switching))
    unserved = book.stored("unserved_demand", len(case.tables["loads"]))
    terms["loads.unserved"] = book.column("loads", "unserved_cost_cny_per_mwh")[:, None] * unserved * hours
    discharge = book.stored("discharge", len(case.tables["storage"]))
    terms["storage.wear"] = book.column("storage", "wear_cost_cny_per_mwh")[:, None] * discharge * hours
    level = book.stored("state_of_charge", len(case.tables["storage"]))
    holding = case.profile("holding_cost", case.tables["storage"]["storage"],
                           book.column("storage", "holding_cost_cny_per_mwh_hour"))
    terms["storage.holding"] = holding * level * hours
    converters = case.tables["converters"]
    price = case.profile("conversion_cost", converters["converter"], converters["cost_cny_per_mwh"])
    terms["converters.conversion"] = price * book.stored("conversion", len(converters)) * hours
    terms |= _switching_of_converters(book, converters)
    terms["transmission.transmission"] = book.column("lines", "cost_cny_per_mwh")[:, None] * sent * hours
    price = _response_costs(case)[:, None] * hours
    terms["demand_response.demand_response"] = price * programmes.down
    terms["demand_response.orderly_use"] = price * programmes.ordered
    return terms


def _switching_of_converters(book, converters) -> dict[str, np.ndarray]:
    """Costs of starts, of stops and of what is on, of committed converters."""
    hours, every = np.asarray(book.case.cost_hours, float), len(converters)
    columns = {"start": ("start_cost_cny", "starting", hours / book.hours), "stop": ("stop_cost_cny", "stopping", hours / book.hours),
               "stand_by": ("stand_by_cost_cny_per_hour", "on", hours)}
    committed = converters["committed"].to_numpy(bool)[:, None]
    return {f"converters.{name}": np.where(committed, book.case.profile(
        f"conversion_{name}_cost", converters["converter"], converters[column]) * np.nan_to_num(
            book.stored(f"converter_{what}", every, bool(committed.any()))) * count, 0.0)
        for name, (column, what, count) in columns.items()}


def _response_costs(case) -> np.ndarray:
    """Cost of each programme; of orderly use without one midway between all others of its zone and unserved
    energy [CNY/MWh]."""
    table, loads = case.tables["demand_response"], case.tables["loads"]
    others = table[table["kind"] != "orderly_use"]
    low = (
        table["zone"]
        .map(others["cost_cny_per_mwh"].fillna(0.0).groupby(others["zone"]).max())
        .astype(float)
        .fillna(0.0)
    )
    high = table["zone"].map(loads.groupby("zone")["unserved_cost_cny_per_mwh"].min()).astype(float).fillna(low)
    middle = ((low + high) / 2).where(table["kind"] == "orderly_use", 0.0)
    return table["cost_cny_per_mwh"].fillna(middle).to_numpy(float)


def check_summary(book, summary: dict, items: np.ndarray) -> None:
    """The summary says what the dispatch says."""
    slack = RELATIVE * np.abs(items).sum() + LEAST
    cost, bound = float(summary.get("objective_cny", np.nan)), float(summary.get("lower_bound_cny", np.nan))
    book.equal("cost items sum to the objective", ["objective_cny"], [items.sum()], [cost], unit="CNY", tolerance=slack)
    if summary.get("status") == "optimal" or "lower_bound_cny" in summary:  # windows may leave the bound out
        _check_bound(book, summary, cost, bound)
    sizes = {"hours": book.hours.sum(), "steps": book.steps, "zones": len(book.case.zones)}
    book.equal(
        "sizes in the summary",
        list(sizes),
        [float(summary.get(name, np.nan)) for name in sizes],
        list(sizes.values()),
        unit="1",
        tolerance=1e-9,
    )


def _check_bound(book, summary: dict, cost: float, bound: float) -> None:
    book.at_most(
        "lower bound below the objective",
        ["lower_bound_cny"],
        [bound],
        [cost],
        unit="CNY",
        tolerance=1e-6 * abs(cost) + 1.0,
    )
    book.equal(
        "gap of the bound",
        ["gap"],
        [float(summary.get("gap", np.nan))],
        [(cost - bound) / max(abs(cost), 1.0)],
        unit="1",
        tolerance=1e-9,
    )
