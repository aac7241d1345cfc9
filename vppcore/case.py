"""VPPs that may cooperate, the tie that would join them, and where every number comes from."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Annotated, Literal, get_args

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from vppcore.components import Component, Tie
from vppcore.errors import WrongInput
from vppcore.vpp import VPP

Status = Literal["printed", "parent study", "digitised", "open data", "assumed", "calibrated"]


STATUSES = get_args(Status)


ALL = "all"  # in the vpp column: every VPP; a VPP's own row wins over it


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Study(BaseModel):
    """What a case says of the paper whose study it rebuilds; a case of one's own says nothing.

    paper: whose claims are held against the case's results.
    vpps: the VPPs that these claims speak of, all that the case has.
    fitted: ids of the claims that numbers or series of this case were fitted to.
    """

    model_config = ConfigDict(extra="forbid")
    paper: Literal["A", "B"]
    vpps: Annotated[tuple[Text, ...], Field(min_length=1)]
    fitted: tuple[Annotated[str, StringConstraints(pattern=r"^[AB]\d\d$")], ...] = ()


class Description(BaseModel):
    """case.yaml, checked."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    title: Text
    source: Text
    licence: Text
    currency: Literal["yuan"]
    steps: Annotated[int, Field(ge=1)]
    step_hours: Annotated[float, Field(gt=0, le=24)]
    series_source: Text
    series_status: Status
    note: str = ""
    study: Study | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """VPPs that may cooperate, the tie that would join any two of them, and where every number comes from.

    vpps: each alone, without a tie. tie: limit and crossing fee, without partners; None if trade is impossible.
    units, series: the tables as read (for display). name: the folder's name.
    """

    name: str
    description: Description
    vpps: tuple[VPP, ...]
    tie: Tie | None
    units: pd.DataFrame
    series: pd.DataFrame

    @property
    def names(self) -> list[str]:
        """The VPPs' names in the order of the case."""
        return [vpp.name for vpp in self.vpps]

    def vpp(self, name: str) -> VPP:
        """One VPP by name. Raises WrongInput if there is none of that name."""
        for vpp in self.vpps:
            if vpp.name == name:
                return vpp
        raise WrongInput(f"vpp: found {name!r}; allowed: {', '.join(self.names)}")

    def connected(self, members: tuple[str, ...] | None = None) -> tuple[VPP, ...]:
        """The VPPs, each with a tie to every other, or only `members` with ties among themselves.

        Raises WrongInput if the case has no tie or no VPP of a name.
        """
        joined = self.names if members is None else [self.vpp(name).name for name in members]
        if self.tie is None or (members is None and len(joined) < 2):
            raise WrongInput(
                f"case {self.name}: cooperation needs two VPPs or more and a 'tie' component in units.csv"
            )
        return tuple(
            vpp.adding(replace(self.tie, partners=tuple(n for n in joined if n != vpp.name)))
            if vpp.name in joined and len(joined) > 1
            else vpp
            for vpp in self.vpps
        )

    def change(self, vpp: str, component: str, **changes) -> Case:
        """The same case with some numbers of one component of one VPP replaced."""
        self.vpp(vpp)
        changed = tuple(v.change(component, **changes) if v.name == vpp else v for v in self.vpps)
        return replace(self, vpps=changed)

    def change_all(self, component: str, **changes) -> Case:
        """The same case with some numbers of one component replaced in every VPP that has it; WrongInput if none has."""
        if not any(component in (c.name for c in vpp.components) for vpp in self.vpps):
            raise WrongInput(f"case {self.name}: no VPP has a component {component!r} to change")
        return replace(
            self,
            vpps=tuple(
                vpp.change(component, **changes)
                if component in (c.name for c in vpp.components)
                else vpp
                for vpp in self.vpps
            ),
        )

    def is_paper(self, paper: str) -> bool:
        """True if the case says in case.yaml that it rebuilds paper "A" or "B", and has the VPPs that it says so of.

        A copy with other VPPs is a case of its own: the paper's claims are not held against it.
        """
        study = self.description.study
        if study is None or study.paper != paper:
            return False
        return sorted(study.vpps) == sorted(self.names)

    @property
    def fitted_claims(self) -> set[str]:
        """Ids of the claims that this case was fitted to, as its case.yaml names them: {"B16"}."""
        study = self.description.study
        return set() if study is None else set(study.fitted)

    def window(self, first: int, steps: int) -> Case:
        """The case from step `first` (1 is the first) for `steps` steps; stores still end as full as they began.

        What is left of a paper's day is no longer the paper's. Raises WrongInput if these steps are not all there.
        """
        last, total = first - 1 + steps, self.vpps[0].steps
        if not 1 <= first <= last <= total:
            raise WrongInput(
                f"case {self.name}: found steps {first} to {last}; allowed: within 1 to {total}"
            )

        def cut(component: Component) -> Component:
            profiles = [f.name for f in fields(component) if "column" in f.metadata]
            return replace(
                component, **{name: getattr(component, name)[first - 1 : last] for name in profiles}
            )

        vpps = tuple(
            replace(vpp, components=tuple(map(cut, vpp.components)), steps=steps)
            for vpp in self.vpps
        )
        return replace(
            self,
            vpps=vpps,
            series=self.series.iloc[first - 1 : last],
            description=self.description.model_copy(update={"steps": steps, "study": None}),
        )

    def change_tie(self, **changes) -> Case:
        """The same case with another trade limit (kW) or crossing fee (yuan/kWh)."""
        if self.tie is None:
            raise WrongInput(f"case {self.name}: there is no 'tie' component to change")
        return replace(self, tie=replace(self.tie, **changes))
