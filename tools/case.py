"""A reader's case: `case.py new -- NAME` copies a template or reads a workbook, `case.py check --
FOLDER` says what a case holds and draws it.

`make case NAME=mine` and `make check CASE=data/mine` call this.
"""

import argparse
import os
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from saying import Refused

from vppcore import Case, dispatch, load_case
from vppcore.currency import said
from vppcore.errors import NotSolved, StudyError
from vppcore.infeasible import with_way_out
from vppcore.pages import tables, words_vpp
from vppcore.reading.files import case_folder

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "data" / "template"
LONGEST_NAME = 100  # characters of a new case's name; a file system takes some more
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


# what `make case KIND=` may ask for -> what the template holds; the plain one is that of the book
PLAIN_KIND = "street"
KINDS = {
    PLAIN_KIND: "a household and a shop",
    "homes": "three homes with roofs, a battery, a heat pump and a car",
    "industry": "a foundry with a gas turbine, a dairy and a cold store",
    "feeder": "five members on one feeder",
}


def new(name: str, kind: str = PLAIN_KIND) -> None:
    """Copies the template of a kind to data/NAME, whole or not at all."""
    target = free_folder(name)
    copy_whole(template_of(kind), target)
    print(f"data/{name} holds case.yaml, units.csv and series.csv:", end=" ")
    print(f"{KINDS[kind]}, to be replaced by yours.")
    print(f"Then: make check CASE=data/{name}")


def new_from(name: str, workbook: str) -> None:
    """Makes data/NAME from a workbook of three sheets, whole or not at all."""
    from case_from_workbook import files_from

    target = free_folder(name)
    try:
        texts = files_from(Path(os.path.expanduser(workbook)))
    except Refused as refused:
        sys.exit(f"{refused}; nothing was written")
    write_whole(texts, target)
    print(f"data/{name} holds case.yaml, units.csv and series.csv with what {workbook} says.")
    print(f"Then: make check CASE=data/{name}")


def free_folder(name: str) -> Path:
    """data/NAME, which does not exist yet. Ends in a sentence for a name that is none or taken."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        sys.exit(
            f"NAME={name!r}: allowed are letters, digits, '.', '_' and '-',"
            " as in make case NAME=mine"
        )
    if len(name) > LONGEST_NAME:
        sys.exit(f"NAME has {len(name)} characters: allowed are up to {LONGEST_NAME}")
    target = ROOT / "data" / name
    if os.path.lexists(target):
        sys.exit(f"data/{name} is there already; nothing was written")
    return target


def template_of(kind: str) -> Path:
    """The folder of a kind's template. Ends in a sentence for a kind that there is not."""
    if kind not in KINDS:
        sys.exit(
            f"KIND={kind!r}: allowed are {', '.join(KINDS)}, as in make case NAME=mine KIND=homes"
        )
    return TEMPLATE if kind == PLAIN_KIND else TEMPLATE.parent / "templates" / kind


def copy_whole(source: Path, target: Path) -> None:
    """Copies a folder, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as folder:
        made = Path(folder, target.name)
        shutil.copytree(source, made)
        made.rename(target)


def write_whole(texts: dict[str, str], target: Path) -> None:
    """Writes a folder of files, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as folder:
        made = Path(folder, target.name)
        made.mkdir()
        for name, text in texts.items():
            (made / name).write_text(text, encoding="utf-8")
        made.rename(target)


def kind_asked_for(given: str) -> str:
    """The kind that was given; without one it is asked for where somebody can answer."""
    if given or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return given or PLAIN_KIND
    print("What kind of case?")
    for kind, words in KINDS.items():
        print(f"  {kind:10}{words}")
    try:
        answer = input(f"One of these words ({PLAIN_KIND} if you press Enter): ")
    except EOFError:
        sys.exit("\nno kind was said; nothing was written")
    return answer.strip() or PLAIN_KIND


def check(folder: str) -> Case:
    """Prints what a case says and what each VPP's cheapest schedule costs, or every fault in it.

    Returns the case; ends the program if it has a fault. The page of an earlier check goes in any
    case: it may draw what the files no longer say.
    """
    try:
        page_of(case_folder(folder).name).unlink(missing_ok=True)
        case = load_case(folder)
    except StudyError as refused:
        sys.exit(f"{folder} cannot be used yet:\n{indented(refused)}")
    print(horizon_in_words(case))
    print(tables.energy(case).round(1).to_string(), "\n")
    print(tables.devices(case).to_string(), "\n")
    print(prices_in_words(case), "\n")
    faults = print_schedules(case)
    if faults:
        sys.exit("No schedule exists for:\n" + "\n".join(faults))
    print(f"\nNow: make run NB=bargaining {parameters_for(folder)}")
    return case


def page_of(name: str) -> Path:
    """The page of the case in a folder of this name."""
    return ROOT / "build" / "check" / name / "index.html"


def draw(case: Case) -> None:
    """Draws a case that has no fault into a page, and says where it is."""
    from case_page import write_page

    page = page_of(case.name)
    write_page(case, page)
    print(f"Its loads, plants and prices are drawn in {page.relative_to(ROOT)}")


def horizon_in_words(case: Case) -> str:
    """Title and steps of a case, and when they begin."""
    vpp = case.vpps[0]
    lines = [case.description.title, f"{vpp.steps} steps of {vpp.step_hours:g} h"]
    if vpp.start_hour or vpp.weekday is not None:
        minutes = round(60 * vpp.start_hour)
        day = "" if vpp.weekday is None else f"{WEEKDAYS[vpp.weekday]}, "
        hour = f"{minutes // 60}:{minutes % 60:02d}"
        lines.append(f"from {day}{hour} ({case.description.timezone})")
    return "\n".join([*lines, ""])


def prices_in_words(case: Case) -> str:
    """The range of the grid's prices, and where feeding in pays more than buying costs."""
    prices = tables.price_range(case).round(3)
    lines = ["no VPP has a grid" if prices.empty else prices.to_string()]
    lines += words_vpp.where_feeding_in_pays(case)
    return said("\n".join([*lines, *words_vpp.counted_over(case)]))


def parameters_for(folder: str) -> str:
    """How to give the case to `make run`, in quotes where its name needs some of its own."""
    quoted = shlex.quote(folder)
    if quoted == folder:
        return f'P="case={folder}"'
    return f"P={shlex.quote(f'case={quoted}')}"


def print_schedules(case: Case) -> list[str]:
    """Prints what each VPP's cheapest schedule costs; returns a sentence for each that has none."""
    faults = []
    for vpp in case.vpps:
        try:
            print(said(f"{vpp.name} alone: {dispatch(vpp).cost:,.2f} yuan"))
        except NotSolved as refused:
            faults.append(indented(with_way_out(vpp, refused)))
        except StudyError as refused:
            faults.append(indented(refused))
    return faults


def indented(refused: StudyError) -> str:
    """The sentences of a refusal, each on a line of its own."""
    return "\n".join(f"  {line}" for line in str(refused).splitlines())


def main() -> None:
    try:
        run()
    except OSError as error:  # a folder that may not be written, a disk that is full
        sys.exit(f"{why_stopped(error)}; nothing was written")
    except KeyboardInterrupt:
        sys.exit(130)


def why_stopped(error: OSError) -> str:
    """Which file or folder could not be read or written, and why."""
    if isinstance(error, shutil.Error):  # one entry for each file that could not be copied
        source, _, why = error.args[0][0]
        return f"{source} could not be copied ({why})"
    what = error.filename2 or error.filename or "a file"
    return f"{what} could not be read or written ({error.strerror or error})"


def run() -> None:
    cli = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    cli.add_argument("do", choices=["new", "check"])
    cli.add_argument("what", help="the new case's name, or a case's folder")
    cli.add_argument("--kind", default="", help=f"of the new case: {', '.join(KINDS)}")
    cli.add_argument("--from", default="", dest="workbook", help="a workbook to make it from")
    args = cli.parse_args()
    if not args.what.strip():
        sys.exit("say what to do: make case NAME=mine, or make check CASE=data/mine")
    if args.do == "check":
        draw(check(args.what))
    elif not args.workbook.strip():
        new(args.what, kind_asked_for(args.kind.strip()))
    elif args.kind.strip():
        sys.exit("KIND and FROM: found both; allowed: a template, or a workbook")
    else:
        new_from(args.what, args.workbook)


if __name__ == "__main__":
    main()
