"""`grid-model new`: the files in `starter/`, copied; its scenarios are named by the folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from grid_model.commands.options import AsJson
from grid_model.commands.session import print_json, session
from grid_model.errors import InputError, Problem

STARTER = Path(__file__).with_name("starter")
SCENARIO = "scenario.yaml"
NAME = "mygrid"  # of the scenario in the starter
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.", show_default=False)]


def new(folder: Folder, as_json: AsJson = False) -> None:
    """Write a small commented grid to start from: two zones, a day, solved at once.

    A scenario, its tables and hourly profiles, and a second scenario that changes the first.

    Examples:
      grid-model new mygrid
      grid-model run mygrid/scenario.yaml
      grid-model run mygrid/more_wind.yaml
      grid-model compare results/mygrid results/mygrid_more_wind
    """
    with session(as_json=as_json):
        files = copy_starter(folder)
        if as_json:
            print_json({"scenario": str(folder / SCENARIO), "files": [str(file) for file in files]})
        else:
            for file in files:
                print(file)
            print(f"run it with: grid-model run {folder / SCENARIO}")


def copy_starter(folder: Path) -> list[Path]:
    """The files of the starter in a folder, as they are called there.

    Raises
    ------
    InputError : the folder holds something already, or cannot be written
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(Problem(str(folder), allowed="a new or empty folder"))
        shutil.copytree(STARTER, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
        for file in folder.glob("*.yaml"):
            file.write_text(file.read_text(encoding="utf-8").replace(NAME, folder.resolve().name), encoding="utf-8")
    except OSError as error:
        said = error.strerror or str(error)
        raise InputError(Problem(str(folder), value=said, allowed="a folder that can be written")) from None
    return sorted(folder / file.relative_to(STARTER) for file in STARTER.rglob("*") if file.is_file())
