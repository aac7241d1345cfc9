"""The currency of a case is a label: no number changes, and every text says it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import case as tool
import pandas as pd
import pytest
import rerun
from matplotlib import pyplot as plt
from tiny_book import ROOT

from vppcore import NotSolved, WrongInput, dispatch, load_case
from vppcore.currency import known_codes, said, speak, spoken
from vppcore.pages.pictures import as_svg, tell
from vppcore.pages.results import as_csv
from vppcore.pages.study import Study
from vppcore.pages.words import Prose

TEMPLATE = ROOT / "data/template"
CODE_OF_A_PAGE = re.compile(
    r'<(style|script)\b.*?</\1>|<div class="highlight.*?</pre>', flags=re.DOTALL
)


def template_in(folder: Path, code: str) -> Path:
    """A copy of the template in another currency: its label, its units and its columns."""
    made = folder / f"street-{code}"
    shutil.copytree(TEMPLATE, made)
    for name, before, after in (
        ("case.yaml", "currency: yuan", f"currency: {code}"),
        ("units.csv", "yuan/", f"{code}/"),
        ("series.csv", "_yuan_", f"_{code.lower()}_"),
    ):
        file = made / name
        text = file.read_text(encoding="utf-8")
        assert before in text
        file.write_text(text.replace(before, after), encoding="utf-8")
    return made


def changed(folder: Path, name: str, before: str, after: str) -> Path:
    """The same folder with one text of one file replaced."""
    text = (folder / name).read_text(encoding="utf-8")
    assert before in text
    (folder / name).write_text(text.replace(before, after), encoding="utf-8")
    return folder


def test_a_label_changes_no_number(tmp_path):
    euros, plain = load_case(template_in(tmp_path, "EUR")), load_case("template")
    assert [dispatch(vpp).cost for vpp in euros.vpps] == [dispatch(vpp).cost for vpp in plain.vpps]
    pd.testing.assert_frame_equal(euros.series, plain.series)
    assert list(euros.units["number"]) == list(plain.units["number"])


@pytest.mark.parametrize("written", ["CNY", "yuan"])
def test_cny_is_written_yuan(tmp_path, written):
    folder = tmp_path / "mine"
    shutil.copytree(TEMPLATE, folder)
    changed(folder, "case.yaml", "currency: yuan", f"currency: {written}")
    assert load_case(folder).description.currency == "yuan"


def test_a_case_that_names_none_is_in_yuan(tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(TEMPLATE, folder)
    changed(folder, "case.yaml", "currency: yuan", "# currency: yuan")
    assert load_case(folder).description.currency == "yuan"


@pytest.mark.parametrize("code", ["euro", "eur", "€", "EURO", "EU", "QQQ"])
def test_what_is_no_currency_is_refused_in_a_sentence(tmp_path, code):
    folder = changed(
        template_in(tmp_path, "EUR"), "case.yaml", "currency: EUR", f"currency: {code}"
    )
    if code == "QQQ" and not known_codes():
        pytest.skip("without babel any three capital letters are taken")
    with pytest.raises(WrongInput) as refused:
        load_case(folder)
    sentence = f"case.yaml, line 5, currency: found '{code}'; allowed: a code of ISO 4217"
    assert refused.value.faults[0].startswith(sentence)


def test_the_units_of_a_case_are_in_its_currency(tmp_path):
    folder = changed(template_in(tmp_path, "EUR"), "units.csv", "3.5,EUR/m3", "3.5,yuan/m3")
    with pytest.raises(WrongInput) as refused:
        load_case(folder)
    place = "Home gas_supply price: found unit 'yuan/m3'; allowed: EUR/m3"
    assert len(refused.value.faults) == 1 and place in refused.value.faults[0]


def test_a_column_of_another_currency_is_refused(tmp_path):
    folder = changed(template_in(tmp_path, "EUR"), "series.csv", "grid_buy_eur_", "grid_buy_yuan_")
    with pytest.raises(WrongInput) as refused:
        load_case(folder)
    assert "column grid_buy_yuan_per_kwh" in str(refused.value)
    assert "in EUR/kWh; allowed: grid_buy_eur_per_kwh, grid_buy_eur_per_mwh" in str(refused.value)


def test_a_case_in_yuan_takes_no_euros(tmp_path):
    folder = changed(template_in(tmp_path, "EUR"), "case.yaml", "currency: EUR", "currency: yuan")
    with pytest.raises(WrongInput, match="found unit 'EUR/m3'; allowed: yuan/m3"):
        load_case(folder)


def test_what_leaves_vppcore_says_the_currency():
    speak("EUR")
    assert repr(Prose("It costs 3 yuan.")) == "It costs 3 EUR."
    assert str(NotSolved("saves 0.00 yuan")) == "saves 0.00 EUR"
    assert WrongInput("found 1 yuan/kWh").faults == ["found 1 EUR/kWh"]
    table = pd.DataFrame({"gain (yuan)": [1.0], "unit": ["yuan/kWh"]})
    assert as_csv(table) == "gain (EUR),unit\n1.000000,EUR/kWh\n"
    _, axes = plt.subplots()
    axes.set_ylabel("price (yuan/kWh)")
    axes.set_title("in yuan")
    tell(axes, "price (yuan/kWh): from 1 to 2.")
    drawn = as_svg(axes.figure)
    plt.close(axes.figure)
    assert "yuan" not in drawn and drawn.count("EUR") >= 2


def test_a_word_that_only_holds_it_stays():
    speak("EUR")
    assert (
        said("Yuanlin, yuans and 'yuan/kWh' for 2 yuan")
        == "Yuanlin, yuans and 'yuan/kWh' for 2 EUR"
    )


def test_a_page_is_in_the_currency_of_its_first_case(tmp_path):
    folder = template_in(tmp_path, "EUR")
    study = Study("test", {"case": str(folder)})
    study.case()
    load_case("template")
    assert spoken() == "EUR"
    with pytest.raises(WrongInput, match="found amounts in 'yuan'; allowed .* amounts in 'EUR'"):
        study.case("template")
    Study("test", {"case": "template"}).case()
    assert spoken() == "yuan"


def test_a_check_says_the_currency(tmp_path, capsys):
    tool.check(str(template_in(tmp_path, "CHF")))
    printed = capsys.readouterr().out
    assert "Home alone: 26.06 CHF" in printed and "yuan" not in printed


OF_THE_BOOK = r"The book's run|study A's data|Try it"


@pytest.mark.parametrize("notebook", ["bargaining", "one_vpp"])
def test_a_run_in_euros_has_no_yuan_on_its_page(tmp_path, notebook):
    """Only code, which a page folds away, and what is said of the book's own cases keep it."""
    folder = template_in(tmp_path, "EUR")
    rerun.run(notebook, f"case={folder}", runs=tmp_path / "runs", quiet=True)
    (made,) = (tmp_path / "runs" / notebook).iterdir()
    page = CODE_OF_A_PAGE.sub("", (made / "run.html").read_text(encoding="utf-8"))
    said_in_yuan = [line for line in page.splitlines() if "yuan" in line.lower()]
    assert "EUR" in page
    assert all(re.search(OF_THE_BOOK, line) for line in said_in_yuan), said_in_yuan
    kept = [
        file for file in (made / "results").rglob("*") if file.suffix in (".csv", ".md", ".svg")
    ]
    texts = {file.name: file.read_text(encoding="utf-8") for file in kept}
    assert [name for name, text in texts.items() if "yuan" in text] == []
