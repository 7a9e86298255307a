"""Every kind of wrong input is reported with file, row, column, value and what is allowed; all at once."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grid_model.errors import InputError, Problem

STORAGE = "storage,zone,technology,power_mw,charge_efficiency,host\n"
LINES = "line,from_zone,to_zone,capacity_mw\n"


def assert_only(problems: list[Problem], file: Path | str, row: int, column: str, value: str, allowed: str) -> None:
    """The one problem, word for word but for `allowed`, of which a part is given; all of it is in the printed text."""
    assert len(problems) == 1, "\n".join(map(str, problems))
    problem = problems[0]
    assert (Path(problem.file), problem.row, problem.column, problem.value) == (Path(file), row, column, value)
    assert allowed in problem.allowed
    text = str(InputError(problems))
    for part in [Path(file).name, f"row {row}" if row else "", column, value, allowed]:
        assert part in text


def test_a_profile_whose_quotation_mark_is_never_closed(two_zones, problems):
    """In the last cell it swallows what follows, and all rows have as many cells as the header: that ended in a traceback."""
    file = two_zones.profiles / "load.csv"
    before, comma, last = file.read_text().rstrip().rpartition(",")
    file.write_text(f'{before}{comma}"{last}\n')
    assert_only(problems(two_zones), file, before.count("\n") + 1, "", '"', "every quotation mark closed")


def test_a_name_that_is_meant_is_told_in_signs_that_can_be_seen(two_zones, problems):
    """A byte order mark within a name of a table stood in `did you mean` as it is: nothing to be seen, and no line of print."""
    file = two_zones.inputs / "loads.csv"
    file.write_text(file.read_text().replace("North base", "North \ufeffbase"))
    assert all(str(problem).isprintable() for problem in problems(two_zones))


def test_missing_file(two_zones, problems):
    (two_zones.inputs / "loads.csv").unlink()
    assert_only(problems(two_zones), two_zones.inputs / "loads.csv", 0, "", "", "this file: it is required")


def test_missing_zones_say_nothing_about_references_to_them(two_zones, problems):
    (two_zones.inputs / "zones.csv").unlink()
    assert_only(problems(two_zones), two_zones.inputs / "zones.csv", 0, "", "", "this file: it is required")


def test_no_zone_at_all(two_zones, problems):
    path = two_zones.table("zones", "zone")
    two_zones.table("generators", "generator,zone,technology,capacity_mw")
    two_zones.table("loads", "load,zone")
    (two_zones.profiles / "load.csv").unlink()
    (two_zones.profiles / "availability.csv").unlink()
    assert_only(problems(two_zones), path, 0, "zone", "", "at least one row")


def test_missing_folder(two_zones, problems):
    two_zones.scenario_text("inputs: nowhere\nhorizon: {start: 2027-01-01, hours: 4}\n")
    assert_only(
        problems(two_zones),
        two_zones.scenario,
        1,
        "inputs",
        str(two_zones.folder / "nowhere"),
        "a folder with the tables",
    )


def test_missing_column(two_zones, problems):
    path = two_zones.table("loads", "load\nNorth base\nSouth base")
    assert Problem(path.as_posix(), 1, "zone", "", "this column: it is required") in problems(two_zones)


def test_extra_column_with_a_hint(two_zones, problems):
    path = two_zones.table("zones", "zone,lattitude\nNorth,30\nSouth,20")
    assert_only(problems(two_zones), path, 1, "lattitude", "lattitude", "did you mean latitude?")


def test_source_and_note_are_no_extra_columns(two_zones, read):
    two_zones.table("zones", "zone,source,note,name_zh\nNorth,a book,,北\nSouth,a book,flat,南")
    assert read(two_zones).tables["zones"]["note"].tolist() == ["", "flat"]


@pytest.mark.parametrize("written", ["many", "1,5", "0x10", "1_000", "NaN", "inf", "1e999", "一百"])
def test_wrong_type(two_zones, problems, written):
    path = two_zones.table("generators", f'generator,zone,technology,capacity_mw\nNorth coal,North,coal,"{written}"')
    (two_zones.profiles / "availability.csv").unlink()
    assert_only(problems(two_zones), path, 2, "capacity_mw", written, "a number >= 0 [MW]")


def test_empty_required_cell(two_zones, problems):
    path = two_zones.table("generators", "generator,zone,technology,capacity_mw\nNorth wind,North,wind_onshore,")
    assert_only(problems(two_zones), path, 2, "capacity_mw", "", "a number >= 0 [MW]")


def test_negative_capacity(two_zones, problems):
    path = two_zones.table("generators", "generator,zone,technology,capacity_mw\nNorth wind,North,wind_onshore,-5")
    assert_only(problems(two_zones), path, 2, "capacity_mw", "-5", ">= 0")


@pytest.mark.parametrize("efficiency", ["0", "1.01", "-0.5"])
def test_efficiency_outside_its_range(two_zones, problems, efficiency):
    path = two_zones.table("storage", STORAGE + f"battery,North,lithium_ion,10,{efficiency},")
    assert_only(problems(two_zones), path, 2, "charge_efficiency", efficiency, "> 0 and <= 1")


def test_duplicate_id(two_zones, problems):
    path = two_zones.table("zones", "zone\nNorth\nSouth\n\nNorth")
    assert_only(problems(two_zones), path, 5, "zone", "North", "once in this table")


def test_unknown_zone(two_zones, problems):
    path = two_zones.table("storage", STORAGE + "battery,Nrth,lithium_ion,10,,")
    assert_only(problems(two_zones), path, 2, "zone", "Nrth", "a name in table zones (North, South)")


def test_unknown_technology(two_zones, problems):
    path = two_zones.table("storage", STORAGE + "battery,North,lithium,10,,")
    assert_only(problems(two_zones), path, 2, "technology", "lithium", "a name in table technologies")


def test_unknown_host(two_zones, problems):
    path = two_zones.table("storage", STORAGE + "battery,North,lithium_ion,10,,North sun")
    assert_only(problems(two_zones), path, 2, "host", "North sun", "a name in table generators")


def test_store_among_generators(two_zones, problems):
    path = two_zones.table("generators", "generator,zone,technology,capacity_mw\nNorth wind,North,pumped_hydro,5")
    assert_only(problems(two_zones), path, 2, "technology", "pumped_hydro", "thermal, renewable or hydro")


def test_generator_among_stores(two_zones, problems):
    path = two_zones.table("storage", STORAGE + "battery,North,coal,10,,")
    assert_only(problems(two_zones), path, 2, "technology", "coal", "kind storage")


def test_new_technology_needs_a_kind(two_zones, problems):
    path = two_zones.table("technologies", "technology,kind\ncoal,\nfusion,")
    assert_only(problems(two_zones), path, 3, "kind", "", "one of thermal, renewable, hydro, storage")


def test_line_from_a_zone_to_itself(two_zones, problems):
    path = two_zones.table("lines", LINES + "tie,North,South,10\nloop,North,North,10")
    assert_only(problems(two_zones), path, 3, "to_zone", "North", "other than that in column from_zone")


def test_cascade_that_is_a_circle(two_zones, problems):
    two_zones.table(
        "reservoirs", "reservoir,generator,capacity_mwh\n" + "\n".join(f"{name},North coal,5" for name in "ABCD")
    )
    path = two_zones.table("cascade", "upstream,downstream\nD,A\nA,B\nB,C\nC,A")
    found = problems(two_zones)
    assert [(problem.file, problem.row, problem.value) for problem in found] == [
        (path.as_posix(), 3, "B"),
        (path.as_posix(), 4, "C"),
        (path.as_posix(), 5, "A"),
    ]
    assert "no circle" in found[0].allowed


def test_wrong_flag_choice_and_date(two_zones, problems):
    path = two_zones.table(
        "generators",
        """generator,zone,technology,capacity_mw,commissioned,purchase_class,aggregated
        North wind,North,wind_onshore,5,2024-13,first,maybe""",
    )
    assert [(problem.file, problem.row, problem.column, problem.value) for problem in problems(two_zones)] == [
        (path.as_posix(), 2, "aggregated", "maybe"),
        (path.as_posix(), 2, "commissioned", "2024-13"),
        (path.as_posix(), 2, "purchase_class", "first"),
    ]


def test_heating_season_that_is_no_day(two_zones, problems):
    path = two_zones.table("zones", "zone,heating_start,heating_end\nNorth,11-15,02-30\nSouth,,")
    assert_only(problems(two_zones), path, 2, "heating_end", "02-30", "month-day")


# ------------------------------------------------------------------------------------------------------------- profiles


def test_profile_shorter_than_the_horizon(two_zones, problems):
    path = two_zones.hourly("load", {"North base": [1.0] * 3, "South base": [1.0] * 3})
    assert_only(
        problems(two_zones),
        path,
        4,
        "time",
        "2027-01-01 00:00:00 to 2027-01-01 03:00:00",
        "covers the horizon, 2027-01-01 00:00:00 to 2027-01-01 04:00:00",
    )


def test_profile_that_begins_late(two_zones, problems):
    path = two_zones.hourly("availability", {"North wind": [0.5] * 4}, start="2027-01-01T01:00")
    assert_only(
        problems(two_zones), path, 5, "time", "2027-01-01 01:00:00 to 2027-01-01 05:00:00", "covers the horizon"
    )


@pytest.mark.parametrize(
    ("moments", "row", "value", "allowed"),
    [
        (["00", "01", "03", "04", "05"], 4, "2027-01-01 03:00:00", "2027-01-01 02:00:00: there is a gap"),
        (["00", "01", "01", "02", "03"], 4, "2027-01-01 01:00:00", "duplicate"),
        (["00", "02", "01", "03", "04"], 4, "2027-01-01 01:00:00", "in order"),
    ],
)
def test_gap_duplicate_and_disorder(two_zones, problems, moments, row, value, allowed):
    rows = "\n".join(f"2027-01-01T{hour}:00,0.5" for hour in moments)
    path = two_zones.profile("availability", "time,North wind\n" + rows)
    assert_only(problems(two_zones), path, row, "time", value, allowed)


def test_times_backwards(two_zones, problems):
    path = two_zones.profile(
        "availability", "time,North wind\n" + "\n".join(f"2027-01-01T0{3 - hour}:00,1" for hour in range(4))
    )
    assert_only(problems(two_zones), path, 3, "time", "2027-01-01 02:00:00", "in order")


@pytest.mark.parametrize(
    "written", ["2027-01-01T01:00:00+08:00", "2027-01-01T01:00:00Z", "yesterday", "", "2027-02-30"]
)
def test_time_zone_given_or_no_time(two_zones, problems, written):
    rows = f"2027-01-01T00:00,0.5\n{written},0.5\n2027-01-01T02:00,0.5\n2027-01-01T03:00,0.5"
    path = two_zones.profile("availability", "time,North wind\n" + rows)
    assert_only(problems(two_zones), path, 3, "time", written, "without a time zone")


def test_time_zone_in_parquet(two_zones, problems):
    (two_zones.profiles / "availability.csv").unlink()
    path = two_zones.profiles / "availability.parquet"
    time = pd.date_range("2027-01-01", periods=4, freq="h", tz="Asia/Shanghai")
    pd.DataFrame({"time": time, "North wind": 0.5}).to_parquet(path)
    found = problems(two_zones)
    assert_only(found, path, 0, "time", found[0].value, "without a time zone")
    assert "Asia/Shanghai" in found[0].value


@pytest.mark.parametrize(
    ("written", "value"), [("1.2", "1.2"), ("-0.1", "-0.1"), ("nan", "nan"), ("", "empty or NaN"), ("inf", "inf")]
)
def test_profile_outside_its_range(two_zones, problems, written, value):
    path = two_zones.profile(
        "availability",
        f"time,North wind\n2027-01-01,0.5\n2027-01-01T01:00,{written}\n2027-01-01T02:00,0.5\n2027-01-01T03:00,0.5",
    )
    assert_only(problems(two_zones), path, 3, "North wind", value, ">= 0 and <= 1")


def test_profile_of_words(two_zones, problems):
    path = two_zones.profile(
        "availability",
        "time,North wind\n2027-01-01,0.5\n2027-01-01T01:00,calm\n2027-01-01T02:00,0.5\n2027-01-01T03:00,0.5",
    )
    assert_only(problems(two_zones), path, 3, "North wind", "calm", "a number")


def test_profile_of_an_unknown_generator(two_zones, problems):
    path = two_zones.hourly("availability", {"North wnd": [0.5] * 4})
    assert_only(problems(two_zones), path, 1, "North wnd", "North wnd", "a name in table generators")


def test_load_without_a_profile(two_zones, problems):
    two_zones.hourly("load", {"North base": [1.0] * 4})
    assert_only(problems(two_zones), two_zones.inputs / "loads.csv", 3, "load", "South base", "a load with a profile")


def test_zone_missing_in_a_profile_by_technology(two_zones, problems):
    (two_zones.profiles / "availability.csv").unlink()
    path = two_zones.hourly("availability.wind_onshore", {"South": [0.5] * 4})
    assert_only(problems(two_zones), path, 1, "North", "", "table generators has wind_onshore in this zone")


def test_profile_of_an_unknown_kind(two_zones, problems):
    path = two_zones.hourly("availabilty", {"North wind": [0.5] * 4})
    assert_only(problems(two_zones), path, 0, "", "availabilty", "did you mean availability?")


def test_two_files_of_one_profile(two_zones, problems):
    path = two_zones.hourly("load", {"North base": [1.0] * 4, "South base": [1.0] * 4}, ending="parquet")
    assert_only(problems(two_zones), path, 0, "", "load.parquet", "one file of this name")


def test_profile_coarser_than_the_steps(two_zones, problems):
    path = two_zones.hourly("availability", {"North wind": [0.5] * 4}, freq="2h")
    assert_only(problems(two_zones), path, 0, "time", "steps of 2 h", "at most 1 h")


def test_steps_that_a_profile_does_not_divide(two_zones, problems):
    two_zones.scenario_text("inputs: inputs\nhorizon: {start: 2027-01-01, hours: 3, step_hours: 1.5}\n")
    assert {problem.allowed for problem in problems(two_zones)} == {"steps that divide those of the horizon (1.5 h)"}


def test_month_missing_in_budgets(two_zones, problems):
    two_zones.table(
        "generators",
        """generator,zone,technology,capacity_mw
        North wind,North,wind_onshore,5
        North hydro,North,hydro_run_of_river,5""",
    )
    path = two_zones.table("hydro_monthly", "zone,month,energy_mwh\nNorth,2,100")
    assert_only(problems(two_zones), path, 2, "month", "", "a row for month 1 of North")


def test_hydro_energy_without_hydro(two_zones, problems):
    path = two_zones.table("hydro_monthly", "zone,month,energy_mwh\nNorth,1,100")
    assert_only(problems(two_zones), path, 2, "zone", "North", "a zone with a generator of kind hydro")


def test_month_given_twice(two_zones, problems):
    path = two_zones.table("hydro_monthly", "zone,month,energy_mwh\nSouth,1,0\nSouth,1,0\nSouth,2.5,0")
    found = problems(two_zones)
    assert [(problem.file, problem.row, problem.value) for problem in found] == [
        (path.as_posix(), 3, "1"),
        (path.as_posix(), 4, "2.5"),
    ]


# -------------------------------------------------------------------------------------------------- files that are none


@pytest.mark.parametrize(
    ("content", "row", "allowed"),
    [
        (b"", 1, "one header row"),
        (b"\n\n", 1, "one header row"),
        (b"PK\x03\x04\x00\x00\x00", 1, "UTF-8"),
        (bytes(range(128, 256)), 1, "UTF-8"),
        ("zone\nNorth\nSüd\n".encode("latin-1"), 3, "UTF-8"),
        ("zone\nNorth\n".encode("utf-16"), 1, "UTF-8"),
        (b"zone,region\nNorth\nSouth,a", 2, "2 cells"),
        (b"zone\nNorth,too,many\nSouth", 2, "1 cells"),
        (b'zone\n"North\nSouth', 2, "one header row"),
        (b"zone,region\nNorth," + b"x" * 200_000 + b"\nSouth,a\n", 2, "one header row"),
    ],
    ids=["empty", "blank", "zip", "binary", "latin-1", "utf-16", "short row", "long row", "open quote", "huge field"],
)
def test_file_that_is_no_csv(two_zones, problems, content, row, allowed):
    path = two_zones.inputs / "zones.csv"
    path.write_bytes(content)
    found = [problem for problem in problems(two_zones) if problem.file == path.as_posix()]
    assert len(found) == 1 and found[0].row == row and allowed in found[0].allowed


def test_folder_in_place_of_a_file(two_zones, problems):
    path = two_zones.inputs / "storage.csv"
    path.mkdir()
    assert_only(problems(two_zones), path, 0, "", "a folder", "a file")


def test_duplicate_header(two_zones, problems):
    path = two_zones.table("zones", "zone,region,region\nNorth,a,b\nSouth,a,b")
    assert_only(problems(two_zones), path, 1, "region", "region", "each column once")


def test_column_without_a_name(two_zones, problems):
    path = two_zones.table("zones", "zone,\nNorth,\nSouth,x")
    assert_only(problems(two_zones), path, 3, "number 2", "x", "a column with a name")


def test_control_characters_in_a_name(two_zones, problems):
    path = two_zones.table("storage", STORAGE + "bat\x1b[31mtery,North,lithium_ion,10,,")
    assert_only(problems(two_zones), path, 2, "storage", "bat\N{REPLACEMENT CHARACTER}[31mtery", "a name")


@pytest.mark.parametrize("name", ["storages", "Storage", "stroage"])
def test_file_nearly_named_as_a_table(two_zones, problems, name):
    path = two_zones.table(name, STORAGE)
    assert_only(problems(two_zones), path, 0, "", f"{name}.csv", "did you mean storage?")


@pytest.mark.parametrize("name", ["generator", "Generators"])
def test_file_nearly_named_as_a_table_beside_it(two_zones, problems, name):
    """The right one is read; what was written into the other would be lost in silence."""
    path = two_zones.table(name, STORAGE)
    assert_only(problems(two_zones), path, 0, "", f"{name}.csv", "did you mean generators?")


def test_files_of_other_names_may_lie_among_the_tables(two_zones, read):
    two_zones.table("store_prices", "anything\n1")
    assert read(two_zones).tables["storage"].empty


def test_link_out_of_the_folder(two_zones, problems, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "storage.csv"
    outside.write_text(STORAGE)
    path = two_zones.inputs / "storage.csv"
    path.symlink_to(outside)
    assert_only(problems(two_zones), path, 0, "", str(outside), "a file inside the folder")


def test_profiles_linked_out_of_the_folder(two_zones, problems, tmp_path_factory):
    outside = tmp_path_factory.mktemp("elsewhere") / "profiles"
    os.rename(two_zones.profiles, outside)
    two_zones.profiles.symlink_to(outside)
    found = problems(two_zones)
    assert_only(found, two_zones.profiles, 0, "", str(outside), "a folder inside the data set's")


def test_technology_whose_name_is_a_path(two_zones, problems, tmp_path_factory):
    """A profile is only ever a file that lies in the folder of profiles, whatever a table calls its technology."""
    outside = two_zones.folder / "secret.csv"
    outside.write_text("time,North\n2027-01-01,0.5\n")
    two_zones.table("technologies", "technology,kind\n../../secret,renewable")
    two_zones.table("generators", "generator,zone,technology,capacity_mw\nNorth wind,North,../../secret,-5")
    found = problems(two_zones)
    assert [problem.column for problem in found] == ["capacity_mw"]


@pytest.mark.parametrize(
    ("content", "allowed"),
    [
        (b"", "a header row that begins with time"),
        (b"\xff\xfe\x00t", "text in UTF-8"),
        (b"hour,North wind\n2027-01-01,1\n", "time, as first column"),
        (b"time,North wind\n", "at least one row"),
        (b"time,North wind\n2027-01-01,1\n2027-01-01T01:00,1,7\n", "2 cells, as in the header"),
        (b"time,North wind\n2027-01-01,1\n2027-01-01T01:00\n", "2 cells, as in the header"),
        (b'time,North wind\n"2027-01-01",1\n2027-01-01T01:00\n', "2 cells, as in the header"),
        (b"time,North wind,North wind\n2027-01-01,1,1\n", "each column once"),
    ],
)
def test_profile_that_is_no_csv(two_zones, problems, content, allowed):
    path = two_zones.profiles / "availability.csv"
    path.write_bytes(content)
    found = problems(two_zones)
    assert [problem.file for problem in found] == [path.as_posix()] and allowed in found[0].allowed


def test_profile_that_is_no_parquet(two_zones, problems):
    (two_zones.profiles / "availability.csv").unlink()
    path = two_zones.profiles / "availability.parquet"
    path.write_bytes(b"PAR1 nothing PAR1")
    found = problems(two_zones)
    assert [problem.file for problem in found] == [path.as_posix()] and "a Parquet file" in found[0].allowed


def test_parquet_of_words(two_zones, problems):
    (two_zones.profiles / "availability.csv").unlink()
    path = two_zones.profiles / "availability.parquet"
    pd.DataFrame({"time": pd.date_range("2027-01-01", periods=4, freq="h"), "North wind": list("abcd")}).to_parquet(
        path
    )
    found = problems(two_zones)
    assert [problem.file for problem in found] == [path.as_posix()] and "columns of numbers" in found[0].allowed


def test_damaged_gzip(two_zones, problems):
    text = (two_zones.profiles / "availability.csv").read_bytes()
    (two_zones.profiles / "availability.csv").unlink()
    path = two_zones.profiles / "availability.csv.gz"
    path.write_bytes(gzip.compress(text)[:-9])
    assert_only(problems(two_zones), path, 0, "", "", "packed with gzip")


# -------------------------------------------------------------------------------------------------------------- changes


def change(two_zones, text: str) -> None:
    two_zones.scenario_text(f"inputs: inputs\nhorizon: {{start: 2027-01-01, hours: 4}}\nchanges:\n  - {{{text}}}\n")


@pytest.mark.parametrize(
    ("text", "column", "value", "allowed"),
    [
        (
            "table: generators, where: {technology: solar}, column: capacity_mw, multiply: 2",
            "where",
            "technology: solar",
            "at least one row",
        ),
        ("table: storage, column: power_mw, multiply: 2", "table", "storage", "at least one row"),
        ("table: generator, column: capacity_mw, multiply: 2", "table", "generator", "did you mean generators?"),
        ("table: ../generators, column: capacity_mw, multiply: 2", "table", "../generators", "one of the tables"),
        ("table: generators, column: capacity, multiply: 2", "column", "capacity", "did you mean capacity_mw?"),
        (
            "table: generators, where: {tech: coal}, column: capacity_mw, multiply: 2",
            "where.tech",
            "tech",
            "one of the columns",
        ),
        ("table: generators, column: zone, multiply: 2", "multiply", "2.0", "holds no numbers"),
        ("table: generators, column: capacity_mw, set: lots", "set", "lots", "a number >= 0"),
        (
            "table: generators, column: capacity_mw, scale_to: 5, share_by: zone",
            "scale_to",
            "5.0",
            "a column of numbers",
        ),
    ],
)
def test_change_that_cannot_be_made(two_zones, problems, text, column, value, allowed):
    change(two_zones, text)
    assert_only(problems(two_zones), two_zones.scenario, 4, f"changes.0.{column}", value, allowed)


def test_change_to_a_wrong_value(two_zones, problems):
    """The change is named: the file holds 50, which is right."""
    change(two_zones, "table: generators, where: {zone: North}, column: capacity_mw, add: -60")
    there = f"column capacity_mw in row 3 of {(two_zones.inputs / 'generators.csv').as_posix()}"
    assert_only(problems(two_zones), two_zones.scenario, 4, "changes.0.add", "-10", f">= 0 [MW]: what it makes of {there}")


def test_change_of_all_rows_to_a_wrong_value_is_one_problem(two_zones, problems):
    """Of two changes of a cell the last one is named."""
    two_zones.scenario_text("inputs: inputs\nhorizon: {start: 2027-01-01, hours: 4}\nchanges:\n"
                            "  - {table: generators, column: zone, set: South}\n  - {table: generators, column: zone, set: Mars}\n")
    rows = len(pd.read_csv(two_zones.inputs / "generators.csv"))
    assert_only(problems(two_zones), two_zones.scenario, 5, "changes.1.set", "Mars", f"and {rows - 1} more rows")


def test_a_wrong_cell_does_not_hide_a_change_that_hits_no_row(two_zones, problems):
    """-5 MW in a row, and a change of it for a technology that no row has: both are said."""
    path = two_zones.table("generators", "generator,zone,technology,capacity_mw\nNorth wind,North,wind_onshore,-5")
    change(two_zones, "table: generators, where: {technology: solr}, column: capacity_mw, multiply: 2")
    found = [(Path(problem.file), problem.row, problem.column, problem.value) for problem in problems(two_zones)]
    assert found == [(path, 2, "capacity_mw", "-5"), (two_zones.scenario, 4, "changes.0.where", "technology: solr")]


def test_a_wrong_cell_that_a_change_makes_right(two_zones, problems):
    """-3 MW among rows that are scaled to a sum would become something of the right sign, and nobody would know."""
    path = two_zones.table("generators", "generator,zone,technology,capacity_mw\nNorth wind,North,wind_onshore,-3\n"
                           "South coal,South,coal,-50")
    change(two_zones, "table: generators, column: capacity_mw, scale_to: 53")
    found = [(Path(problem.file), problem.row, problem.column, problem.value) for problem in problems(two_zones)]
    assert found == [(path, 2, "capacity_mw", "-3"), (path, 3, "capacity_mw", "-50")]


def test_a_table_that_is_wrong_says_nothing_of_changes_to_it(two_zones, problems):
    """Without the column no row can be scaled: that is said once, of the file."""
    path = two_zones.table("generators", "generator,zone,technology\nNorth wind,North,wind_onshore\nSouth coal,South,coal")
    change(two_zones, "table: generators, column: capacity_mw, scale_to: 53")
    assert_only(problems(two_zones), path, 1, "capacity_mw", "", "this column: it is required")


# ---------------------------------------------------------------------------------------------------------- all at once


def test_problems_of_several_files_are_reported_together(two_zones, problems):
    """Nothing stops at the first problem: two tables, a profile and a change are named in one message."""
    zones = two_zones.table("zones", "zone,latitude\nNorth,95\nSouth,20")
    generators = two_zones.table("generators", "generator,zone,technology,capacity_mw\nNorth wind,Nrth,wind_onshore,-5")
    profile = two_zones.hourly("availability", {"North wind": [0.5, 1.5, 0.5, -0.5]})
    change(two_zones, "table: loads, where: {zone: West}, column: annual_mwh, set: 5")
    found = problems(two_zones)
    assert [(problem.file, problem.row, problem.column, problem.value) for problem in found] == [
        (generators.as_posix(), 2, "capacity_mw", "-5"),
        (generators.as_posix(), 2, "zone", "Nrth"),
        (profile.as_posix(), 3, "North wind", "1.5"),
        (profile.as_posix(), 5, "North wind", "-0.5"),
        (zones.as_posix(), 2, "latitude", "95"),
        (two_zones.scenario.as_posix(), 4, "changes.0.where", "zone: West"),
    ]
    text = str(InputError(found))
    assert text.startswith("6 problems in the input:") and len(text.splitlines()) == 7


def test_no_row_for_each_of_thousands_of_wrong_hours(two_zones, problems):
    two_zones.scenario_text("inputs: inputs\nhorizon: {start: 2027-01-01, hours: 2000}\n")
    two_zones.hourly("load", {"North base": np.ones(2000), "South base": np.ones(2000)})
    two_zones.hourly("availability", {"North wind": np.full(2000, 7.0)})
    assert len(problems(two_zones)) == 10


# --------------------------------------------------------------------------------------- as spreadsheets and people do


def test_scenario_and_tables_are_told_of_together(two_zones, problems):
    """An unknown key and an unknown setting of a rule do not hide what is wrong in the tables."""
    generators = two_zones.table("generators", "generator,zone,technology,capacity_mw\nNorth coal,North,coal,-5")
    (two_zones.profiles / "availability.csv").unlink()
    two_zones.scenario_text(
        "inputs: inputs\nhorizon: {start: 2027-01-01, hours: 4, stepp: 1}\ncolour: blue\nsolve: {method: abacus}\n"
    )
    found = {(Path(problem.file).name, problem.column, problem.value) for problem in problems(two_zones)}
    assert found == {
        (generators.name, "capacity_mw", "-5"),
        (two_zones.scenario.name, "horizon.stepp", "stepp"),
        (two_zones.scenario.name, "colour", "colour"),
        (two_zones.scenario.name, "solve.method", "abacus"),
    }


@pytest.mark.parametrize(
    ("content", "row", "value", "allowed"),
    [
        ("zone,name_zh\nNorth,青海\nSouth,上海\n".encode("gbk"), 2, "North,青海", "looks like GBK, save it as UTF-8"),
        ("zone\nNorth\nSouth\n".encode("utf-16"), 1, "UTF-16", "save it as UTF-8 (a spreadsheet: CSV UTF-8)"),
        (
            b"PK\3\4" + bytes(range(256)),
            2,
            "a workbook (or another packed file)",
            "save it as UTF-8 (a spreadsheet: CSV UTF-8)",
        ),
        (b"zone;name_zh\nNorth;a\nSouth;b\n", 1, "cells parted by ;", "cells parted by commas"),
        (b"zone\tname_zh\nNorth\ta\nSouth\tb\n", 1, "cells parted by tabs", "cells parted by commas"),
        ("zone，name_zh\nNorth，a\n".encode(), 1, "cells parted by ，", "cells parted by commas"),
        (b"", 1, "nothing in the first row", "one header row"),
        (b'zone\nNorth\n"South\n', 3, "unexpected end of data", "one header row"),
        (b"zone,name_zh\nNorth\nSouth,b\n", 2, "1 cells", "2 cells, as in the header"),
    ],
)
def test_table_that_is_no_table_is_one_problem(two_zones, problems, content, row, value, allowed):
    """What is said of the file is all that is said: names that refer to its rows are not judged."""
    path = two_zones.inputs / "zones.csv"
    path.write_bytes(content)
    assert_only(problems(two_zones), path, row, "", value, allowed)


@pytest.mark.parametrize(
    ("content", "row", "value", "allowed"),
    [
        ("time,青海\n2027-01-01T00:00,1\n".encode("gbk"), 1, "time,青海", "looks like GBK, save it as UTF-8"),
        ("time,North base\n".encode("utf-16"), 1, "UTF-16", "save it as UTF-8 (a spreadsheet: CSV UTF-8)"),
        (b"time;North base;South base\n2027-01-01T00:00;1;2\n", 1, "cells parted by ;", "cells parted by commas"),
        (b"", 1, "no header", "a header row that begins with time"),
        (b"time,North base,South base\n2027-01-01T00:00,1\n", 2, "2 cells", "3 cells, as in the header"),
    ],
)
def test_profile_that_is_no_profile_is_one_problem(two_zones, problems, content, row, value, allowed):
    path = two_zones.profiles / "load.csv"
    path.write_bytes(content)
    assert_only(problems(two_zones), path, row, "", value, allowed)


def test_workbooks_in_the_place_of_csv(two_zones, problems):
    for path in (two_zones.inputs / "lines.xlsx", two_zones.profiles / "availability.xls"):
        path.write_bytes(b"PK\3\4")
    found = {(Path(problem.file).name, problem.allowed) for problem in problems(two_zones)}
    assert found == {
        ("lines.xlsx", "the table as CSV: lines.csv"),
        ("availability.xls", "the profile as availability.csv or availability.parquet"),
    }


@pytest.mark.parametrize("folder, name, allowed", [
    ("inputs", "lines.csv.gz", "the table as CSV: lines.csv"), ("inputs", "storage.parquet", "the table as CSV: storage.csv"),
    ("inputs", "storage.zip", "the table as CSV: storage.csv"), ("profiles", "availability.nc", "the profile as availability.csv or"),
    ("profiles", "availability.wind_onshore.csv.zip", "the profile as availability.wind_onshore.csv or"),
    ("profiles", "AVAILABILITY.CSV", "the profile as availability.csv or"), ("profiles", "availability.parquet.gz", "the profile as availability.csv or")])
def test_what_nobody_would_read_is_no_silence(two_zones, problems, folder, name, allowed):
    """A table or profile packed, or in another format or spelling, stands where there is none: to go on without it would be a wrong
    answer in silence."""
    (two_zones.profiles / "availability.csv").unlink()
    path = getattr(two_zones, folder) / name
    path.write_bytes(b"x")
    assert_only(problems(two_zones), path, 0, "", name, allowed)


def test_rows_of_time_that_changed_places(two_zones, problems):
    path = two_zones.profile(
        "load", "time,North base,South base\n" + "\n".join(f"2027-01-01T0{hour}:00,1,1" for hour in (0, 2, 1, 3, 4, 5))
    )
    assert_only(problems(two_zones), path, 3, "time", "2027-01-01 02:00:00", "2027-01-01 01:00:00: moments in order")


def test_nearest_technology_is_named(two_zones, problems):
    path = two_zones.table("storage", STORAGE + "battery,North,lithium-ion,10,,")
    assert_only(problems(two_zones), path, 2, "technology", "lithium-ion", "did you mean lithium_ion?")


def test_name_with_a_line_break(two_zones, problems):
    two_zones.table("zones", "zone\nNorth\nSouth")
    path = two_zones.inputs / "generators.csv"
    path.write_text('generator,zone,technology,capacity_mw\n"North\nwind",North,wind_onshore,50\n')
    (two_zones.profiles / "availability.csv").unlink()
    assert_only(problems(two_zones), path, 2, "generator", "North\N{REPLACEMENT CHARACTER}wind", "on one line")


def test_nobody_is_meant_by_another_capital(two_zones, problems):
    """The hint looks at names as people read them, capitals or not."""
    path = two_zones.table("generators", "generator,zone,Technology,capacity_mw\nNorth wind,North,wind_onshore,5")
    assert any(problem.row == 1 and "did you mean technology?" in problem.allowed for problem in problems(two_zones)), (
        path
    )


def test_modules_check_their_tables_beside_faulty_ones(two_zones, problems_of_all):
    """A line from a zone to itself is the lines' own check: it does not wait until the generators are mended."""
    generators = two_zones.table("generators", "generator,zone,technology,capacity_mw\nNorth coal,North,coal,many")
    lines = two_zones.table("lines", LINES + "loop,North,North,10")
    (two_zones.profiles / "availability.csv").unlink()
    found = problems_of_all(two_zones)
    assert {problem.file for problem in found} == {generators.as_posix(), lines.as_posix()}


def test_scenario_in_another_encoding(two_zones, problems):
    two_zones.scenario.write_bytes("name: 青海\ninputs: inputs\n".encode("gbk"))
    assert_only(problems(two_zones), two_zones.scenario, 1, "", "name: 青海", "this looks like GBK, save it as UTF-8")


@pytest.fixture
def problems_of_all():
    """Problems that the checks of all registered modules find, too."""
    from grid_model.pipeline import load_case

    def find(grid):
        with pytest.raises(InputError) as caught:
            load_case(grid.scenario)
        return caught.value.problems

    return find


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("place", ["inputs", "inputs/profiles", "inputs/zones.csv", "inputs/profiles/load.csv"])
def test_what_may_not_be_read(two_zones, problems, place):
    path = two_zones.folder / place
    path.chmod(0o000)
    try:
        found = problems(two_zones)
    finally:
        path.chmod(0o755)
    assert found and all(problem.value == "Permission denied" for problem in found), "\n".join(map(str, found))
