"""Pages that are made when the docs are built: from schemas, settings, help and the rules themselves."""

from __future__ import annotations

import formulation
import reference
from mkdocs.structure.files import File

from grid_model import formulation as registry


def pages() -> dict[str, str]:
    """Markdown of every generated page by its path."""
    return {**reference.pages(), **formulation.pages()}


def on_config(config):
    """Technologies and rules in the order of the registry, below the first page of their section."""
    registries = {"formulation": registry.TECHNOLOGIES, "policies": registry.BUILT_IN}
    for section in config.nav:
        for listed in section.values() if isinstance(section, dict) else ():
            folder = str(listed[0]).partition("/")[0]
            listed += [f"{folder}/{module.NAME}.md" for module in registries.get(folder, ())]
    return config


def on_files(files, config):
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files
