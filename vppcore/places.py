"""Where the project's folders are; everything else asks here, so that nothing depends on the
caller's folder.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DATA = PROJECT / "data"
NOTEBOOKS = PROJECT / "notebooks"
EXERCISES = PROJECT / "book" / "exercises"
RESULTS = PROJECT / "results"
