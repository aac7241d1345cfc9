"""Which VPP a page shows unless told otherwise."""

import pytest

from vppcore import WrongInput
from vppcore.pages.study import Study, check_parameters


@pytest.mark.parametrize("notebook", ["community", "real_week", "carbon_models", "one_vpp"])
def test_a_page_for_another_case_needs_no_name_of_its_vpp(notebook):
    """The book's own page may show a VPP by its name, which another case need not have."""
    case = "templates/homes"
    check_parameters(notebook, {"case": case})
    study = Study(notebook, {"case": case})
    assert study.vpp(study.case()) == "Elm"
    with pytest.raises(WrongInput, match="found 'Farm10'; allowed in homes: Oak, Elm, Ash"):
        check_parameters(notebook, {"case": case, "vpp": "Farm10"})
