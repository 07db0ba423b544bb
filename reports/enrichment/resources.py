"""The one place that knows where parsedmarc keeps its data files. Its code is not loaded: that takes seconds."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

IP_DATABASE = "ipinfo/ipinfo_lite.mmdb"
SERVICES = "maps/base_reverse_dns_map.csv"
SUFFIXES = "maps/psl_overrides.txt"


def bundled(name: str) -> Path:
    """The path of a file that parsedmarc ships under its resources. Raises FileNotFoundError where there is none."""
    spec = find_spec("parsedmarc")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "resources" / name
        if path.is_file():
            return path
    raise FileNotFoundError(f"parsedmarc ships no {name}")
