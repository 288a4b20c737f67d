"""Where the house stands, and a copy of it in which something can be planted."""

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "convproof"


def modules(source: Path = SOURCE) -> list[Path]:
    """All Python files of a copy of the package, in order."""
    return sorted(source.rglob("*.py"))


@dataclass(frozen=True)
class Planted:
    """A copy of the package under ``root``; ``plant`` appends code to one of its files, which is made if there is none."""

    root: Path

    @classmethod
    def below(cls, root: Path) -> "Planted":
        shutil.copytree(SOURCE, root / "src" / "convproof", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", root)
        return cls(root)

    @property
    def source(self) -> Path:
        return self.root / "src" / "convproof"

    def plant(self, module: str, code: str) -> Path:
        path = self.source / module
        path.parent.mkdir(parents=True, exist_ok=True)
        if not (path.parent / "__init__.py").exists():
            (path.parent / "__init__.py").write_text('"""Planted."""\n', encoding="utf-8")
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(f"{before}\n{code}\n", encoding="utf-8")
        return path
