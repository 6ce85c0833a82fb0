"""The example files as modules: they are not packages, for users copy them one by one."""

import importlib.util
from pathlib import Path
from types import ModuleType

from tests.architecture.tree import ROOT

EXAMPLES = ROOT / "examples" / "embedding"


def loaded(path: Path) -> ModuleType:
    """The module in a file."""
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
