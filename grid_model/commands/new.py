"""`grid-model new`: the files in `starter/`, copied; its scenarios are named by the folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from grid_model.commands.options import AsJson
from grid_model.commands.session import print_json, session
from grid_model.errors import InputError, Problem
from grid_model.results.folder import writing

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
    """The files of the starter in a folder, as they are called there; scenarios come last, so that a part of a grid is none.

    Raises
    ------
    InputError : the folder holds something already
    WriteError : it cannot be written; nothing is left in it
    """
    names = sorted((file.relative_to(STARTER) for file in STARTER.rglob("*") if file.is_file()), key=lambda name: name.suffix == ".yaml")
    with writing(folder, "the grid", other="folder"):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(Problem(str(folder), allowed="a new or empty folder"))
        try:
            for name in names:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                content = (STARTER / name).read_text(encoding="utf-8")
                (folder / name).write_text(
                    content.replace(NAME, folder.resolve().name) if name.suffix == ".yaml" else content, encoding="utf-8"
                )
        except BaseException:
            for name in dict.fromkeys(name.parts[0] for name in names):
                shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink(missing_ok=True)
            raise
    return sorted(folder / name for name in names)
