"""Pages that are made when the docs are built: from schemas, settings, help and the rules themselves."""

from __future__ import annotations

import formulation
import reference
from mkdocs.structure.files import File


def pages() -> dict[str, str]:
    """Markdown of every generated page by its path."""
    return {**reference.pages(), **formulation.pages()}


def on_files(files, config):
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files
