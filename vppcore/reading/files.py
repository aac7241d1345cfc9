"""A case's folder, and the bytes of a file as text, whatever program has written it."""

from __future__ import annotations

import codecs
from pathlib import Path

from vppcore.errors import WrongInput
from vppcore.faults import Faults, Place, shown
from vppcore.places import DATA

FILES = ("case.yaml", "units.csv", "series.csv")
# bytes; a year of quarter hours with a hundred columns is 30 million
LARGEST_TABLE = 200_000_000
LARGEST_DESCRIPTION = 100_000

# the longer marks first: the mark of UTF-32 begins like that of UTF-16
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def case_folder(folder: str | Path) -> Path:
    """The folder of a case, given as a path ("~" is the home folder) or as a name below `data/`.

    Raises WrongInput, naming the cases there are, if there is no such folder.

    >>> case_folder("paper-a/").name
    'paper-a'
    """
    if isinstance(folder, str | Path) and str(folder).strip():
        for path in candidates(folder):
            if is_folder(path):
                return path.resolve()
    known = sorted(file.parent.name for file in DATA.glob("*/case.yaml"))
    raise WrongInput(
        f"case: no folder {shown(str(folder))}; "
        f"allowed: a folder with case.yaml, or one of {', '.join(known)}"
    )


def candidates(folder: str | Path) -> list[Path]:
    """Where a folder may be: as it was given, and below `data/`."""
    try:
        path = Path(folder).expanduser()
    except RuntimeError:  # no user of that name
        path = Path(folder)
    return [path, DATA / path]


def is_folder(path: Path) -> bool:
    """True for a folder; False also for a path that the system cannot take."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def check_files(folder: Path) -> None:
    """Raises WrongInput with a sentence for each of a case's files that is missing or no file."""
    faults = Faults()
    for name in FILES:
        path = folder / name
        if path.is_file():
            continue
        if path.is_dir():
            faults.say(f"{folder.name}: {name} is a folder; allowed: a file")
        elif path.is_symlink():
            faults.say(f"{folder.name}: {name} is a link that leads to no file; allowed: a file")
        elif path.exists():
            faults.say(f"{folder.name}: {name} is no ordinary file; allowed: a file")
        else:
            faults.say(f"{folder.name}: file {name} is missing{there_instead(folder, name)}")
    faults.refuse_if_any()


def there_instead(folder: Path, name: str) -> str:
    """Words about a file that was meant, as Units.csv or units.csv.txt; empty without one."""
    for path in sorted(folder.iterdir()):
        meant = path.name.lower() in (name, f"{name}.txt", name.replace(".yaml", ".yml"))
        if meant:
            return f"; there is {shown(path.name)}, allowed: {name}"
    return ""


def text_of(file: Path, largest: int, faults: Faults) -> str | None:
    """A file's text with "\\n" at the end of each line; None with the fault entered.

    UTF-8, and UTF-16 or UTF-32 where a byte order mark says so. Another encoding would have to be
    guessed, and a wrong guess gives wrong names without a word.
    """
    place = Place(file.name)
    try:
        size = file.stat().st_size
        if size > largest:
            allowed = f"up to {largest / 1e6:g} million bytes"
            faults.add(place, f"found {size / 1e6:,.1f} million bytes", allowed)
            return None
        content = file.read_bytes()
    except OSError as error:
        faults.add(place, f"cannot be read ({error.strerror})", "a file that you may read")
        return None
    return decoded(content, place, faults)


def decoded(content: bytes, place: Place, faults: Faults) -> str | None:
    """Bytes as text with "\\n" at the end of each line; None with the fault entered.

    >>> decoded("a;b\\r\\n".encode("utf-16"), Place("units.csv"), Faults())
    'a;b\\n'
    """
    encoding = "utf-8"
    for mark, marked in BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            encoding = marked
            break
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        faults.add(
            Place(place.file, line),
            f"found bytes that are not {encoding.removesuffix('-sig').upper()}",
            'text in UTF-8 (in a spreadsheet: save as "CSV UTF-8")',
        )
        return None
    if "\0" in text:
        faults.add(place, "found bytes that are no text", "text in UTF-8")
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")
