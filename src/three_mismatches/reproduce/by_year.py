"""What the area model says of one year and reading, by area: who is short, what is left, what could move."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from three_mismatches import match, power
from three_mismatches.layers import StudyTables
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.layers.settings import Settings
from three_mismatches.network import PowerGraph, power_graph, requests

__all__ = ["YearAnswer", "answer_of_year"]


@dataclass(frozen=True, eq=False)
class YearAnswer:
    """
    One year under one reading.

    Attributes
    ----------
    areas
        Index area: `new_mw`, of sites (`listed_mw`) and of load that no site stands for (`unsited_mw`); `gap_mw`, what
        of it is short when all ask at once. [MW]
    multiple, first
        How many times all new load could be served, and what binds then.
    graph
        The grid's arrays.
    """

    areas: pd.DataFrame
    multiple: float
    first: str
    graph: PowerGraph

    @property
    def new_mw(self) -> float:
        """All new load. [MW]"""
        return float(self.areas["new_mw"].sum())

    @property
    def gap_mw(self) -> float:
        """What of it is short. [MW]"""
        return float(self.areas["gap_mw"].sum())

    @property
    def gap_share(self) -> float:
        """The same as a share; 0 where nothing is asked. [-]"""
        return self.gap_mw / self.new_mw if self.new_mw > 0.0 else 0.0

    def left_mw(self, *, without: Iterable[str] = ()) -> pd.Series:
        """
        Return what each area could take alone once all other new load is served.

        Parameters
        ----------
        without
            Areas whose own new load is taken away first.

        Returns
        -------
        left
            Index area, by the secure rung; the local grid is not in it. [MW]
        """
        kept = (self.areas["new_mw"] - self.areas["gap_mw"]).drop(list(without)).reindex(self.areas.index)
        loaded = replace(
            self.graph,
            peak_mw=self.graph.peak_mw + kept.fillna(0.0).to_numpy(),
            unsited_mw=np.zeros_like(self.graph.unsited_mw),
        )
        everywhere = [power.Group(node) for node in range(len(loaded.nodes))]
        found = power.area_hosting(loaded, everywhere, stress=False)["secure_mw"]
        return found.set_axis(self.areas.index)

    def movable_mw(self) -> pd.DataFrame:
        """
        Return how much of each area's new load each other area could host instead, one pair at a time.

        Returns
        -------
        movable
            One row for each area with new load, one column for each area. [MW]
        """
        rows = {}
        for area, mw in self.areas["new_mw"][self.areas["new_mw"] > 0.0].items():
            left = self.left_mw(without=[str(area)])
            rows[area] = left.clip(upper=mw).mask(left.index == area)
        return pd.DataFrame.from_dict(rows, orient="index", columns=self.areas.index)


def answer_of_year(tables: StudyTables, settings: Settings, values: Mapping[str, float]) -> YearAnswer:
    """
    Return the joint delivery of one year by area, without round trips and without what sites could have alone.

    Parameters
    ----------
    tables, settings
        The study.
    values
        Value of every assumption.
    """
    now, sites, _ = match.in_its_year(tables, settings, values)
    top = sites[is_top_level(sites)]
    known = top[top["new_mw"].notna()]
    graph = power_graph(now.grid, top.groupby("pocket")["in_base_mw"].sum())
    joint = power.area_joint(graph, requests(graph, known, known["new_mw"]))
    index = joint.areas.index
    short = (known["new_mw"] - joint.sites["joint_mw"]).clip(lower=0.0).groupby(known["area"]).sum()
    beyond = (pd.Series(graph.unsited_mw, index=index) - joint.areas["unsited_joint_mw"]).clip(lower=0.0)
    listed = known["new_mw"].groupby(known["area"]).sum().reindex(index).fillna(0.0)
    areas = pd.DataFrame(
        {
            "new_mw": listed + graph.unsited_mw,
            "gap_mw": short.reindex(index).fillna(0.0) + beyond,
            "listed_mw": listed,
            "unsited_mw": graph.unsited_mw,
        }
    )
    return YearAnswer(areas, joint.multiple, joint.multiple_element, graph)
