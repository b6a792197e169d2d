"""The import graph of the package: its folders from the ground up, their arrows, and any circle.

    python tests/project/import_graph.py

Imports inside functions count.  LAYERS says who may import whom: a folder imports folders of lower
layers and its own modules, nothing else.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "rppg"
LAYERS = (  # from the ground up
    ("utils",),
    ("signals", "evaluation"),
    ("losses", "plotting", "datasets"),
    ("dataloader", "preprocessing"),
    ("models", "synthetic", "workflow"),
    ("inference",),
    ("training",),
    ("studies", "api"),
    ("cli_data", "cli_simulate"),
    ("cli",),
    ("__main__",),
)
ROOT_FILES = {"__init__", "__main__", "cli", "cli_data", "cli_simulate"}
LEVEL = {folder: level for level, folders in enumerate(LAYERS) for folder in folders}


def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports(name: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Modules of the package that a module imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:  # relative
                parts = name.split(".") + (["x"] if path.name == "__init__.py" else [])
                base = ".".join([*parts[: -node.level], *([base] if base else [])])
            if base in known:
                inner = [f"{base}.{alias.name}" for alias in node.names]
                yield from (one if one in known else base for one in inner)


def graph(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Module -> the other modules of the package that it imports."""
    known = modules(package)
    return {name: set(imports(name, path, known)) - {name} for name, path in known.items()}


def folder_of(module: str) -> str:
    """The folder of rppg that a module lies in, or its own name at the root."""
    return module.split(".")[1] if "." in module else "__init__"


def folder_arrows(of_modules: dict[str, set[str]]) -> dict[str, set[str]]:
    """Folder -> the other folders that its modules import."""
    arrows: dict[str, set[str]] = {}
    for module, imported in of_modules.items():
        here = folder_of(module)
        arrows.setdefault(here, set()).update(map(folder_of, imported))
    return {here: there - {here} for here, there in arrows.items()}


def upward(of_modules: dict[str, set[str]]) -> list[str]:
    """Imports that LAYERS forbids, as "module -> module"."""
    return [
        f"{module} -> {other}"
        for module, imported in sorted(of_modules.items())
        for other in sorted(imported)
        if (here := folder_of(module)) != (there := folder_of(other))
        and LEVEL.get(there, -1) >= LEVEL.get(here, len(LAYERS))
    ]


def circles(of_modules: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other, directly or through others: modules that are left
    when those that import nothing, and those that nothing imports, are taken away in turn."""
    left = {module: set(imported) for module, imported in of_modules.items()}
    while True:
        imported_by = set().union(*left.values()) if left else set()
        ends = {m for m, others in left.items() if not others & left.keys() or m not in imported_by}
        if not ends:
            return [sorted(left)] if left else []
        left = {m: others - ends for m, others in left.items() if m not in ends}


def main() -> None:
    of_modules = graph()
    arrows = folder_arrows(of_modules)
    for level, folders in enumerate(LAYERS):
        for folder in folders:
            n = sum(folder_of(module) == folder for module in of_modules)
            targets = ", ".join(sorted(arrows.get(folder, ()), key=lambda f: (LEVEL.get(f, 0), f)))
            print(f"{level}  {folder:14} {n:3} modules  -> {targets or '(nothing)'}")
    print(f"upward: {'; '.join(upward(of_modules)) or 'none'}")
    found = circles(of_modules)
    print(f"circles: {'; '.join(' - '.join(circle) for circle in found) or 'none'}")


if __name__ == "__main__":
    main()
