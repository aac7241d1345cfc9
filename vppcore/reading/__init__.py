"""Files become cases: `load_case`. The only reader of case files.

Every fault of a folder is found in one go and said in a sentence: where, what was found, what is
allowed. Everything is converted to kW, kWh, yuan and kg here and nowhere else.

| module | what it reads |
|---|---|
| `files` | a folder; a file's bytes as text |
| `separated` | a text as a table of cells, whatever separates them |
| `numerals` | a cell as a number, whatever marks its decimals |
| `units_of_measure` | units in files, and what they are inside |
| `names` | names of VPPs and labels |
| `description` | case.yaml |
| `clock` | when the horizon begins; the time column |
| `unit_rows` | units.csv |
| `columns` | which columns of series.csv the components ask for |
| `series` | series.csv |
| `assembly` | components and VPPs from the numbers |
| `folder` | all of it: a Case |
"""

from vppcore.places import DATA
from vppcore.reading.folder import load_case

__all__ = ["DATA", "load_case"]
