"""Why a bus hosts no more: nested models of its hosting, and what each step between them takes away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Flag, Grid
from three_mismatches.layers.at_year import add_flag
from three_mismatches.power._base import BaseCase, base_case, responses
from three_mismatches.power._screening import Interfaces
from three_mismatches.power._secure_model import (
    NO_LINE,
    SHED_MW,
    Injections,
    SecureModel,
    SecureSolution,
    injections_of,
)
from three_mismatches.power._watch import Watch
from three_mismatches.power.contingencies import Contingencies, Outages, outages_of
from three_mismatches.power.hosting import hosting, interfaces_of, positions_of

__all__ = ["RUNGS", "Models", "ladder", "ladders", "rungs"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RUNGS = {
    "adequacy": "generation is short",
    "transport": "ratings of a cut are too small",
    "n0": "power does not choose its way",
    "n1": "what remains after an outage must carry it too",
    "screening": "the dispatch follows participation instead of the grid",
}
"""The models from the most to the least generous, and what the step down to each says."""

DUAL = 1e-7
"""A dual below this is nothing. [MW/MW]"""

MANY = 3
"""More binding elements than this are counted, not named."""


def ladder(
    grid: Grid,
    bus: str,
    *,
    request_mw: float | None = None,
    contingencies: Contingencies = "branches",
    participation: pd.Series | Mapping[str, float] | None = None,
    balance: str | None = None,
    islanding: str = "redistribute",
    cutoff: float = 0.0,
    preexisting: str = "count",
) -> pd.DataFrame:
    """
    Return why a bus hosts no more: what nested models of the grid let it have, and what each step takes away.

    Parameters
    ----------
    grid
        As for `hosting`.
    bus
        Where the load is to be.
    request_mw
        What it asks; without, what adequacy would give it. [MW]
    contingencies, participation, balance, islanding
        As for `hosting`. Only the last rung's dispatch follows `participation`; the others redispatch freely.
    cutoff, preexisting
        As for `hosting`. With a cutoff above 0 or "ignore" a lower rung may end above a higher one; it then takes
        nothing away. "count_if_worsened" is for the last rung; the others count.

    Returns
    -------
    rungs
        Index rung: "adequacy" (generation less demand, everything joined), "transport" (ratings, but power goes any
        way), "n0" (DC power flow), "n1" (within emergency ratings after every outage, without redispatch), "screening"
        (`hosting`). `hosting_mw`; `taken_mw`, what the step takes of the request: these add up to `attrs["gap_mw"]`;
        `because`; `limiting_line`, `limiting_outage`. `attrs["base_shed_mw"]`: by rung, the demand that it cannot
        serve before anything is added (flag `base_infeasible`, also where units that must run give too much);
        `attrs["flags"]`. [MW]

    Raises
    ------
    NetworkError
        As `hosting`; if the request is missing or negative.
    SolverError
        If HiGHS ends without an optimum.

    Notes
    -----
    Each rung but the last is a linear programme that only adds conditions to the one above, so that on a base that is
    secure none lies above another.
    """
    found = ladders(
        grid, [bus], contingencies=contingencies, participation=participation, balance=balance,
        islanding=islanding, cutoff=cutoff, preexisting=preexisting,
    )  # fmt: skip
    row = found.iloc[0]
    hosting_mw = row[[f"{rung}_mw" for rung in RUNGS]].to_numpy(dtype=np.float64)
    asked = float(hosting_mw[0] if request_mw is None else request_mw)
    if not asked >= 0.0:
        problem, cure = f"is {asked:g} MW", "Ask for 0 MW or more"
        raise NetworkError([Fault("request_mw", "value", problem, cure, (bus,))])
    left = np.minimum.accumulate(np.concatenate([[asked], hosting_mw]))
    table = pd.DataFrame(
        {
            "hosting_mw": hosting_mw,
            "taken_mw": left[:-1] - left[1:],
            "because": list(RUNGS.values()),
            "limiting_line": [row[f"{rung}_line"] for rung in RUNGS],
            "limiting_outage": [row[f"{rung}_outage"] for rung in RUNGS],
        },
        index=pd.Index(RUNGS, name="rung"),
    )
    table.attrs = {
        "bus": bus, "request_mw": asked, "gap_mw": float(asked - left[-1]),
        "base_shed_mw": found.attrs["base_shed_mw"], "flags": row["flags"],
    }  # fmt: skip
    return table


def ladders(
    grid: Grid,
    buses: Sequence[str] | pd.Index | None = None,
    *,
    contingencies: Contingencies = "branches",
    participation: pd.Series | Mapping[str, float] | None = None,
    balance: str | None = None,
    islanding: str = "redistribute",
    cutoff: float = 0.0,
    preexisting: str = "count",
) -> pd.DataFrame:
    """
    Return the rungs of several buses, each asked alone: the programmes are built once.

    Parameters
    ----------
    grid, contingencies, participation, balance, islanding, cutoff, preexisting
        As for `ladder`.
    buses
        All without.

    Returns
    -------
    rungs
        Index bus; for each rung `<rung>_mw` [MW], `<rung>_line` and `<rung>_outage`; `flags`. `attrs["base_shed_mw"]`
        by rung [MW]; `attrs["violated"]`, how many pairs of line and outage the dispatch violates before.

    Raises
    ------
    NetworkError, SolverError
        As `ladder`.
    """
    base = base_case(grid, balance=balance, participation=participation)
    asked = positions_of(base.network.buses, buses)
    screen = hosting(
        grid, base.network.buses[asked], contingencies=contingencies, participation=participation, balance=balance,
        islanding=islanding, cutoff=cutoff, preexisting=preexisting, top=1,
    )  # fmt: skip
    models = Models.of(grid, base, asked, contingencies, islanding=islanding, preexisting=preexisting)
    return rungs(models, screen, models.by_rung())[0]


def rungs(
    models: Models, screen: pd.DataFrame, programmes: Mapping[str, SecureModel]
) -> tuple[pd.DataFrame, list[SecureSolution]]:
    """
    Return the rungs of the places of some programmes (see `ladders`), and the last one's solve for each place.

    Parameters
    ----------
    models
        What the programmes are made of.
    screen
        `hosting` at their places.
    programmes
        By rung.
    """
    table = pd.DataFrame(index=screen.index)
    before = {rung: model.before() for rung, model in programmes.items()}
    found: list[SecureSolution] = []
    for rung, model in programmes.items():
        found = [model.most_new(alone) for alone in np.where(np.eye(len(screen)) > 0.0, np.inf, 0.0)]
        table[f"{rung}_mw"] = [max(float(each.new_mw[at]), 0.0) for at, each in enumerate(found)]
        names = [models.binding(each) for each in found]
        for at, what in enumerate(("line", "outage")):
            table[f"{rung}_{what}"] = pd.Series([name[at] for name in names], index=table.index, dtype=object)
    table["adequacy_mw"] = models.adequacy(before["transport"].shed_mw)
    table["adequacy_line"], table["adequacy_outage"] = "capacity", ""
    table["screening_mw"] = screen["hosting_mw"]
    table["screening_line"], table["screening_outage"] = screen["limiting_line"], screen["limiting_outage"]
    infeasible = np.full(len(table), max(found.lost_mw for found in before.values()) > SHED_MW)
    table["flags"] = add_flag(screen["flags"], Flag.BASE_INFEASIBLE, infeasible)
    table = table[[*(f"{rung}_{what}" for what in ("mw", "line", "outage") for rung in RUNGS), "flags"]]
    shed = {rung: float(found.shed_mw.sum()) for rung, found in before.items()}
    table.attrs["base_shed_mw"] = pd.Series(shed, name="base_shed_mw", dtype=np.float64)
    table.attrs["violated"] = screen.attrs["violated"]
    return table, found


@dataclass(frozen=True, eq=False)
class Models:
    """The programmes of one grid with new load at some buses."""

    grid: Grid
    base: BaseCase
    places: Ints
    injections: Injections
    rating: Floats
    emergency: Floats
    outages: Outages
    interfaces: Interfaces
    islanding: str
    preexisting: str

    @classmethod
    def of(
        cls,
        grid: Grid,
        base: BaseCase,
        places: Ints,
        contingencies: Contingencies,
        *,
        islanding: str,
        preexisting: str,
    ) -> Models:
        """Return what the programmes of a grid are made of."""
        injections = injections_of(grid, base.network)
        normal = grid.lines["s_nom"].to_numpy(dtype=np.float64)
        if preexisting == "ignore":
            normal = np.where(np.abs(base.flow) > normal + SHED_MW, np.inf, normal)
        return cls(
            grid=grid,
            base=base,
            places=places,
            injections=injections,
            rating=normal,
            emergency=grid.lines["s_nom_emergency"].fillna(grid.lines["s_nom"]).to_numpy(dtype=np.float64),
            outages=outages_of(grid, contingencies),
            interfaces=interfaces_of(grid, base.network.branches, injections.links.names),
            islanding=islanding,
            preexisting=preexisting,
        )

    def by_rung(self) -> dict[str, SecureModel]:
        """Return the programme of each rung that is one."""
        transport = SecureModel(self.base, self.injections, self.places, self.rating, kirchhoff=False)
        return {"transport": transport, "n0": self.intact(), "n1": self.secure()}

    def intact(self) -> SecureModel:
        """Return the programme that keeps within ratings before any outage."""
        return SecureModel(self.base, self.injections, self.places, self.rating)

    def secure(self) -> SecureModel:
        """Return the programme that keeps within ratings after outages, and to interfaces before any."""
        model = self.intact()
        model.add_interfaces(self.interfaces)
        parts = np.unique(self.base.network.component)
        watch = Watch(
            self.base, responses(self.base, parts), self.outages, self.emergency.copy(),
            islanding=self.islanding, preexisting=self.preexisting,
        )  # fmt: skip
        model.secure_against(watch)
        return model

    def adequacy(self, shed_mw: Floats) -> Floats:
        """
        Return, for each place, supply less demand over all buses that any line or link joins, 0 or more. [MW]

        Parameters
        ----------
        shed_mw
            Demand of each bus that is not served. [MW]
        """
        network, links = self.base.network, self.injections.links
        size = int(network.component.max(initial=-1)) + 1
        ends = network.component[links.bus0], network.component[links.bus1]
        joined = connected_components(
            coo_array((np.ones(len(ends[0])), ends), shape=(size, size)), directed=False
        )
        area = joined[1][network.component]
        left = self.injections.most - self.injections.demand + shed_mw
        spare = np.bincount(area, weights=left).astype(np.float64)
        return np.asarray(np.maximum(spare[area[self.places]], 0.0), dtype=np.float64)

    def binding(self, found: SecureSolution) -> tuple[str, str]:
        """Return what binds in a solve: lines, interfaces and links, and the outages after which they do."""
        names = self.base.network.branches
        before = (
            (found.flow_dual, names),
            (found.interface_dual, self.interfaces.names),
            (found.link_dual, self.injections.links.names),
        )
        bound = [
            (float(dual[at]), str(known[at]), "")
            for dual, known in before
            for at in np.flatnonzero(dual > DUAL).tolist()
        ]
        for line, outage, dual in found.security.itertuples(index=False):
            if dual > DUAL:
                name = "capacity" if line == NO_LINE else str(names[line])
                bound.append((float(dual), name, str(self.outages.names[outage])))
        if not bound:
            return "capacity", ""
        bound.sort(key=lambda each: (-each[0], each[1], each[2]))
        more = f"; and {len(bound) - MANY} more" if len(bound) > MANY else ""
        lines = "; ".join(name for _, name, _ in bound[:MANY]) + more
        lost = "; ".join(outage or "-" for _, _, outage in bound[:MANY]) + more
        return lines, lost if any(outage for _, _, outage in bound) else ""
