"""A Case is what the files say: tables complete, changes made, profiles on the steps of the horizon."""

from __future__ import annotations

import gzip
import hashlib
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid_model.case.case import Case, labelled
from grid_model.case.changes import share_growth
from grid_model.case.read import read_case
from grid_model.errors import InputError
from grid_model.scenario_loading import load_scenario, scenario_of


def test_two_zones_by_hand(two_zones, read):
    """Three tables with their required columns only and two profiles are enough."""
    case = read(two_zones)
    assert (case.name, case.zones, case.steps, case.hours) == ("two_zones", ["North", "South"], 4, 4.0)
    assert case.time.equals(pd.date_range("2027-01-01", periods=4, freq="h")) and case.time.tz is None
    assert case.step_hours.tolist() == [1.0] * 4
    assert case.profile("load", ["South base", "North base"]).tolist() == [[30, 30, 40, 40], [60, 70, 80, 90]]
    availability = case.profile("availability", ["North coal", "North wind"], [0.9, 0.8])
    assert availability.tolist() == [[0.9] * 4, [0.1, 0.5, 1.0, 0.0]]
    assert availability.dtype == float and availability.flags.c_contiguous
    assert case.series["availability"].dims == ("generator", "time") and case.series["load"].attrs["units"] == "MW"
    assert case.tables["storage"].empty and "charge_efficiency" in case.tables["storage"]
    generators = case.tables["generators"]
    assert generators["variable_cost_cny_per_mwh"].tolist() == [258.5, 0.0, 435.6], "the package's technologies"
    assert generators["purchase_class"].tolist() == ["none", "guaranteed", "none"]
    assert case.generators("renewable")["generator"].tolist() == ["North wind"]


def test_every_file_read_is_hashed(two_zones, read):
    sources = read(two_zones).sources
    files = [
        "scenario.yaml",
        "inputs/zones.csv",
        "inputs/generators.csv",
        "inputs/loads.csv",
        "inputs/profiles/load.csv",
        "inputs/profiles/availability.csv",
    ]
    assert sources == {
        (two_zones.folder / file).as_posix(): hashlib.sha256((two_zones.folder / file).read_bytes()).hexdigest()
        for file in files
    }


def test_data_set_overrides_cells_of_the_packages_technologies(two_zones, read):
    two_zones.table(
        "technologies", "technology,kind,variable_cost_cny_per_mwh,purchase_class\ngas,,500,\ntidal,renewable,7,market"
    )
    two_zones.table(
        "generators",
        """generator,zone,technology,capacity_mw,variable_cost_cny_per_mwh
        North coal,North,coal,100,
        North wind,North,wind_onshore,50,3
        South gas,South,gas,80,
        South tidal,South,tidal,10,""",
    )
    case = read(two_zones)
    assert case.tables["generators"]["variable_cost_cny_per_mwh"].tolist() == [258.5, 3, 500, 7]
    assert case.tables["generators"]["purchase_class"].tolist() == ["none", "guaranteed", "none", "market"]
    technologies = case.tables["technologies"].set_index("technology")
    assert (
        technologies.loc["gas", ["kind", "label"]].tolist() == ["thermal", "Gas"] and "hydrogen" in technologies.index
    )


def test_byte_order_mark_crlf_and_blank_rows_are_tolerated(two_zones, read):
    (two_zones.inputs / "zones.csv").write_bytes("\ufeffzone,name_zh\r\n\r\n North ,北\r\n,\r\nSouth,南\r\n".encode())
    (two_zones.profiles / "availability.csv").write_bytes(
        "\ufefftime,North wind\r\n".encode() + b"".join(b"2027-01-01 0%d:00:00,0.5\r\n" % hour for hour in range(4))
    )
    case = read(two_zones)
    assert case.zones == ["North", "South"] and case.tables["zones"]["name_zh"].tolist() == ["北", "南"]
    assert case.profile("availability", ["North wind"]).tolist() == [[0.5] * 4]


def test_names_may_be_chinese_and_quoted(two_zones, read):
    two_zones.table("zones", "zone\n北京\n\"North, 'the' zone\"")
    two_zones.table("generators", "generator,zone,technology,capacity_mw\n北京 煤电,北京,coal,5")
    two_zones.table("loads", "load,zone\n北京 负荷,北京\nrest,\"North, 'the' zone\"")
    two_zones.profile("load", "time,北京 负荷,rest\n" + "\n".join(f"2027-01-01T0{hour}:00,1,2" for hour in range(4)))
    (two_zones.profiles / "availability.csv").unlink()
    assert read(two_zones).profile("load", ["北京 负荷", "rest"])[:, 0].tolist() == [1, 2]


def test_arrays_of_a_case_cannot_be_written_to(two_zones, read):
    case = read(two_zones)
    for values in (case.series["load"].values, case.step_hours):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0
    case.profile("load", ["North base"])[0] = 0  # a copy


def test_a_case_goes_to_other_processes(two_zones, read):
    case = read(two_zones)
    again = pickle.loads(pickle.dumps(case))
    assert again.time.equals(case.time) and again.scenario == case.scenario
    pd.testing.assert_frame_equal(again.tables["generators"], case.tables["generators"])


def test_errors_go_to_other_processes(two_zones, problems):
    two_zones.table("zones", "zone")
    error = InputError(problems(two_zones))
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


# ------------------------------------------------------------------------------------------------------------- profiles


@pytest.mark.parametrize("ending", ["parquet", "csv.gz"])
def test_profiles_as_parquet_or_packed(two_zones, read, ending):
    before = read(two_zones).series["load"]
    frame = pd.read_csv(two_zones.profiles / "load.csv")
    (two_zones.profiles / "load.csv").unlink()
    if ending == "parquet":
        frame.assign(time=pd.to_datetime(frame["time"])).to_parquet(two_zones.profiles / "load.parquet")
    else:
        (two_zones.profiles / "load.csv.gz").write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    assert read(two_zones).series["load"].equals(before)


def test_own_column_then_the_zones_then_the_default(two_zones, read):
    two_zones.table(
        "generators",
        """generator,zone,technology,capacity_mw
        North wind,North,wind_onshore,50
        North wind 2,North,wind_onshore,50
        South wind,South,wind_onshore,50
        South gas,South,gas,80""",
    )
    two_zones.hourly(
        "availability.wind_onshore", {"South": [0.2] * 4, "North": [0.3] * 4, "Elsewhere": [9.0] * 4}, ending="parquet"
    )
    case = read(two_zones)
    assert list(case.series["availability"].generator) == ["North wind", "North wind 2", "South wind"]
    assert case.profile("availability", ["North wind", "North wind 2", "South wind", "South gas"], 1.0)[
        :, 0
    ].tolist() == [0.1, 0.3, 0.2, 1.0]


def test_wind_without_hours_is_warned_of(two_zones, read, caplog):
    """A folder of the user's own hours that forgets the wind: allowed, always available, and said. Coal needs none."""
    read(two_zones)
    assert not caplog.text
    (two_zones.profiles / "availability.csv").unlink()
    assert "availability" not in read(two_zones).series
    assert len(caplog.messages) == 1
    assert "wind_onshore: no availability" in caplog.text and "for North wind; taken as always available" in caplog.text


def test_loads_of_a_kind_share_the_profile_of_their_zone(two_zones, read):
    (two_zones.profiles / "load.csv").unlink()
    two_zones.table("loads", "load,zone,kind\nNorth base,North,\nNorth cars,North,ev\nSouth base,South,base")
    two_zones.hourly("load.base", {"North": [6.0] * 4, "South": [3.0] * 4})
    two_zones.hourly("load.ev", {"North": [1.0] * 4})
    assert read(two_zones).profile("load", ["North base", "North cars", "South base"])[:, 3].tolist() == [6, 1, 3]


def test_horizon_inside_the_profile(two_zones, read):
    """A later start takes the later hours of the same files."""
    assert read(two_zones, start="2027-01-01T02:00").profile("load", ["North base"]).tolist() == [[80, 90]]
    assert read(two_zones, end="2027-01-01T01:00").profile("load", ["North base"]).tolist() == [[60]]
    assert read(two_zones, overrides=["horizon.hours=2"]).steps == 2


def test_long_steps_take_means_and_short_steps_repeat(two_zones, read):
    """60, 70, 80, 90 MW become 65 and 85 MW in steps of two hours; in half hours each stands twice."""
    assert read(two_zones, overrides=["horizon.step_hours=2"]).profile("load", ["North base"]).tolist() == [[65, 85]]
    short = read(two_zones, overrides=["horizon.step_hours=0.5", "horizon.hours=3"])
    assert short.profile("load", ["North base"]).tolist() == [[60, 60, 70, 70, 80, 80]]
    assert short.time[1] == pd.Timestamp("2027-01-01T00:30") and short.hours == 3


def test_quarter_hourly_profiles_on_quarter_hours_and_hours(two_zones, read):
    for name, columns in {
        "load": {"North base": np.arange(16.0), "South base": np.ones(16)},
        "availability": {"North wind": np.arange(16) / 16},
    }.items():
        two_zones.hourly(name, columns, freq="15min")
    assert read(two_zones).profile("load", ["North base"]).tolist() == [[1.5, 5.5, 9.5, 13.5]]
    quarter = read(two_zones, overrides=["horizon.step_hours=0.25", "horizon.hours=1"])
    assert quarter.profile("load", ["North base"]).tolist() == [[0, 1, 2, 3]]


def test_annual_energy_scales_a_whole_year_to_itself(two_zones, read):
    """With annual_mwh the profile is a shape: in a leap year its 8784 hours sum to exactly what is asked for."""
    shape = 1 + np.sin(np.arange(8784 + 24))
    two_zones.hourly("load", {"North base": shape * 50, "South base": shape}, start="2028-01-01")
    two_zones.hourly("availability", {"North wind": np.ones(8784)}, start="2028-01-01")
    two_zones.table("loads", "load,zone,annual_mwh\nNorth base,North,1e6\nSouth base,South,")
    two_zones.scenario_text("inputs: inputs\nhorizon: {start: 2028-01-01, hours: 8784}\n")
    north, south = read(two_zones).profile("load", ["North base", "South base"])
    assert north.sum() == pytest.approx(1e6, rel=1e-12)
    assert south == pytest.approx(shape[:8784]), "without annual_mwh the values are MW"


def test_annual_energy_of_a_short_file_counts_as_typical_of_the_year(two_zones, read):
    """Mean of the file 75 MW; 8760 MWh a year are 1 MW in the mean, so that the hours are 60/75 ... 90/75 MW."""
    two_zones.table("loads", "load,zone,annual_mwh\nNorth base,North,8760\nSouth base,South,")
    assert read(two_zones).profile("load", ["North base"])[0] == pytest.approx(np.array([60, 70, 80, 90]) / 75)
    second = read(two_zones, start="2027-01-01T02:00")
    assert second.profile("load", ["North base"])[0] == pytest.approx(np.array([80, 90]) / 75), (
        "the horizon does not change the shape"
    )


def test_annual_energy_holds_in_each_of_two_years(two_zones, read):
    two_zones.hourly(
        "load", {"North base": np.r_[np.full(24, 5.0), np.full(24, 7.0)], "South base": np.ones(48)}, start="2026-12-31"
    )
    two_zones.hourly("availability", {"North wind": np.ones(48)}, start="2026-12-31")
    two_zones.table("loads", "load,zone,annual_mwh\nNorth base,North,8760\nSouth base,South,")
    two_zones.scenario_text("inputs: inputs\nhorizon: {start: 2026-12-31, hours: 48}\n")
    assert read(two_zones).profile("load", ["North base"])[0] == pytest.approx(np.ones(48))


# ---------------------------------------------------------------------------------------------------------------- hydro


@pytest.fixture
def hydro(two_zones):
    """Hydro generators of one zone: 30 and 10 MW on its budget, one with a reservoir, one with a budget of its own."""
    two_zones.table(
        "generators",
        """generator,zone,technology,capacity_mw
        big,North,hydro_reservoir,30
        small,North,hydro_run_of_river,10
        dam,North,hydro_reservoir,100
        own,North,hydro_reservoir,100
        North wind,North,wind_onshore,50""",
    )
    two_zones.table("reservoirs", "reservoir,generator,capacity_mwh\nlake,dam,1000")
    two_zones.table("hydro_monthly", "zone,month,energy_mwh\nNorth,1,7440\nNorth,2,6720\nSouth,1,0")
    two_zones.profile("energy_budget", "time,own\n2027-01-01,744\n2027-02-01,0\n2027-05-01,5")
    hours = np.ones(48)
    two_zones.hourly("load", {"North base": hours, "South base": hours}, start="2027-01-31")
    two_zones.hourly("availability", {"North wind": hours}, start="2027-01-31")
    two_zones.hourly("inflow", {"lake": hours * 12}, start="2027-01-31")
    two_zones.scenario_text("inputs: inputs\nhorizon: {start: 2027-01-31, hours: 48}\n")
    return two_zones


def test_monthly_energy_is_shared_by_capacity(hydro, read):
    """7440 MWh in January are 10 MW, 7.5 and 2.5 MW; an own budget goes first, one with a reservoir has none."""
    case = read(hydro)
    assert list(case.series["energy_budget"].generator) == ["big", "small", "own"]
    assert case.series["energy_budget"].attrs["units"] == "MW"
    budget = case.profile("energy_budget", ["big", "small", "own"])
    assert budget[:, 0] == pytest.approx([7.5, 2.5, 1.0]) and budget[:, 24] == pytest.approx([7.5, 2.5, 0.0])
    assert case.profile("inflow", ["lake"])[0, 0] == 12
    assert (case.profile("energy_budget", ["big"]) * case.step_hours).sum() == pytest.approx(48 * 7.5), (
        "MWh in two days"
    )


def test_what_is_in_service(hydro, read, problems):
    """Half of the wind stands in January and all in February; run-of-river has no profile and takes its
    max_output_fraction;
    another year's rows say nothing."""
    rows = "North,wind_onshore,2027,1,0.5\nNorth,wind_onshore,2026,2,0.1\nNorth,hydro_run_of_river,2027,2,0.25"
    hydro.table("in_service", f"zone,technology,year,month,fraction\n{rows}")
    case = read(hydro)
    available = case.profile("availability", ["North wind", "small"])
    assert available[:, [0, 47]].tolist() == [[0.5, 1.0], [1.0, 0.25]]
    path = hydro.table("in_service", f"zone,technology,year,month,fraction\n{rows}\nNorth,wind_onshore,2027,1,0.4")
    assert [problem.file for problem in problems(hydro)] == [str(path)]


def test_monthly_inflow_stands_in_for_a_profile(hydro, read, problems):
    """7440 MWh in January and 1344 in February are 10 and 2 MW; a profile of inflow goes first."""
    hydro.table("inflow_monthly", "reservoir,month,energy_mwh\nlake,1,7440\nlake,2,1344")
    assert read(hydro).profile("inflow", ["lake"])[0, [0, 47]].tolist() == [12, 12]
    (hydro.profiles / "inflow.csv").unlink()
    assert read(hydro).profile("inflow", ["lake"])[0, [0, 47]].tolist() == [10, 2]
    path = hydro.table("inflow_monthly", "reservoir,month,energy_mwh\nlake,1,7440\nlake,1,7440\nsea,2,1")
    assert [(problem.file, problem.row, problem.column, problem.value) for problem in problems(hydro)] == [
        (path.as_posix(), 2, "month", ""),
        (path.as_posix(), 3, "month", "1"),
        (path.as_posix(), 4, "reservoir", "sea"),
    ]


def test_months_of_steps(hydro, read):
    case = read(hydro)
    assert case.months.tolist() == [pd.Timestamp("2027-01-01"), pd.Timestamp("2027-02-01")]
    assert case.month_of_step.tolist() == [0] * 24 + [1] * 24
    assert case.select(30, 40).month_of_step.tolist() == [0] * 10


# ----------------------------------------------------------------------------------------------- Cases from other Cases


def test_select_cuts_time_and_nothing_else(two_zones, read):
    case = read(two_zones)
    part = case.select(1, 3)
    assert part.time.tolist() == case.time[1:3].tolist() and part.profile("load", ["North base"]).tolist() == [[70, 80]]
    assert part.tables is case.tables and part.steps == 2
    with pytest.raises(ValueError, match="at least one step"):
        case.select(4, 5)


def test_coarsen_takes_means_and_keeps_energy(two_zones, read):
    """Blocks of three hours of four: 70 MW over three hours, 90 MW over the last one."""
    coarse = read(two_zones).coarsen(3)
    assert coarse.step_hours.tolist() == [3, 1] and coarse.time.hour.tolist() == [0, 3]
    assert coarse.profile("load", ["North base"]).tolist() == [[70, 90]]


def test_replace_changes_what_is_named(two_zones, read):
    case = read(two_zones)
    other = case.replace(
        name="other", zones=case.tables["zones"].assign(region="East"), series={"load": case.series["load"] * 2}
    )
    assert other.name == "other" and other.tables["zones"]["region"].tolist() == ["East"] * 2
    assert (
        other.profile("load", ["North base"])[0, 0] == 120
        and other.profile("availability", ["North wind"])[0, 1] == 0.5
    )
    assert case.tables["zones"]["region"].tolist() == ["", ""]
    with pytest.raises(KeyError, match="no table zoness"):
        case.replace(zoness=case.tables["zones"])


@given(st.lists(st.floats(0.25, 5), min_size=1, max_size=30), st.floats(0.5, 8), st.data())
def test_coarsening_keeps_energy_and_hours(lengths, hours, data):
    time = pd.Timestamp("2027-01-01") + pd.to_timedelta(np.concatenate([[0], np.cumsum(lengths)[:-1]]), unit="h")
    power = np.array(data.draw(st.lists(st.floats(0, 1e6), min_size=len(lengths), max_size=len(lengths))))
    scenario = scenario_of({"name": "a", "inputs": "/data", "horizon": {"start": "2027-01-01", "hours": 24}})
    case = Case(
        "a",
        scenario,
        pd.DatetimeIndex(time),
        np.array(lengths),
        {},
        {"load": labelled("load", ["x"], pd.DatetimeIndex(time), power[np.newaxis], {})},
    )
    coarse = case.coarsen(hours)
    assert coarse.hours == pytest.approx(case.hours)
    energy = (coarse.profile("load", ["x"]) * coarse.step_hours).sum()
    assert energy == pytest.approx((power * lengths).sum(), rel=1e-9, abs=1e-9)
    assert coarse.steps <= case.steps and set(coarse.time) <= set(case.time)


# -------------------------------------------------------------------------------------------------------------- changes


def changed(two_zones, read, *changes: str) -> pd.DataFrame:
    lines = "".join(f"  - {{{change}}}\n" for change in changes)
    two_zones.scenario_text(f"inputs: inputs\nhorizon: {{start: 2027-01-01, hours: 4}}\nchanges:\n{lines}")
    return read(two_zones).tables["generators"].set_index("generator")


def test_changes_are_made_in_order_on_the_rows_meant(two_zones, read):
    """(100 + 20) x 2 = 240, not 100 x 2 + 20; the other zone and technologies stay."""
    table = changed(
        two_zones,
        read,
        "table: generators, where: {zone: North, technology: [coal, gas]}, column: capacity_mw, add: 20",
        "table: generators, where: {technology: coal}, column: capacity_mw, multiply: 2",
        "table: generators, where: {capacity_mw: 50}, column: purchase_class, set: market",
        "table: generators, where: {capacity_mw: 240.0}, column: commissioned, set: 2024-06",
        "table: generators, where: {aggregated: false, zone: South}, column: aggregated, set: true",
    )
    assert table["capacity_mw"].tolist() == [240, 50, 80]
    assert table["purchase_class"].tolist() == ["none", "market", "none"]
    assert table["commissioned"].notna().tolist() == [True, False, False]
    assert table["aggregated"].tolist() == [False, False, True] and table["aggregated"].dtype == bool


def test_change_of_a_cost_left_to_the_technology(two_zones, read):
    """The default is filled first: 258.5 x 1.1; a change of the technology itself reaches the generators, too."""
    table = changed(
        two_zones,
        read,
        "table: generators, where: {technology: coal}, column: variable_cost_cny_per_mwh, multiply: 1.1",
        "table: technologies, where: {technology: gas}, column: variable_cost_cny_per_mwh, set: 500",
    )
    assert table["variable_cost_cny_per_mwh"].to_numpy() == pytest.approx([258.5 * 1.1, 0, 500])


def test_scale_to_a_total(two_zones, read):
    table = changed(two_zones, read, "table: generators, where: {zone: North}, column: capacity_mw, scale_to: 300")
    assert table["capacity_mw"].to_numpy() == pytest.approx([200, 100, 80])


def test_growth_is_shared_by_what_was_added(two_zones, read):
    """Stock 100, 50 and 80; a second column says 130, 40 and nothing: additions of 30, 0 and 80 x 30/150 = 16.
    Growth of 23 to 253 is shared 30 : 0 : 16. By stock alone it would be 10, 5 and 8."""
    two_zones.table(
        "generators",
        """generator,zone,technology,capacity_mw,capacity_end_2025_mw
        North coal,North,coal,100,130
        North wind,North,wind_onshore,50,40
        South gas,South,gas,80,""",
    )
    table = changed(
        two_zones, read, "table: generators, column: capacity_mw, scale_to: 253, share_by: capacity_end_2025_mw"
    )
    assert table["capacity_mw"].to_numpy() == pytest.approx([115, 50, 88])


def test_growth_shared_by_nothing_known_or_negative_is_refused(two_zones, problems):
    two_zones.table(
        "generators",
        """generator,zone,technology,capacity_mw,capacity_end_2025_mw
        North wind,North,wind_onshore,50,""",
    )
    for total, words in (("60", "at least one grows"), ("40", "at least the present sum 50")):
        two_zones.scenario_text(
            "inputs: inputs\nhorizon: {start: 2027-01-01, hours: 4}\nchanges:\n"
            f"  - {{table: generators, column: capacity_mw, scale_to: {total}, share_by: capacity_end_2025_mw}}\n"
        )
        [problem] = problems(two_zones)
        assert (problem.row, problem.column) == (4, "changes.0.scale_to") and words in problem.allowed


@given(
    st.lists(st.tuples(st.floats(1, 1e5), st.none() | st.floats(0, 2e5)), min_size=1, max_size=10), st.floats(0, 1e6)
)
def test_shared_growth_sums_to_the_total_and_takes_from_nobody(rows, growth):
    old = pd.Series([stock for stock, _ in rows])
    other = pd.Series([np.nan if later is None else later for _, later in rows], name="later")
    new, wrong = share_growth(old, other, old.sum() + growth)
    if wrong:
        assert not (other > old).any() or old.sum() + growth < old.sum()
        return
    assert new.sum() == pytest.approx(old.sum() + growth, rel=1e-9)
    assert (new >= old * (1 - 1e-12)).all()
    assert (new[other <= old] == old[other <= old]).all(), "what did not grow stays"


# ------------------------------------------------------------------------------------------------------------ real data

CHINA = Path(__file__).parents[2] / "inputs" / "china"


@pytest.mark.skipif(not (CHINA / "generators.csv").is_file(), reason="inputs/china is not there")
def test_china_reads_with_the_columns_that_all_modules_declare():
    """The real tables hold no problem: 31 zones, every generator in a zone with a known technology."""
    formulation = pytest.importorskip("grid_model.formulation", reason="the registry of modules is not there")
    if not hasattr(formulation, "TABLES"):
        pytest.skip("the registry does not collect TABLES")
    scenario = load_scenario(CHINA.parents[1] / "scenarios" / "china_2024.yaml", ["horizon.hours=24"])
    case = read_case(scenario, formulation.TABLES)
    assert len(case.zones) == 31 and case.steps == 24
    assert case.profile("load", case.tables["loads"]["load"].tolist()).min() > 0
