"""Carbon of consumption by tracing flows: by hand, and conserved whatever flows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from small import small_case

import grid_model as gm
from grid_model.results import carbon_tracing

ZONES = ["A", "B", "C"]


def dispatch(
    generation,
    emissions,
    lines=(),
    flow=(),
    loss=None,
    charge=None,
    discharge=None,
    demand=None,
    hours=1.0,
    technology=None,
    **coordinates,
) -> xr.Dataset:
    """One generator a zone (A, B, C) in one step or more; lines as (from, to)."""
    generation = np.atleast_2d(np.asarray(generation, float).T).T
    steps = generation.shape[1]
    data = {
        "generation": (("generator", "time"), generation),
        "emissions": (("generator", "time"), _rows(emissions, steps)),
    }
    if lines:
        data |= {
            "flow": (("line", "time"), _rows(flow, steps)),
            "loss": (("line", "time"), _rows([0] * len(lines) if loss is None else loss, steps)),
        }
    if charge is not None:
        data |= {
            "charge": (("storage", "time"), _rows(charge, steps)),
            "discharge": (("storage", "time"), _rows(discharge, steps)),
        }
    if demand is not None:
        data["demand"] = (("consumer", "time"), _rows(demand, steps))
    coordinates |= {
        "zone": ("zone", ZONES),
        "time": pd.date_range("2027-01-01", periods=steps, freq="h"),
        "step_hours": ("time", np.full(steps, hours)),
        "generator_zone": ("generator", ZONES),
        "technology": ("generator", technology or ["coal", "wind", "gas"]),
    }
    if lines:
        coordinates |= {
            "from_zone": ("line", [one for one, _ in lines]),
            "to_zone": ("line", [other for _, other in lines]),
        }
    if charge is not None:
        coordinates["storage_zone"] = ("storage", ZONES)
    if demand is not None:
        coordinates["consumer_zone"] = ("consumer", ZONES)
    return xr.Dataset(data, coordinates)


def _rows(values, steps):
    return np.broadcast_to(np.asarray(values, float).reshape(len(values), -1), (len(values), steps))


def factor(data, name="carbon_factor_consumption") -> list:
    return carbon_tracing.factors(data)[name].values[:, 0].tolist()


def test_three_zones_by_hand():
    """A makes 100 MW with 80 t and sends 40 on to B, which adds 60 MW of wind: 32 t in 100 MW, 0.32 t/MWh. B sends 50
    to C, which adds 50 MW with 20 t: 16 t + 20 t in 100 MW, 0.36. By production alone they would be 0.8, 0 and 0.4."""
    data = dispatch([100, 60, 50], [80, 0, 20], lines=[("A", "B"), ("B", "C")], flow=[40, 50])
    assert factor(data) == pytest.approx([0.8, 0.32, 0.36])
    assert factor(data, "carbon_factor_production") == pytest.approx([0.8, 0, 0.4])
    assert factor(data, "emissions_consumption") == pytest.approx([48, 16, 36])


def test_losses_belong_to_the_receiver():
    """Of 40 MW from A with 0.8 t/MWh 36 arrive at B, where nothing is made: 32 t in 36 MW. Left with the sender or
    lost on the way, it would be 0.8."""
    data = dispatch([100, 0, 0], [80, 0, 0], lines=[("A", "B")], flow=[40], loss=[4])
    assert factor(data)[:2] == pytest.approx([0.8, 32 / 36])
    assert factor(data, "emissions_consumption") == pytest.approx([48, 32, 0])


def test_a_watt_that_is_sent_loses_its_part_too():
    """A line of 5 % loss that carries 0.5 kW delivers 0.475 kW: what B consumes. Taken for nothing, the loss would be consumed as well."""
    given = dispatch([5e-4, 0, 0], [4e-4, 0, 0], lines=[("A", "B")], flow=[5e-4], loss=[2.5e-5],
                     line_loss_fraction=("line", [0.05]))
    assert carbon_tracing.consumption(given)[1] == pytest.approx([4.75e-4])


def test_negative_flow_comes_from_the_far_end():
    """-40 MW on a line from A to B is power from B. Read as power from A it would give B 0.229 t/MWh and leave A at 0.8."""
    data = dispatch([100, 100, 0], [80, 0, 0], lines=[("A", "B")], flow=[-40])
    assert factor(data)[:2] == pytest.approx([80 / 140, 0])


def test_charging_takes_the_mix_and_discharge_brings_none():
    """A stores 20 of 100 MW at 0.8: 16 t count in that hour. In the next hour 20 MW come back beside 80 MW with 64 t:
    0.64 t/MWh. Carried along in the store it would be 0.8."""
    data = dispatch(
        [[100, 80], [0, 0], [0, 0]],
        [[80, 64], [0, 0], [0, 0]],
        charge=[[20, 0], [0, 0], [0, 0]],
        discharge=[[0, 20], [0, 0], [0, 0]],
    )
    traced = carbon_tracing.factors(data)
    assert traced["carbon_factor_consumption"].values[0].tolist() == pytest.approx([0.8, 0.64])
    assert traced["emissions_consumption"].values[0].tolist() == pytest.approx([80, 64])


def test_power_may_flow_in_a_circle():
    """A loop of 30 MW A-B-C-A on top of 60 MW made in A and consumed in equal parts. What comes round again is the
    same mix: everyone has A's 0.5 t/MWh. By production alone B and C would have none."""
    data = dispatch([60, 0, 0], [30, 0, 0], lines=[("A", "B"), ("B", "C"), ("C", "A")], flow=[70, 50, 30])
    assert factor(data) == pytest.approx([0.5, 0.5, 0.5])
    assert factor(data, "emissions_consumption") == pytest.approx([10, 10, 10])


def test_a_circle_that_nobody_feeds_has_no_carbon():
    """B and C pass 30 MW to and fro, and neither makes nor consumes anything: the system of equations alone would be
    singular."""
    data = dispatch([60, 0, 0], [30, 0, 0], lines=[("B", "C"), ("C", "B")], flow=[30, 30])
    assert factor(data, "emissions_consumption") == pytest.approx([30, 0, 0])


def test_a_circle_that_only_losses_consume_keeps_its_carbon():
    """A makes 4 MW with 2 t for the losses of 40 MW to B and back: nobody consumes, the system alone is singular, 2 t
    stay. Solved as it stands it would have no answer, or lose these 2 t."""
    data = dispatch([4, 0, 50], [2, 0, 5], lines=[("A", "B"), ("B", "A")], flow=[40, 38], loss=[2, 2])
    assert sum(factor(data, "emissions_consumption")) == pytest.approx(7, rel=1e-12)
    assert factor(data)[2] == pytest.approx(0.1)


def test_a_zone_without_power_has_no_factor():
    """B and C have no power: no factor, which is not 0, and no carbon; A's 30 t are all there is."""
    data = dispatch([60, 0, 0], [30, 0, 0])
    assert factor(data)[0] == pytest.approx(0.5) and np.isnan(factor(data)[1:]).all()
    assert factor(data, "emissions_consumption") == pytest.approx([30, 0, 0])


def test_both_ways_at_once_is_counted_both_ways():
    """A line with 10 % loss carries 50 MW from A and 20 back: net 30, loss 7. B receives 45 MW of A's carbon of 50,
    mixes and sends 20 back. Read as net flow, B's factor would be 30 a / 23."""
    data = dispatch(
        [100, 10, 0], [80, 0, 0], lines=[("A", "B")], flow=[30], loss=[7], line_loss_fraction=("line", [0.1])
    )
    # A: (100 + 18) a = 80 + 20 b;  B: (10 + 45) b = 50 a
    b = 50 * 80 / (118 * 55 - 1000)
    assert factor(data)[:2] == pytest.approx([55 * b / 50, b])
    assert sum(factor(data, "emissions_consumption")) == pytest.approx(80, rel=1e-12)


def test_a_load_that_injects_is_a_source_without_carbon():
    """B makes 10 MW with 6 t, its load gives 20 MW: 0.2 t/MWh go to A, 0.6 were the load's 20 MW overlooked."""
    data = dispatch([100, 10, 0], [80, 6, 0], lines=[("A", "B")], flow=[-30], demand=[130, -20, 0])
    assert factor(data)[:2] == pytest.approx([86 / 130, 0.2])


def test_shares_sum_to_one_and_follow_lines():
    """B consumes 36 MW of A's coal (of 40 sent, 4 lost) and 60 of its own wind: 37.5 and 62.5 %; C gets the same from
    B. Without the loss 40 % of B's would be coal."""
    data = dispatch([100, 60, 0], [80, 0, 0], lines=[("A", "B"), ("B", "C")], flow=[40, 50], loss=[4, 5])
    share = carbon_tracing.shares(data)
    assert share.sel(kind="coal").values[:, 0].tolist() == pytest.approx([1, 0.375, 0.375])
    assert share.sel(kind="wind").values[:, 0].tolist() == pytest.approx([0, 0.625, 0.625])
    assert share.sum("kind").values.ravel().tolist() == pytest.approx([1, 1, 1])


def test_shares_name_storage():
    """Discharge is a kind of its own: 20 of 100 MW."""
    data = dispatch([80, 0, 0], [64, 0, 0], charge=[0, 0, 0], discharge=[20, 0, 0])
    assert carbon_tracing.shares(data).sel(kind="storage", zone="A").item() == pytest.approx(0.2)


@given(st.integers(0, 2**32 - 1))
def test_consumption_carries_what_production_emits(seed):
    """Any flows, losses, stores and circles: over zones both sums are the same to 1e-9, step by step."""
    rng = np.random.default_rng(seed)
    lines = [("A", "B"), ("B", "C"), ("C", "A"), ("A", "C")]
    flow = rng.uniform(-50, 50, (4, 5)) * (rng.random((4, 5)) < 0.7)
    loss = np.abs(flow) * rng.uniform(0, 0.1, (4, 1))
    made = rng.uniform(0, 300, (3, 5)) * (rng.random((3, 5)) < 0.8)
    emitted = made * rng.uniform(0, 1, (3, 1))
    data = dispatch(
        made,
        emitted,
        lines=lines,
        flow=flow,
        loss=loss,
        charge=rng.uniform(0, 9, (3, 5)),
        discharge=rng.uniform(0, 9, (3, 5)),
        hours=rng.uniform(0.25, 3),
    )
    traced = carbon_tracing.factors(data)
    total = emitted.sum(axis=0)
    np.testing.assert_allclose(traced["emissions_consumption"].values.sum(axis=0), total, rtol=1e-9, atol=1e-9)


def test_a_solved_case_is_conserved_and_its_consumption_is_what_it_serves():
    """Three zones, losses, a store: consumption is load plus charge, factors times it give the carbon of production."""
    case = small_case(
        4,
        series={"load": {"a": [50, 60, 70, 80], "c": [30, 90, 60, 90]}, "availability": {"w": [1, 0.2, 0.9, 0]}},
        generators=[
            {
                "generator": "g",
                "zone": "A",
                "technology": "coal",
                "capacity_mw": 200,
                "emissions_t_per_mwh": 0.8,
                "variable_cost_cny_per_mwh": 300,
            },
            {"generator": "w", "zone": "B", "technology": "wind_onshore", "capacity_mw": 120},
        ],
        loads=[{"load": "a", "zone": "A"}, {"load": "c", "zone": "C"}],
        storage=[
            {
                "storage": "s",
                "zone": "C",
                "technology": "lithium_ion",
                "power_mw": 20,
                "energy_mwh": 40,
                "charge_efficiency": 0.9,
                "discharge_efficiency": 0.9,
            }
        ],
        lines=[
            {"line": "AB", "from_zone": "A", "to_zone": "B", "capacity_mw": 100, "loss_fraction": 0.05},
            {"line": "BC", "from_zone": "B", "to_zone": "C", "capacity_mw": 150, "loss_fraction": 0.03},
        ],
    )
    data = gm.solve(case).dispatch
    traced = carbon_tracing.add_factors(data)
    taken = data["load"].values - data["unserved"].values
    taken[ZONES.index("C")] += data["charge"].values[0]
    np.testing.assert_allclose(carbon_tracing.consumption(data), taken, atol=1e-6)
    carbon = np.nan_to_num(traced["carbon_factor_consumption"].values) * taken
    np.testing.assert_allclose(carbon, traced["emissions_consumption"].values, atol=1e-6)
    assert float(traced["emissions_consumption"].sum()) == pytest.approx(float(data["emissions"].sum()), rel=1e-9)


def test_yearly_table_stands_beside_published_factors():
    """Sums of the year over zones, regions and the nation, each beside the latest published average."""
    data = dispatch(
        [100, 60, 50],
        [160, 0, 40],
        lines=[("A", "B"), ("B", "C")],
        flow=[40, 50],
        hours=2.0,
        region=("zone", ["North", "North", "Northwest"]),
    )
    published = pd.DataFrame(
        {
            "area": ["A", "A", "North China", "China", "China"],
            "level": ["province", "province", "grid region", "national", "national"],
            "kind": ["average", "average", "average", "average", "fossil electricity only"],
            "year": [2021, 2022, 2023, 2023, 2023],
            "factor_t_per_mwh": [0.7, 0.6, 0.5, 0.4, 0.9],
        }
    )
    table = carbon_tracing.yearly(data, published).set_index("area")
    assert table.loc["A", "factor_consumption_t_per_mwh"] == pytest.approx(0.8)
    assert table.loc["A", "published_t_per_mwh"] == 0.6 and table.loc["China", "published_t_per_mwh"] == 0.4
    assert table.loc["North China", "consumption_emissions_t"] == pytest.approx(128)
    assert table.loc["North China", "factor_consumption_t_per_mwh"] == pytest.approx(64 / 110)
    assert table.loc["China", ["production_emissions_t", "consumption_emissions_t"]].tolist() == pytest.approx(
        [200, 200]
    )
    assert np.isnan(table.loc["B", "published_t_per_mwh"])


def test_chunks_change_nothing(monkeypatch):
    """Solved two steps at a time the factors are those of all steps at once."""
    rng = np.random.default_rng(1)
    data = dispatch(
        rng.uniform(50, 100, (3, 7)),
        rng.uniform(0, 50, (3, 7)),
        lines=[("A", "B"), ("B", "C")],
        flow=rng.uniform(0, 20, (2, 7)),
    )
    whole = carbon_tracing.factors(data)
    monkeypatch.setattr(carbon_tracing, "CHUNK", 2)
    xr.testing.assert_allclose(carbon_tracing.factors(data), whole, rtol=1e-12)
