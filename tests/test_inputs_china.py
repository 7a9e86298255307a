"""The data set inputs/china: references, national sums against published totals, and no doubtful value left."""

import filecmp
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grid_model.case.changes import apply_changes
from grid_model.case.tables import number, text
from grid_model.scenario_loading import load_scenario

ROOT = Path(__file__).resolve().parent.parent
CHINA = ROOT / "inputs" / "china"
TABLES = ["generators", "storage", "lines", "loads", "demand_response", "reservoirs", "cascade", "hydro_monthly", "inflow_monthly",
          "corridor_contracts", "in_service", "synthesis/yearly_availability"]
IDENTIFIERS = {"zones": "zone", "generators": "generator", "storage": "storage", "lines": "line", "loads": "load",
               "demand_response": "programme", "reservoirs": "reservoir", "obligations": "zone"}
NEW_STORAGE = ["lithium_ion", "sodium_ion", "flow_battery", "compressed_air", "flywheel"]
BLANK = {"keep_default_na": False, "na_values": [""]}


@pytest.fixture(scope="module")
def tables():
    names = [*TABLES, "zones", "technologies", "obligations", "carbon_factors"]
    return {name: pd.read_csv(CHINA / f"{name}.csv", **BLANK) for name in names}


def total(table, column, **where):
    """Sum of a column over rows whose columns hold one of the values."""
    hit = np.logical_and.reduce([table[name].isin(values) for name, values in where.items()]) if where else slice(None)
    return table.loc[hit, column].sum()


def all_files():
    return [path for path in CHINA.rglob("*.csv") if "synthesis" not in path.parts]


# ------------------------------------------------------------------------------------------------------ form of tables


def test_tables_are_what_the_facts_make_of_them(tmp_path, monkeypatch):
    """Tables come from the cited facts and from nothing else: computed anew they are the same, byte by byte."""
    known = set(sys.modules)
    monkeypatch.syspath_prepend(str(CHINA / "compute"))
    monkeypatch.setattr(sys, "argv", ["compute", str(tmp_path)])
    runpy.run_path(str(CHINA / "compute"), run_name="__main__")
    for name in set(sys.modules) - known:  # the scripts have plain names that no other test shall meet
        if str(CHINA) in str(getattr(sys.modules[name], "__file__", "") or ""):
            del sys.modules[name]
    different = [name for name in TABLES if not filecmp.cmp(tmp_path / f"{name}.csv", CHINA / f"{name}.csv", shallow=False)]
    assert different == []


@pytest.mark.parametrize("path", all_files(), ids=lambda path: path.relative_to(CHINA).as_posix())
def test_every_row_says_where_it_is_from(path):
    table = pd.read_csv(path, dtype=str, **BLANK)
    assert table["source"].notna().all()
    assert (table["source"].str.len() >= 8).all()


def test_thirty_one_zones(tables):
    zones = tables["zones"]
    assert len(zones) == 31
    assert set(zones["region"]) == {"North", "Northeast", "East", "Central", "South", "Southwest", "Northwest"}
    assert zones["latitude"].between(18, 54).all() and zones["longitude"].between(73, 136).all()
    assert zones["benchmark_tariff_cny_per_mwh"].between(200, 500).all()
    assert (zones["heating_start"].isna() == zones["heating_end"].isna()).all()
    assert zones["heating_start"].notna().sum() == 16


@pytest.mark.parametrize("name, column", IDENTIFIERS.items())
def test_names_are_unique(tables, name, column):
    assert not tables[name][column].duplicated().any()


def test_references_resolve(tables):
    zones = set(tables["zones"]["zone"])
    for name in ("generators", "storage", "loads", "demand_response", "hydro_monthly", "obligations"):
        assert set(tables[name]["zone"]) <= zones, name
    assert set(tables["loads"]["zone"]) == zones
    lines = tables["lines"]
    assert set(lines["from_zone"]) | set(lines["to_zone"]) == zones
    assert (lines["from_zone"] != lines["to_zone"]).all()
    hosts = tables["storage"].query("place == 'generation_side'")
    zone_of = tables["generators"].set_index("generator")["zone"]
    assert (hosts["host"].map(zone_of) == hosts["zone"]).all()
    assert tables["storage"].query("place != 'generation_side'")["host"].isna().all()
    assert set(tables["reservoirs"]["generator"]) <= set(tables["generators"]["generator"])
    assert set(tables["cascade"]["upstream"]) | set(tables["cascade"]["downstream"]) <= set(tables["reservoirs"]["reservoir"])
    assert set(tables["inflow_monthly"]["reservoir"]) == set(tables["reservoirs"]["reservoir"])


def test_a_store_is_not_larger_than_its_host(tables):
    """Generation-side storage stands behind the host's connection, so in power it stays below the host."""
    hosts = tables["storage"].query("place == 'generation_side'")
    capacity = hosts["host"].map(tables["generators"].set_index("generator")["capacity_mw"])
    assert (hosts["power_mw"] < capacity).all()


def test_fractions_are_fractions(tables):
    generators = tables["generators"]
    for column in ("min_output_fraction", "max_output_fraction", "heating_floor_fraction"):
        assert generators[column].dropna().between(0, 1).all(), column
    most = generators["max_output_fraction"].fillna(1.0)
    assert (generators["min_output_fraction"].fillna(0) <= most).all()
    assert (generators["capacity_mw"] > 0).all()
    assert tables["lines"]["loss_fraction"].between(0, 0.15).all()


# --------------------------------------------------------------------------------------------------- national capacity


@pytest.mark.parametrize("technologies, published_mw, tolerance", [
    (["coal", "coal_chp"], 1194980, 1e-3),  # NEA/CEC 2024-12; fleets are scaled to it, rounding is left
    (["gas", "gas_chp"], 143670, 1e-3),
    (["nuclear"], 60830, 1e-3),
    (["biomass"], 45990, 1e-3),
    (["coal", "coal_chp", "gas", "gas_chp", "biomass", "by_product"], 1444450, 1e-3),  # all thermal plant
    (["hydro_reservoir", "hydro_run_of_river"], 435946 - 58690, 2e-3),  # Shanghai and Tianjin have a few MW that nobody reports
    (["wind_onshore", "wind_offshore"], 520680, 1e-3),
    (["wind_offshore"], 41270, 1e-3),
    (["solar_utility", "solar_distributed", "solar_thermal"], 886660, 1e-3),
    (["solar_distributed"], 375000, 5e-3),  # published to the GW
])
def test_capacity_sums_to_the_national_figure(tables, technologies, published_mw, tolerance):
    assert total(tables["generators"], "capacity_mw", technology=technologies) == pytest.approx(published_mw, rel=tolerance)


def test_all_capacity(tables):
    """3,349 GW at the end of 2024 (NEA: about 3.35 TW) without new energy storage, which NEA does not count."""
    capacity = tables["generators"]["capacity_mw"].sum() + total(tables["storage"], "power_mw", technology=["pumped_hydro"])
    assert capacity == pytest.approx(3_349_000, rel=5e-3)


def test_fleets_of_coal_are_the_coal_of_the_province(tables):
    """Flexible, inflexible and CHP coal with gas, biomass and by-product plant are the province's thermal capacity."""
    generators = tables["generators"]
    facts = pd.read_csv(CHINA / "facts" / "capacity.csv").query("item == 'thermal' and as_of == '2024-12'").set_index("zone")["value"]
    thermal = generators[generators["technology"].isin(["coal", "coal_chp", "gas", "gas_chp", "biomass", "by_product"])]
    difference = thermal.groupby("zone")["capacity_mw"].sum() - facts
    assert difference.abs().max() < 2  # fleets below 1 MW are left out
    for zone, coal in generators[generators["technology"].str.startswith("coal")].groupby("zone"):
        whats = set(coal["generator"].str.removeprefix(f"{zone} "))
        assert {"coal_flexible", "coal_inflexible"} <= whats <= {"coal_flexible", "coal_inflexible", "coal_chp"}
    assert not set(generators.loc[generators["technology"].str.startswith("coal"), "zone"]) & {"Beijing", "Tibet"}


def test_floors_tell_coal_fleets_apart(tables):
    generators = tables["generators"].assign(what=lambda table: [name.removeprefix(f"{zone} ") for name, zone in
                                                                 zip(table["generator"], table["zone"])])
    floors = generators.groupby("what")["min_output_fraction"].max()
    assert floors["coal_flexible"] < floors["coal_inflexible"]
    heated = set(tables["zones"].dropna(subset="heating_start")["zone"])
    chp = generators[generators["technology"].isin(["coal_chp", "gas_chp"])]
    assert set(chp.dropna(subset="heating_floor_fraction")["zone"]) == set(chp["zone"]) & heated
    seasonal = chp.dropna(subset="heating_floor_fraction")
    assert (seasonal["heating_floor_fraction"] > seasonal["min_output_fraction"]).all()


def test_emissions_are_those_of_the_official_coal_rate(tables):
    """303.2 gce/kWh is 8.886 GJ/MWh, with 94.6 kg/GJ (IPCC, other bituminous coal) 0.841 t/MWh; GEM's mix within 3 %."""
    coal = tables["generators"][tables["generators"]["technology"].str.startswith("coal")]
    mean = np.average(coal["emissions_t_per_mwh"], weights=coal["capacity_mw"])
    assert mean == pytest.approx(0.841, rel=0.03)
    assert coal["emissions_t_per_mwh"].between(0.75, 1.0).all()


def test_fuel_costs_lie_below_the_benchmark_tariff(tables):
    """The tariff pays fuel and capital; fuel is about seven tenths of it, and no less than half."""
    coal = tables["generators"][tables["generators"]["technology"].str.startswith("coal")]
    tariff = coal["zone"].map(tables["zones"].set_index("zone")["benchmark_tariff_cny_per_mwh"])
    assert (coal["variable_cost_cny_per_mwh"] / tariff).between(0.5, 0.9).all()
    gas = tables["generators"].query("technology == 'gas'").set_index("zone")["variable_cost_cny_per_mwh"]
    coal = coal.groupby("zone")["variable_cost_cny_per_mwh"].max()
    assert (gas.reindex(coal.index).dropna() > coal.reindex(gas.index).dropna().reindex(gas.reindex(coal.index).dropna().index)).all()


def test_purchase_classes_follow_the_rules(tables):
    """POLICY: large and peaking hydro first, biomass, geothermal, marine and distributed PV in full, wind and utility PV guaranteed."""
    classes = tables["generators"].groupby("technology")["purchase_class"].agg(lambda values: set(values))
    for technology in ("biomass", "geothermal", "marine", "solar_distributed"):
        assert classes[technology] == {"full_purchase"}
    for technology in ("wind_onshore", "wind_offshore", "solar_utility", "solar_thermal"):
        assert classes[technology] == {"guaranteed"}
    assert classes["hydro_reservoir"] == {"hydro_priority"} and classes["hydro_run_of_river"] == {"hydro"}
    for technology in ("coal", "coal_chp", "gas", "gas_chp", "nuclear", "by_product"):
        assert classes[technology] == {"none"}
    certificates = tables["generators"].groupby("technology")["certificate"].agg(lambda values: set(values))
    assert certificates["hydro_reservoir"] == certificates["hydro_run_of_river"] == {"held"}
    assert certificates["wind_onshore"] == {"tradable"} and certificates["coal"] == {"none"}


def test_guaranteed_hours(tables):
    generators = tables["generators"]
    hours = generators.set_index("generator")["guaranteed_hours"]
    given = generators["technology"].isin(["wind_onshore", "wind_offshore", "solar_utility"])
    assert (generators["guaranteed_hours"].notna() == given).all()
    assert hours["Ningxia wind_onshore"] == 1850 and hours["Ningxia solar_utility"] == 1500  # NDRC/NEA notice 1150 of 2016
    assert hours["Qinghai solar_utility"] == pytest.approx((1500 + 1450) / 2)
    assert hours.filter(like="wind").dropna().between(1400, 3600).all() and hours.filter(like="solar").dropna().between(500, 1600).all()


def test_later_capacity_is_plausible(tables):
    """Values of 2025 are only there where they grow by no more than the check in the sources allows."""
    generators = tables["generators"].dropna(subset="capacity_end_2025_mw")
    ratio = generators["capacity_end_2025_mw"] / generators["capacity_mw"]
    assert ratio.max() < 2.0
    large = generators["capacity_mw"] > 1000
    assert ratio[large].min() > 0.75  # several published values are older than the scaled ones of 2024
    assert len(generators) > 100


# -------------------------------------------------------------------------------------------------------------- storage


def test_pumped_hydro(tables):
    pumped = tables["storage"].query("technology == 'pumped_hydro'").set_index("zone")
    assert pumped["power_mw"].sum() == pytest.approx(58690, rel=1e-3)  # NEA, end of 2024
    assert pumped.at["Guangdong", "power_mw"] == 9680  # neither 12080 (GEM, stages counted twice) nor 10880 (end of 2025)
    assert (pumped["energy_mwh"] == (pumped["power_mw"] * 6).round()).mean() > 0.8
    assert pumped["energy_mwh"].sum() == pytest.approx(6 * 58690, rel=1e-3)


def test_new_energy_storage(tables):
    """73.76 GW / 168 GWh, the first five provinces as published, ten more above 2 GW, the others not."""
    new = tables["storage"].query("technology != 'pumped_hydro'")
    assert set(new["technology"]) == set(NEW_STORAGE)
    zone = new.groupby("zone")[["power_mw", "energy_mwh"]].sum()
    assert zone["power_mw"].sum() == pytest.approx(73760, rel=1e-3)
    assert zone["energy_mwh"].sum() == pytest.approx(168000, rel=1e-3)
    published = {"Inner Mongolia": (10230, 24390), "Xinjiang": (8570, 28710), "Shandong": (7170, 15550),
                 "Jiangsu": (5620, 11950), "Ningxia": (4430, 8820)}
    for name, (power, energy) in published.items():
        assert zone.loc[name].tolist() == pytest.approx([power, energy], abs=0.5)
    above = ["Hebei", "Zhejiang", "Gansu", "Guangdong", "Hunan", "Guangxi", "Henan", "Anhui", "Hubei", "Guizhou"]
    assert zone.loc[above, "power_mw"].between(1999.9, 4430).all()
    assert (zone.drop([*above, *published])["power_mw"] < 2000.1).all()
    assert (new["energy_mwh"] >= 0).all()


def test_place_and_call_of_storage(tables):
    new = tables["storage"].query("technology != 'pumped_hydro'")
    share = new.groupby("place")["power_mw"].sum() / new["power_mw"].sum()
    assert share["independent"] == pytest.approx(0.453, abs=0.005)  # NEA 2024-07-31; named stations move it a little
    assert share["generation_side"] == pytest.approx(0.428, abs=0.005)
    assert share["user_side"] == pytest.approx(0.119, abs=0.005)
    assert set(new.query("place == 'independent'")["call"]) == {"dispatch"}


# ---------------------------------------------------------------------------------------------------------------- lines


def capacity_between(lines, one, other):
    """Greatest of both directions, all corridors of a pair together."""
    forth = lines[(lines["from_zone"] == one) & (lines["to_zone"] == other)]
    back = lines[(lines["from_zone"] == other) & (lines["to_zone"] == one)]
    return max(forth["capacity_mw"].sum() + back["reverse_capacity_mw"].sum(),
               forth["reverse_capacity_mw"].sum() + back["capacity_mw"].sum())


@pytest.mark.parametrize("one, other, resolved_mw", [
    ("Guangdong", "Hebei", 0),  # 3000 in the pair table: codes HE and HB mixed up
    ("Guangdong", "Hubei", 3000),
    ("Chongqing", "Hubei", 5000),  # 10000: counted as direct current and as a section
    ("Beijing", "Shandong", 0),  # 9000: passes Beijing, stands as Inner Mongolia to Shandong
    ("Beijing", "Inner Mongolia", 0),
    ("Beijing", "Shanxi", 0),  # 3950: another section
    ("Inner Mongolia", "Shanxi", 8000),
    ("Hebei", "Shanxi", 19000),  # 25000 less what stands on its own
    ("Hebei", "Tianjin", 6500),  # 25000: the section Shanxi to Jing-Jin-Ji
    ("Guangdong", "Guangxi", 9300),  # 41690: the section into Guangdong added to its lines
    ("Xinjiang", "Anhui", 12000),  # Jiquan and Zhundong-Wannan are one line
    ("Sichuan", "Jiangsu", 15200),  # Baihetan names swapped
    ("Sichuan", "Zhejiang", 16000),
    ("Shaanxi", "Henan", 1110),  # 7500 without a line to show
    ("Henan", "Hubei", 10000),  # 15000: Nanyang-Jingmen counted twice
    ("Yunnan", "Guangdong", 26400),  # 3 x 5000, 6400, 5000 of Wudongde
    ("Guizhou", "Jiangsu", 0),  # plan list: Jinping-Sunan starts in Sichuan
    ("Yunnan", "Zhejiang", 0),
    ("Inner Mongolia", "Jiangxi", 0),  # plan list: never built
    ("Xinjiang", "Shandong", 0),
    ("Gansu", "Jiangsu", 0),
])
def test_doubtful_corridors_are_resolved(tables, one, other, resolved_mw):
    assert capacity_between(tables["lines"], one, other) == resolved_mw


def test_corridors_of_2025_do_not_carry_in_2024(tables):
    lines = tables["lines"].assign(year=lambda table: table["commissioned"].str[:4].astype(int))
    later = lines.query("year == 2025 and dc == True")
    assert later["capacity_mw"].sum() == 0 and later["capacity_end_2025_mw"].sum() == 32000
    assert (later["min_renewable_share"] == 0.5).all()
    assert tables["lines"].drop(later.index)["capacity_mw"].min() > 0


def test_sections_hold_what_stands_alone(tables):
    """The section Jing-Jin-Ji to Shandong, 24000 MW, is the sum of the corridors that pass it."""
    capacity = tables["lines"].set_index("line")["capacity_mw"]
    assert capacity[["Hebei-Shandong", "Yuheng-Weifang", "Ximeng-Shandong"]].sum() == 24000
    assert capacity[["Shanxi-Hebei", "Mengxi-Tianjin"]].sum() == 25000
    assert capacity[["Huainan-Nanjing-Shanghai west", "Huainan-Zhebei-Shanghai west"]].sum() == 19500
    assert capacity[["Guizhou-Guangxi", "Guizhou-Guangdong 1", "Guizhou-Guangdong 2"]].sum() == 11500


def test_losses_follow_the_length(tables):
    lines = tables["lines"].set_index("line")
    assert lines.at["Hami-Zhengzhou", "loss_fraction"] == pytest.approx(0.014 + 0.03 * 2.192, abs=1e-4)
    assert lines.at["Zhebei-Fuzhou", "loss_fraction"] == pytest.approx(0.062 * 0.603, abs=1e-4)
    assert lines.at["Gaoling", "loss_fraction"] == pytest.approx(0.014)  # back to back: stations only


# ------------------------------------------------------------------------------------------------------ demand, hydro


def test_consumption(tables):
    """Loads are the consumption of 2024 less the losses that it counts: of contracted energy and of pumping."""
    consumption = pd.read_csv(CHINA / "facts" / "consumption_2024.csv")["consumption_2024_gwh"].sum() * 1000
    assert consumption == pytest.approx(9_852_100_000, rel=1e-4)  # NEA 2024
    contracts = tables["corridor_contracts"].merge(tables["lines"][["line", "loss_fraction"]], on="line")
    lost = (contracts["energy_mwh"].abs() * contracts["loss_fraction"]).sum() + 58690 * 1144 * (1 / 0.8 - 1)
    assert tables["loads"]["annual_mwh"].sum() == pytest.approx(consumption - lost, rel=1e-4)
    assert 0.005 < lost / consumption < 0.012
    assert (tables["loads"]["unserved_cost_cny_per_mwh"] > tables["demand_response"]["cost_cny_per_mwh"].max()).all()


def test_contracts_are_what_provinces_traded_in_2023(tables):
    """Energy arriving less leaving is consumption less generation of 2023, but for what the nation traded abroad; no
    corridor is used beyond its capacity, and none that did not stand."""
    balance = pd.read_csv(CHINA / "facts" / "balance_2023.csv")
    own = balance[["thermal_gwh", "hydro_gwh", "nuclear_gwh"]].sum(axis=1)
    own += (balance["wind_hours"] * balance["wind_mw"] + balance["solar_hours"] * balance["solar_mw"]) / 1000
    net = (balance["consumption_gwh"] - own).groupby(balance["zone"]).sum()
    table = tables["corridor_contracts"].merge(tables["lines"], on="line")
    contracted = table.groupby("to_zone")["energy_mwh"].sum().sub(table.groupby("from_zone")["energy_mwh"].sum(), fill_value=0) / 1000
    share = balance.groupby("zone")["consumption_gwh"].sum() / balance["consumption_gwh"].sum()
    assert contracted.reindex(net.index).to_numpy() == pytest.approx((net - share * net.sum()).to_numpy(), abs=500)
    assert abs(net.sum()) < 0.005 * balance["consumption_gwh"].sum()
    assert (table["energy_mwh"] <= 0.85 * table["capacity_mw"] * 745).all()
    assert (-table["energy_mwh"] <= 0.85 * table["reverse_capacity_mw"] * 745).all()
    assert not table["commissioned"].str.startswith("2025").where(table["line"] != "Hebei-Beijing", False).any()


def test_fleets_that_grew_in_2024(tables):
    """Part in service rises through the year; wind of January is the mean of what stood at the ends of the months around."""
    table = tables["in_service"].set_index(["technology", "zone", "month"])["fraction"]
    assert table.between(0, 1).all() and (table.xs(12, level="month") > table.xs(1, level="month")).mean() > 0.95
    facts = pd.read_csv(CHINA / "facts" / "capacity_monthly_2024.csv").set_index(["item", "zone"])
    hebei = facts.loc[("wind", "Hebei")]
    last = hebei["2024_11"] * 520684 / facts.loc["wind"]["2024_11"].sum()
    assert table["wind_onshore", "Hebei", 1] == pytest.approx((0.75 * hebei["2023_12"] + 0.25 * hebei["2024_02"]) / last, abs=1e-4)
    assert table["nuclear", "Guangxi", 4] == pytest.approx(1 - 1172 / 4532, abs=1e-4) and table["nuclear", "Guangxi", 6] == 1


def test_planned_hours_of_gas_are_its_energy_of_2023(tables):
    gas = tables["generators"].query("technology in ['gas', 'gas_chp']")
    energy = (gas["planned_hours"] * gas["capacity_mw"]).sum()
    assert energy == pytest.approx(2436 * (114850 + 125620) / 2, rel=1e-3)  # CEC hours x mean capacity of 2023
    assert tables["generators"].query("technology not in ['gas', 'gas_chp']")["planned_hours"].isna().all()


def test_demand_response_is_three_percent_of_the_peak(tables):
    programmes = tables["demand_response"].query("kind in ['shed', 'shift']")
    assert programmes.groupby("zone")["share_of_peak"].sum().to_numpy() == pytest.approx(np.full(31, 0.03))
    aluminium = tables["demand_response"].query("kind == 'interruptible'")["power_mw"].sum()
    assert aluminium == pytest.approx(44.005e6 * 13.599 / 8784 * 0.1, rel=0.01)  # of 44 Mt, less what is below 1 MW


def test_hydro_energy(tables):
    """Energy without reservoirs and mean energy of the dams together are the hydro generation of 2024 less pumped hydro."""
    published = pd.read_csv(CHINA / "facts" / "hydro_generation_2024.csv")["energy_gwh"].sum() * 1000
    assert published == pytest.approx(1_274_250_000, rel=1e-3)  # NBS, output of hydropower 2024
    dams = pd.read_csv(CHINA / "facts" / "dams.csv")["annual_energy_gwh"].sum() * 1000
    together = tables["hydro_monthly"]["energy_mwh"].sum() + dams
    assert together == pytest.approx(published - 58690 * 1144, rel=0.01)
    assert tables["hydro_monthly"].groupby("zone")["month"].nunique().eq(12).all()
    assert tables["hydro_monthly"]["zone"].nunique() == 31


def test_hydro_energy_is_no_more_than_capacity_allows(tables):
    monthly = tables["hydro_monthly"]
    named = set(tables["reservoirs"]["generator"])
    hydro = tables["generators"][tables["generators"]["technology"].str.startswith("hydro") & ~tables["generators"]["generator"].isin(named)]
    capacity = hydro.groupby("zone")["capacity_mw"].sum()
    hours = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[monthly["month"] - 1] * 24
    assert (monthly["energy_mwh"] <= monthly["zone"].map(capacity).fillna(0) * hours + 1).all()


def test_dams_are_part_of_the_hydro_of_their_province(tables):
    """Named dams are carved out, not added: with the rest and pumped hydro they are the province's figure."""
    facts = pd.read_csv(CHINA / "facts" / "capacity.csv").query("item == 'hydro_including_pumped' and as_of == '2024-12'")
    facts = facts.set_index("zone")["value"]
    hydro = tables["generators"][tables["generators"]["technology"].str.startswith("hydro")].groupby("zone")["capacity_mw"].sum()
    pumped = tables["storage"].query("technology == 'pumped_hydro'").set_index("zone")["power_mw"]
    difference = hydro.add(pumped, fill_value=0).reindex(facts.index) - facts
    assert difference.abs().max() < 2


def test_reservoirs_hold_water_times_energy(tables):
    dams = pd.read_csv(CHINA / "facts" / "dams.csv").set_index("generator")
    reservoirs = tables["reservoirs"].set_index("generator")
    assert reservoirs.at["Hubei Three Gorges", "capacity_mwh"] == pytest.approx(22.15e9 / 4.3 / 1000, abs=1)
    assert (reservoirs["capacity_mwh"] > 0).all()
    assert reservoirs["initial_fraction"].between(0, 1).all()
    assert (reservoirs["min_flow_mw"] < dams["capacity_mw"].reindex(reservoirs.index)).all()
    assert not reservoirs.index.str.contains("Tianshengqiao|Changzhou").any()  # storage of another dam, and of floods


def test_water_is_neither_made_nor_lost_along_a_river(tables):
    """Mean energy of each dam = its inflow + share x energy factor x mean energy of the dams above."""
    dams = pd.read_csv(CHINA / "facts" / "dams.csv").set_index("generator")["annual_energy_gwh"] * 1000
    cascade, reservoirs = tables["cascade"], tables["reservoirs"].set_index("reservoir")
    arriving = (cascade["share"] * cascade["energy_factor"] * cascade["upstream"].map(dams)).groupby(cascade["downstream"]).sum()
    mean = reservoirs["annual_inflow_mwh"] + arriving.reindex(reservoirs.index).fillna(0)
    assert mean.to_numpy() == pytest.approx(dams.reindex(reservoirs.index).to_numpy(), rel=1e-3)
    assert (cascade.groupby("upstream")["share"].sum() == 1).all()
    assert (cascade["delay_hours"] >= 1).all() and (cascade["delay_hours"] % 1 == 0).all()
    inflow = tables["inflow_monthly"].groupby("reservoir")["energy_mwh"].sum()
    assert (inflow - reservoirs["annual_inflow_mwh"]).abs().max() < 12  # rounding of each month


# ------------------------------------------------------------------------------------------- obligations, observed, facts


def test_obligations(tables):
    obligations = tables["obligations"].set_index("zone")
    assert len(obligations) == 30 and "Tibet" not in obligations.index  # Tibet is not assessed
    assert (obligations["non_hydro_share"] <= obligations["total_share"]).all()
    assert obligations.loc["Qinghai", ["total_share", "non_hydro_share"]].tolist() == [0.7, 0.272]


def test_observed_generation_of_2024():
    observed = pd.read_csv(CHINA / "observed" / "monthly_generation.csv").groupby("technology")["energy_gwh"].sum()
    assert observed["thermal"] == pytest.approx(6_343_770, rel=1e-3) and observed["hydro"] == pytest.approx(1_274_250, rel=1e-3)
    consumption = pd.read_csv(CHINA / "observed" / "monthly_consumption.csv")["energy_gwh"].sum()
    assert consumption == pytest.approx(9_852_100, rel=1e-4)
    rate = pd.read_csv(CHINA / "observed" / "utilisation_rate.csv")["utilisation_rate_percent"]
    assert rate.between(30, 100).all()


def test_no_hourly_series_in_the_data_set():
    """Hourly profiles are made, not copied: no file of the data set is as long as a year of hours."""
    assert max(len(path.read_text(encoding="utf-8").splitlines()) for path in all_files()) < 2000


# ------------------------------------------------------------------------------------------------------------ scenarios


def test_the_data_set_counts_its_rows_right():
    text = (CHINA / "README.md").read_text(encoding="utf-8")
    counted = [(re.findall("`(.+?)`", tables), numbers.split(", ")) for tables, numbers in re.findall(r"^\| (`.+?`) \| ([\d, ]+) \|", text, re.M)]
    rows = {name: int(number) for names, numbers in counted for name, number in zip(names, numbers, strict=True)}
    assert len(rows) > 15 and rows == {name: len(pd.read_csv(CHINA / f"{name}.csv")) for name in rows}


def changed(name, tables):
    """The tables after the scenario's changes."""
    frames = {key: table.astype({column: float for column in table.select_dtypes("number")}) for key, table in tables.items()}
    dc = frames["lines"]["dc"].astype(str).str.lower()  # as it stands in a cell
    frames["lines"] = frames["lines"].assign(largest_element_mw=np.nan, dc=dc)
    columns = {key: [number(column, "", "") if frame[column].dtype.kind == "f" else text(column, "") for column in frame]
               for key, frame in frames.items()}
    _, problems = apply_changes(load_scenario(ROOT / "scenarios" / f"{name}.yaml"), frames, columns)
    assert problems == []
    return frames


@pytest.mark.parametrize("name, consumption_twh, wind_gw, solar_gw, coal_gw, storage_gw, pumped_gw", [
    ("china_2027", 11405, 880, 1600, 1330, 250, 80),
    ("china_2027_low", 11082, 800, 1400, 1290, 180, 72),
    ("china_2027_high", 11734, 960, 1800, 1370, 320, 88),
])
def test_scenarios_of_2027(tables, name, consumption_twh, wind_gw, solar_gw, coal_gw, storage_gw, pumped_gw):
    frames = changed(name, tables)
    generators, storage = frames["generators"], frames["storage"]
    without_losses = tables["loads"]["annual_mwh"].sum() / 9_852_100_000
    assert frames["loads"]["annual_mwh"].sum() / 1e6 == pytest.approx(consumption_twh * without_losses, rel=1e-3)
    assert total(generators, "capacity_mw", technology=["wind_onshore", "wind_offshore"]) == pytest.approx(wind_gw * 1000)
    assert total(generators, "capacity_mw", technology=["solar_utility", "solar_distributed"]) == pytest.approx(solar_gw * 1000)
    assert total(generators, "capacity_mw", technology=["coal", "coal_chp"]) == pytest.approx(coal_gw * 1000)
    assert total(storage, "power_mw", technology=NEW_STORAGE) == pytest.approx(storage_gw * 1000)
    assert total(storage, "energy_mwh", technology=NEW_STORAGE) == pytest.approx(storage_gw * 2500)
    assert total(storage, "power_mw", technology=["pumped_hydro"]) == pytest.approx(pumped_gw * 1000)
    assert total(generators, "capacity_mw", technology=["gas", "gas_chp"]) == pytest.approx(170_000)
    assert total(generators, "capacity_mw", technology=["nuclear"]) == pytest.approx(70_000)
    assert total(generators, "capacity_mw", technology=["biomass"]) == pytest.approx(50_000)
    assert total(generators, "capacity_mw", technology=["hydro_reservoir", "hydro_run_of_river"]) == pytest.approx(390_000)


def test_growth_reaches_2027_without_shrinking_a_fleet(tables):
    before, after = tables["generators"].set_index("generator"), changed("china_2027", tables)["generators"].set_index("generator")
    growth = after["capacity_mw"] / before["capacity_mw"]
    assert growth.min() >= 1 - 1e-9
    assert growth.max() < 4
    named = tables["reservoirs"]["generator"]
    assert growth[named].to_numpy() == pytest.approx(1)  # dams are not enlarged


def test_hydro_energy_grows_with_its_capacity(tables):
    frames = changed("china_2027", tables)
    named = tables["reservoirs"]["generator"]
    rest = [name for name in frames["generators"].query("technology in ['hydro_reservoir', 'hydro_run_of_river']")["generator"]
            if name not in set(named)]
    capacity = [table.set_index("generator").loc[rest, "capacity_mw"].sum() for table in (tables["generators"], frames["generators"])]
    energy = [table["energy_mwh"].sum() for table in (tables["hydro_monthly"], frames["hydro_monthly"])]
    assert energy[1] / energy[0] == pytest.approx(capacity[1] / capacity[0], rel=1e-3)


def test_corridors_and_demand_response_of_2027(tables):
    frames = changed("china_2027", tables)
    lines = frames["lines"].set_index("line")
    grown = lines["capacity_end_2025_mw"].dropna()
    assert lines.loc[grown.index, "capacity_mw"].to_numpy() == pytest.approx(grown.to_numpy())
    programmes = frames["demand_response"].query("kind in ['shed', 'shift']")
    assert programmes.groupby("zone")["share_of_peak"].sum().to_numpy() == pytest.approx(np.full(31, 0.05), rel=1e-3)


@pytest.mark.parametrize("name, start, hours", [("china_2024", "2024-01-01", 8784), ("china_2027", "2027-01-01", 8760),
                                                ("china_2027_low", "2027-01-01", 8760), ("china_2027_high", "2027-01-01", 8760),
                                                ("china_2027_week", "2027-01-01", 168)])
def test_horizons(name, start, hours):
    scenario = load_scenario(ROOT / "scenarios" / f"{name}.yaml")
    assert scenario.horizon.start == pd.Timestamp(start) and scenario.horizon.steps == hours
    assert scenario.name == name and scenario.inputs == CHINA
    assert all(change.note for change in scenario.changes)  # every assumption is stated
