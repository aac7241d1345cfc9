"""Run one notebook with papermill; the only way in which the book and `make run` execute notebooks.

What papermill leaves to the user is settled here, before a kernel starts: an unknown notebook or
parameter is refused with the list of those that exist, and a failed cell ends in one sentence.
"""

import argparse
import os
import re
import shlex
import sys
from pathlib import Path

# papermill and the kernel read these when they start: the kernel of this environment wins over
# one the user has installed elsewhere, and the kernel says nothing about the debugger on stderr.
os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")

import papermill
import yaml
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError, strip_color
from papermill.iorw import NoDatesSafeLoader

ROOT = Path(__file__).resolve().parent.parent


class Refused(Exception):
    """What the user asked for cannot be done; the message is one sentence."""


class Values(NoDatesSafeLoader):
    """YAML 1.1 takes `1e-4` for text because it has no point; here it is a number, and None is none."""


Values.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^[Nn]one$"), list("Nn"))
Values.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)

# what a declared type accepts; others are left to the notebook
KINDS = {"float": {float, int}, "int": {int}, "bool": {bool}}


def find(name: str) -> Path:
    known = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    stem = name.removeprefix("notebooks/").removesuffix(".ipynb")
    if stem not in known:
        what = (
            f"There is no notebook {name!r}"
            if name
            else "Say which notebook to run, as in NB=cooperation"
        )
        raise Refused(f"{what}; the notebooks are: {', '.join(known) or 'none yet'}.")
    return ROOT / "notebooks" / f"{stem}.ipynb"


def kind_of(parameter: dict) -> str:
    """The type that the parameters cell gives; text is recognised by its default alone."""
    if parameter["inferred_type_name"] == "None" and parameter["default"].startswith(("'", '"')):
        return "str"
    return parameter["inferred_type_name"]


def parse(text: str, declared: dict) -> dict:
    """`penalty=3e-4 solver=gurobi` -> typed values; a parameter that is a text stays one."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Refused(f"The parameters {text!r} cannot be read: {error}.") from None
    values = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Refused(
                f'{word!r} is not of the form name=value, as in P="penalty=3e-4 solver=gurobi".'
            )
        if name not in declared:
            allowed = ", ".join(f"{n} (now {p['default']})" for n, p in declared.items())
            raise Refused(f"This notebook has no parameter {name!r}; it has: {allowed or 'none'}.")
        kind = kind_of(declared[name])
        try:
            nothing = declared[name]["default"] == "None" and value in ("None", "none")
            values[name] = (
                value if kind == "str" and not nothing else yaml.load(value, Loader=Values)
            )
        except yaml.YAMLError:
            raise Refused(f"{name}={value} cannot be read as a number, a text or a list.") from None
        absent = values[name] is None and declared[name]["default"] == "None"
        if not absent and type(values[name]) not in KINDS.get(kind, {type(values[name])}):
            raise Refused(
                f"{name}={value} is not of type {kind}, as {name}={declared[name]['default']} is."
            )
    return values


def run(notebook: Path, output: Path, parameters: dict, log: Path | None) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            # relative paths: papermill records them in the notebook that readers download
            os.path.relpath(notebook),
            os.path.relpath(output),
            parameters,
            progress_bar=log is None,
            # otherwise each kernel warns that its talk with this process is not encrypted
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
        )
    except PapermillExecutionError as error:
        if log:
            log.write_text(strip_color("\n".join(error.traceback)) + "\n")
        raise Refused(f"{error.ename}: {error.evalue}") from None
    except DeadKernelError:
        raise Refused("The notebook's kernel died, most likely for want of memory.") from None


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    cli.add_argument("notebook", help="name of a notebook, as cooperation")
    cli.add_argument("--parameters", "-p", default="", help="name=value name=value ...")
    cli.add_argument(
        "--into", type=Path, default=Path("build/runs"), help="folder of the executed notebook"
    )
    cli.add_argument("--results", type=Path, help="folder of its numbers (default: <into>/results)")
    cli.add_argument(
        "--log", type=Path, help="where the traceback of a failed cell goes; no progress bar then"
    )
    args = cli.parse_args()
    results = args.results or args.into / "results"
    try:
        notebook = find(args.notebook)
        parameters = parse(args.parameters, papermill.inspect_notebook(notebook))
        output = args.into / notebook.name
        (results / notebook.stem).mkdir(parents=True, exist_ok=True)
        # vppcore writes below this folder, so that a run with other parameters leaves the book's numbers alone
        os.environ["VPPCORE_RESULTS"] = str(results.resolve())
        if args.log:
            args.log.parent.mkdir(parents=True, exist_ok=True)
            args.log.write_text("")
        try:
            run(notebook, output, parameters, args.log)
        except Refused as error:
            where = args.log or output
            sentence = str(error).replace("\n", "\n  ")
            raise Refused(
                f"{notebook.stem} stopped with\n  {sentence}\n  (the whole story: {where})"
            ) from None
    except Refused as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    print(f"{notebook.stem} ran: {output}, numbers in {results / notebook.stem}/")


if __name__ == "__main__":
    main()
