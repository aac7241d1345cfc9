"""Forms that check an exercise's numbers, and the list of all exercises.

`check` puts a form under an exercise, one field for each number of book/exercises/answers.yml.
The answer is not in it, only its seal (vppcore/exercises/sealing.py); book/_static/exercises.js
compares. Where nothing can be typed, in print, the form is left out.

`exercise-download` links the page's notebook, which tools/exercise_notebooks.py writes beside it.

`exercise-grades` says what the grades mean, `exercise-list` lists the exercises of all pages by
chapter and grade, read from the pages.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from vppcore.exercises.checking import NOT_YET, RIGHT
from vppcore.exercises.questions import Question, all_questions
from vppcore.exercises.sheets import GRADES, Sheet, all_sheets
from vppcore.exercises.typed import NO_NUMBER

FIELD = """<form class="answer" novalidate hidden data-salt="{salt}" data-start="{start!r}"
  data-width="{width!r}" data-code="{code}" data-unit="{unit}" data-hint="{hint}">
<label for="{id}">{part}{ask}</label>
<div class="answer-line">
<input id="{id}" type="text" autocomplete="off" spellcheck="false" aria-describedby="{id}-verdict">
<button type="submit" aria-label="Check: {ask}">Check</button>
</div>
<p class="answer-verdict" id="{id}-verdict" role="status"></p>
</form>
"""
GROUP = """<div class="answers" role="group" aria-label="Check your numbers: {title}"
  data-right="{right}" data-not-yet="{not_yet}" data-no-number="{no_number}">
{fields}</div>
"""


class answer_forms(nodes.General, nodes.Element):
    """The fields of one exercise."""


def field(asked: Question, numbered: bool) -> str:
    """The form of one number."""
    seal = asked.seal
    return FIELD.format(
        salt=escape(seal.salt),
        start=seal.start,
        width=seal.width,
        code=seal.code,
        unit=escape(asked.shown_unit),
        hint=escape(asked.hint),
        id=f"answer-{asked.label}-{asked.part}",
        part=f"{escape(asked.part)}. " if numbered else "",
        ask=escape(asked.asked),
    )


def forms(label: str, title: str) -> str:
    """The fields of an exercise, in a group that knows what is to be said."""
    questions = all_questions()[label]
    fields = "".join(field(asked, numbered=len(questions) > 1) for asked in questions)
    return GROUP.format(
        title=escape(title),
        right=escape(RIGHT),
        not_yet=escape(NOT_YET),
        no_number=escape(NO_NUMBER),
        fields=fields,
    )


class Check(SphinxDirective):
    """`{check} ex-p2g`: the form of this exercise."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        label = self.arguments[0]
        if label not in all_questions():
            raise self.error(f"answers.yml asks for no number of {label!r}")
        titles = {e.label: e.title for sheet in all_sheets() for e in sheet.exercises}
        form = answer_forms()
        form["html"] = forms(label, titles[label])
        return [form]


class Download(SphinxDirective):
    """`{exercise-download}`: a sentence with a link to the notebook of this page's exercises."""

    def run(self) -> list[nodes.Node]:
        name = Path(self.env.docname).name
        file = f"notebooks/exercises-{name}.ipynb"
        sentence = (
            f"These exercises as a {{download}}`notebook to work in <{file}>`: with an empty cell"
            " for each and `check` for your numbers, without solutions. Put it into the folder"
            " `notebooks` of the book and open it with `make lab`."
            " The {doc}`list of all exercises <../exercises>` says what the grades mean."
        )
        return written(self, [sentence])


class Grades(SphinxDirective):
    """`{exercise-grades}`: what each grade means."""

    def run(self) -> list[nodes.Node]:
        return written(self, [f"- **{grade}**: {meaning}." for grade, meaning in GRADES.items()])


class ExerciseList(SphinxDirective):
    """`{exercise-list}`: every exercise of the book, by chapter and grade."""

    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        for sheet in all_sheets():
            lines += chapter_lines(sheet)
        return written(self, lines)


def chapter_lines(sheet: Sheet) -> list[str]:
    """A chapter's exercises as lines of MyST, one for each grade that it has."""
    subject = sheet.title.removeprefix("Exercises: ")
    lines = [f"**{{doc}}`{subject[0].upper()}{subject[1:]} <exercises/{sheet.name}>`**", ""]
    for grade in GRADES:
        links = [f"{{ref}}`{e.title} <{e.label}>`" for e in sheet.of_grade(grade)]
        if links:
            lines.append(f"- *{grade}*: {'; '.join(links)}")
    return [*lines, ""]


def written(directive: SphinxDirective, lines: list[str]) -> list[nodes.Node]:
    """Lines of MyST as nodes."""
    box = nodes.Element()
    source, _ = directive.get_source_info()
    directive.state.nested_parse(StringList(lines, source), directive.content_offset, box)
    return box.children


def write_forms(translator: Any, form: answer_forms) -> None:
    """Into a page of a browser; not into a book for reading devices, where nothing runs."""
    if translator.builder.name == "html":
        translator.body.append(form["html"])
    raise nodes.SkipNode


def leave_out(translator: Any, form: answer_forms) -> None:
    """Where nothing can be typed."""
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Registers the extension."""
    skip = (leave_out, None)
    app.add_node(
        answer_forms, html=(write_forms, None), latex=skip, text=skip, man=skip, texinfo=skip
    )
    app.add_directive("check", Check)
    app.add_directive("exercise-download", Download)
    app.add_directive("exercise-grades", Grades)
    app.add_directive("exercise-list", ExerciseList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
