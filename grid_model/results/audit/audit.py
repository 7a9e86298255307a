"""All laws of a stored dispatch, one after the other."""

from __future__ import annotations

import pandas as pd

from grid_model.errors import AuditError
from grid_model.results.audit.allowances import check_allowances
from grid_model.results.audit.book import Book
from grid_model.results.audit.carbon import check_carbon
from grid_model.results.audit.causes import check_causes
from grid_model.results.audit.certificate_ledger import check_certificate_ledger
from grid_model.results.audit.certificate_market import check_certificate_market
from grid_model.results.audit.conversion import check_converters
from grid_model.results.audit.energy_balance import check_balance, check_facts, check_loads
from grid_model.results.audit.generation import check_generation, read_plants
from grid_model.results.audit.green_loads import check_green_loads
from grid_model.results.audit.lines import check_lines
from grid_model.results.audit.money import check_costs
from grid_model.results.audit.obligations import check_obligations
from grid_model.results.audit.one_way import check_one_way
from grid_model.results.audit.payments import check_settlement
from grid_model.results.audit.plans import check_plans
from grid_model.results.audit.prices import check_prices
from grid_model.results.audit.purchase import check_purchase
from grid_model.results.audit.reserve import check_reserves
from grid_model.results.audit.response import check_response
from grid_model.results.audit.stores import check_place, check_storage
from grid_model.results.audit.targets import check_targets
from grid_model.results.audit.thermal_units import check_thermal
from grid_model.results.audit.use import check_use
from grid_model.results.audit.water import check_reservoirs
from grid_model.results.audit.words import check_words


def audit(case, dispatch, tables=None, summary=None, provenance=None, duals=None, changed=None) -> pd.DataFrame:
    """Check a dispatch against its inputs.

    Parameters
    ----------
    case : Case, the inputs
    dispatch : xarray.Dataset
    tables : {name: DataFrame}, of which `burning`, `purchase_order` and `guaranteed_purchase`, `ledger` and those beside it, and `settlement` are
        read
    summary : costs, bound, sizes and settings of the rules as stored
    duals : row duals as stored, of which the balance's are the price
    changed : files of stored results that are not as they were written
    provenance : hashes of the inputs that were solved, where the case was read from files

    Returns
    -------
    table of `law, where, when, worst, unit, tolerance, passed, count, checked`, a row for every law that has something
    to check; the names of cost items that cannot be recomputed are in `attrs["not_recomputed"]`
    """
    book, unknown = Book(case, dispatch), []
    _check_sources(book, provenance)
    if changed is not None:
        book.equal("result files as written", [", ".join(changed) or "all"], [float(len(changed))], unit="1", tolerance=0.0)
    if check_facts(book):
        demand = check_loads(book)
        plants = read_plants(book)
        generation = check_generation(book, plants)
        switching = check_thermal(book, plants)
        check_causes(book, plants, tables)
        stores = check_storage(book)
        check_place(book, plants)
        check_reservoirs(book, plants)
        arriving, sent = check_lines(book)
        check_one_way(book, sent, tables, summary)
        responding, programmes = check_response(book)
        converted = check_converters(book)
        check_balance(book, demand, generation, stores, arriving, responding, converted)
        check_carbon(book, plants, sent, tables)
        check_prices(book, duals, tables)
        policies = (summary or {}).get("policies")
        others = check_reserves(book, plants, policies) | check_allowances(book, plants, tables, policies)
        others |= check_obligations(book, tables, policies) | check_plans(book, plants, sent, tables, policies)
        others |= check_certificate_market(book, plants, sent, tables, policies) | check_green_loads(book, plants, tables, policies)
        check_certificate_ledger(book, plants, tables)
        check_settlement(book, plants, sent, programmes, tables, policies)
        check_use(book, programmes, tables)
        check_targets(book, plants, programmes, tables, policies)
        check_words(book, tables)
        unknown = check_costs(book, plants, switching, sent, programmes, summary, others)
        check_purchase(book, plants, tables)
    table = book.table()
    table.attrs["not_recomputed"] = unknown
    return table


def _check_sources(book, provenance) -> None:
    """Input files are those that were solved; the scenario itself stands in the results."""
    solved, read = (_hashes(sources) for sources in ((provenance or {}).get("inputs_sha256") or {}, book.case.sources))
    changed = [*sorted(solved.keys() - read.keys()), *sorted(read.keys() - solved.keys())] if solved else []
    names = [{**read, **solved}[one] for one in changed] or list(solved.values())
    book.equal("input files as solved", names, [float(bool(changed))] * len(names), unit="1", tolerance=0.0)


def _hashes(sources: dict) -> dict:
    """Name of each input file by its hash, scenarios left out."""
    return {digest: name for name, digest in sources.items() if not name.endswith((".yaml", ".yml"))}


def summarise(table: pd.DataFrame) -> dict:
    """What the summary of a run keeps of an audit."""
    failed = table[~table["passed"]]
    nearest = (table["worst"] / table["tolerance"]).where(table["tolerance"] > 0).max()
    return {
        "passed": bool(table["passed"].all()),
        "laws": len(table),
        "checked": int(table["checked"].sum()),
        "failed": failed["law"].tolist(),
        "worst_part_of_tolerance": float(nearest) if failed.empty else None,
        "power_tolerance_mw": float(table.loc[table["law"] == "balance", "tolerance"].min())
        if "balance" in set(table["law"])
        else None,
        "not_recomputed": list(table.attrs.get("not_recomputed", ())),
    }


def demand_passed(table: pd.DataFrame) -> None:
    """Raise AuditError, naming every law that is broken, by how much and where."""
    failed = table[~table["passed"]]
    if len(failed):
        lines = [
            f"  {row.law}: {row.worst:,.6g} {row.unit} at {row.where}{f', {row.when}' if row.when else ''} "
            f"(allowed {row.tolerance:.2g}; {row.count} of {row.checked})"
            for row in failed.itertuples()
        ]
        raise AuditError("\n".join([f"the dispatch breaks {len(failed)} of {len(table)} laws:", *lines]))
