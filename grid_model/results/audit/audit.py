"""All laws of a stored dispatch, one after the other."""

from __future__ import annotations

import logging
from pathlib import PurePath

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
from grid_model.results.audit.rows import check_rows
from grid_model.results.audit.self_use import check_self_use
from grid_model.results.audit.stores import check_place, check_storage
from grid_model.results.audit.targets import check_targets
from grid_model.results.audit.thermal_units import check_thermal
from grid_model.results.audit.told import check_told
from grid_model.results.audit.use import check_use
from grid_model.results.audit.water import check_reservoirs
from grid_model.results.audit.words import check_words

logger = logging.getLogger(__name__)

UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def audit(case, dispatch, tables=None, summary=None, provenance=None, duals=None, changed=None, rules=None) -> pd.DataFrame:
    """Check a dispatch against its inputs.

    Parameters
    ----------
    case : Case, the inputs
    dispatch : xarray.Dataset
    tables : {name: DataFrame}, all that stand beside the dispatch
    summary : costs, bound, sizes and settings of the rules as stored
    duals : row duals as stored, of which the balance's are the price
    changed : files of stored results that are not as they were written
    provenance : hashes of the inputs that were solved, where the case was read from files
    rules : settings of every rule by the inputs, which the summary's must be

    Returns
    -------
    table of `law, where, when, worst, unit, tolerance, passed, count, checked`, a row for every law that has something
    to check; the names of cost items that cannot be recomputed are in `attrs["not_recomputed"]`. What is stored so that a law
    cannot even be computed breaks the law `stored values can be read`.
    """
    book, unknown = Book(case, dispatch), []
    _check_sources(book, provenance)
    if changed is not None:
        book.equal("result files as written", [", ".join(changed) or "all"], [float(len(changed))], unit="1", tolerance=0.0)
    try:
        unknown = _check_laws(book, tables, summary, duals, rules) if check_facts(book) else []
    except UNREADABLE as error:
        logger.debug("the audit ended early", exc_info=True)
        book.equal("stored values can be read", [f"{type(error).__name__}: {error}"], [1.0], unit="1", tolerance=0.0)
    table = book.table()
    table.attrs["not_recomputed"] = unknown
    return table


def _check_laws(book, tables, summary, duals, rules) -> list[str]:
    """Law after law; names of cost items that cannot be recomputed."""
    policies = (summary or {}).get("policies") if rules is None else rules
    check_told(book, summary, tables, rules)
    check_rows(book, tables)
    demand = check_loads(book)
    plants = read_plants(book)
    generation = check_generation(book, plants)
    switching = check_thermal(book, plants)
    check_causes(book, plants, tables)
    stores = check_storage(book)
    check_place(book, plants)
    check_self_use(book, tables, policies)
    check_reservoirs(book, plants)
    arriving, sent = check_lines(book)
    check_one_way(book, sent, tables, summary)
    responding, programmes = check_response(book)
    converted = check_converters(book)
    check_balance(book, demand, generation, stores, arriving, responding, converted)
    check_carbon(book, plants, sent, tables)
    check_prices(book, duals, tables)
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
    return unknown


def _check_sources(book, provenance) -> None:
    """Input files are those that were solved; the scenario itself stands in the results."""
    solved, read = (_hashes(sources) for sources in ((provenance or {}).get("inputs_sha256") or {}, book.case.sources))
    changed = [name for name, _ in sorted(solved ^ read)] if solved else []
    names = changed or sorted({name for name, _ in solved})
    book.equal("input files as solved", names, [float(bool(changed))] * len(names), unit="1", tolerance=0.0)


def _hashes(sources: dict) -> set[tuple[str, str]]:
    """Name and hash of each input file wherever it stands, scenarios left out."""
    return {(PurePath(name).name, digest) for name, digest in sources.items() if not name.endswith((".yaml", ".yml"))}


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
