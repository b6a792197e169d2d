"""What the code of a stage is: the modules of rppg that its notebook imports, and its own cells.

    >>> notebook = "notebooks/02_pretrain_st_transformer.ipynb"
    >>> code = notebook_code(notebook, models=["st_transformer"])
    >>> "rppg.losses.sinc" in code, "rppg.studies.relcon.data" in code
    (True, False)

Imports are followed transitively and without running anything, those inside functions and the
`__init__` of every package on the way included.  A module's digest is that of its syntax tree
without docstrings, so that comments, docstrings and formatting change nothing.  Models are imported
by name at run time, which no import statement shows: their names are given, or read from the
notebook (`models_named`).

Two packages decide no result and are not followed: `rppg.workflow`, which does the bookkeeping,
and, unless `figures` is true, `rppg.plotting`, which draws what was computed.
"""

import ast
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
REGISTRY = "rppg.models.names"
BOOKKEEPING, FIGURES = "rppg.workflow", "rppg.plotting"
OPENS_RUN = "with experiment("  # the cell of a notebook that computes; later ones only draw


def notebook_code(
    notebook: Path | str, models: Iterable[str] = (), figures: bool = False, package: Path = PACKAGE
) -> dict[str, str]:
    """Name and digest of each module that the notebook imports, transitively.

    models: folders of rppg/models whose code counts, too.  package: the folder of rppg.  Raises
    FileNotFoundError for a notebook or model that does not exist, SyntaxError for broken code.
    """
    roots = {name for tree in _trees(notebook) for name in _imports(tree, "", True, package)}
    for model in models:
        if _module_file(f"rppg.models.{model}", package) is None:
            known = ", ".join(sorted(_model_names(package)))
            raise FileNotFoundError(f"no folder of a model {model!r}, expected one of {known}")
        roots.add(f"rppg.models.{model}")
    return _digests(roots, figures, package)


def function_code(module: str, function: str, package: Path = PACKAGE) -> dict[str, str]:
    """As notebook_code, of one function and of what it imports, as
    `function_code("rppg.cli_data", "prepare")`.

    Raises ValueError if the module has no such function.
    """
    path = _module_file(module, package)
    for node in _tree(path, path.stat().st_mtime_ns).body if path else ():
        if isinstance(node, ast.FunctionDef) and node.name == function:
            own = _digest(ast.dump(_without_docstrings(ast.Module([node], []))))
            used = _digests(_imports(node, module, False, package), False, package)
            return used | {f"{module}:{function}": own}
    raise ValueError(f"{module} has no function {function!r}")


def module_digests(names: Collection[str], package: Path = PACKAGE) -> dict[str, str]:
    """Today's digest of each of these modules, or functions as "module:name", that are there."""
    functions = [name for name in names if ":" in name]
    files = {name: _module_file(name, package) for name in names if ":" not in name}
    there = {name: path for name, path in files.items() if path is not None}
    return {
        name: _module(path, path.stat().st_mtime_ns, name, package)[0]
        for name, path in there.items()
    } | {name: function_code(*name.split(":"), package)[name] for name in functions}


def code_digest(notebook: Path | str, models: Iterable[str] = (), package: Path = PACKAGE) -> str:
    """One digest of notebook_code and of the notebook's own cells."""
    code = notebook_code(notebook, models, package=package) | {"cells": cells_digest(notebook)}
    return hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()[:16]


def cells_digest(notebook: Path | str) -> str:
    """Digest of the code cells without comments: up to the one that opens a run, if there is one
    (what comes after only draws), and without the parameters cell."""
    dumps = [ast.dump(_without_docstrings(tree)) for tree in _trees(notebook)]
    return _digest("\n".join(dumps))


def models_named(notebook: Path | str, package: Path = PACKAGE) -> set[str]:
    """Folders of rppg/models that the notebook's cells import from or name in a string."""
    known, named = _model_names(package), set()
    for tree in _trees(notebook):
        strings = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        parts = (name.split(".") for name in _imports(tree, "", True, package))
        named |= {text for text in strings if isinstance(text, str)}
        named |= {part[2] for part in parts if len(part) > 2 and part[:2] == ["rppg", "models"]}
    return named & known


def _sources(notebook: Path | str) -> list[str]:
    """Code cells but the parameters; lines of magics left out."""
    cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    cells = [
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", [])
    ]
    opens = next((n for n, text in enumerate(cells) if OPENS_RUN in text), len(cells))
    lines = (text.splitlines() for text in cells[: opens + 1])
    return [
        "\n".join(ln for ln in cell if not ln.lstrip().startswith(("%", "!"))) for cell in lines
    ]


def _trees(notebook: Path | str) -> list[ast.Module]:
    return [ast.parse(source) for source in _sources(notebook)]


def _model_names(package: Path) -> set[str]:
    return {path.parent.name for path in (package / "models").glob("*/__init__.py")}


def _digests(roots: Iterable[str], figures: bool, package: Path) -> dict[str, str]:
    """Digest of every module that is reached from roots, sorted by name."""
    skipped = (BOOKKEEPING,) if figures else (BOOKKEEPING, FIGURES)
    waiting, digests = [*roots], {}
    while waiting:
        name = waiting.pop()
        path = _module_file(name, package)
        left_out = any(f"{name}.".startswith(f"{other}.") for other in skipped)
        if path is None or left_out or name in digests:
            continue
        digest, imported = _module(path, path.stat().st_mtime_ns, name, package)
        digests[name] = digest
        waiting += imported
    return dict(sorted(digests.items()))


@cache
def _module(path: Path, mtime_ns: int, name: str, package: Path) -> tuple[str, frozenset[str]]:
    """Digest of a module, and the names of those that it imports."""
    tree = _tree(path, mtime_ns)
    imported = _imports(tree, name, path.name == "__init__.py", package)
    body = _without_docstrings(tree)
    if name == REGISTRY:  # a row more changes no model that is there
        body.body = [node for node in body.body if not _is_list_of_models(node)]
    return _digest(ast.dump(body)), frozenset(imported)


def _is_list_of_models(node: ast.stmt) -> bool:
    targets = [getattr(node, "target", None), *getattr(node, "targets", [])]
    return any(isinstance(target, ast.Name) and target.id == "RECIPES" for target in targets)


def _tree(path: Path, mtime_ns: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imports(tree: ast.AST, module: str, is_package: bool, package: Path) -> set[str]:
    """Modules of rppg that are imported anywhere in a tree, and the packages above them."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package)
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    names = {name for name in names if _module_file(name, package) is not None}
    return names | {above for name in names for above in _packages_above(name)}


def _packages_above(name: str) -> Iterator[str]:
    """Packages whose `__init__` runs on the way to a module.  That of a model's folder only puts
    its recipe together, which no module inside it uses: it counts if the model is named."""
    parts = name.split(".")
    for n in range(1, len(parts)):
        if n != 3 or parts[1] != "models":
            yield ".".join(parts[:n])


def _absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """The name that `from X import` means in a module."""
    if not node.level:
        return node.module or ""
    above = module.split(".")
    above = above[: len(above) - node.level + is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def _module_file(name: str, package: Path) -> Path | None:
    """File of a module of rppg, None for anything else."""
    top, *rest = name.split(".")
    if top != "rppg" or not all(part.isidentifier() for part in rest):
        return None
    place = package.joinpath(*rest)
    files = (place / "__init__.py", place.with_name(f"{place.name}.py"))
    return next((path for path in files if path.is_file()), None)


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
    return tree


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
