"""What an ensemble says: ranges of headline figures, how stable ranks are, which inputs matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau, rankdata, sobol_indices, spearmanr

from three_mismatches.ensemble.chunks import AS_IT_IS, unpacked
from three_mismatches.errors import SolverError

__all__ = ["PERCENTILES", "Ensemble", "RankStability", "ensemble_of"]

PERCENTILES = (10, 50, 90)
"""Shares of the draws that lie at or below a value. [%]"""

NO_VARIANCE = 1e-9
"""A standard deviation below this share of the mean (or of 1, if that is more) is rounding."""

Floats = NDArray[np.float64]


BY_CHANCE = 3.0
"""Standard deviations of a rank correlation of nothing, 1 / sqrt(n - 1) each: chance goes so far in one of 370."""


@dataclass(frozen=True, eq=False)
class RankStability:
    """
    How the order of sites holds over draws.

    Attributes
    ----------
    sites
        Index site, the first as the study is: `rank_as_it_is` (1 is the largest value, equals share the mean of their
        ranks), `top_share` (share of the draws in which the site is among the first `top`; equals that stand at that
        border share the places left), `rank_p10`, `rank_p50`, `rank_p90`, `draws` in which it has a rank.
    kendall_tau
        Index draw: Kendall's tau-b between the order in the draw and that of the study as it is; NaN where either has
        no order because all values are equal.
    top
        How many places count.
    """

    sites: pd.DataFrame
    kendall_tau: pd.Series
    top: int


@dataclass(frozen=True, eq=False)
class Ensemble:
    """
    Many answers to one study.

    Attributes
    ----------
    inputs
        Index draw: what each replaced.
    fleet
        Index draw, a column for each quantity of the fleet; draws that failed have no row.
    sites
        Index draw, site: the columns that were kept.
    errors
        Index draw: why those failed that did.
    units
        Unit of each quantity.
    fleet_as_it_is, sites_as_it_is
        The same of the study without a draw.
    base
        Base points of a `Saltelli` design; None for other draws.
    """

    inputs: pd.DataFrame
    fleet: pd.DataFrame
    sites: pd.DataFrame
    errors: pd.Series
    units: Mapping[str, str]
    fleet_as_it_is: pd.Series
    sites_as_it_is: pd.DataFrame
    base: int | None = None

    def quantiles(self) -> pd.DataFrame:
        """
        Return the range of each quantity of the fleet over the draws.

        Returns
        -------
        quantiles
            Index quantity: `value` of the study as it is, `unit`, `p10`, `p50`, `p90` (10 % of the draws lie at or
            below p10), and `draws`, how many have a value.

        Notes
        -----
        Between two draws the percentile is interpolated, but not towards a draw that is inf.
        """
        rows = _percentiles(self.fleet)
        value, unit = self.fleet_as_it_is.reindex(rows.index), pd.Series(self.units).reindex(rows.index)
        return pd.DataFrame({"value": value, "unit": unit}).join(rows).rename_axis("quantity")

    def with_percentiles(self, fleet: pd.DataFrame) -> pd.DataFrame:
        """Return `result.fleet` with `p10`, `p50` and `p90` of the quantities that the draws have."""
        found = self.quantiles()[[f"p{share}" for share in PERCENTILES]].reindex(fleet.index)
        return fleet.assign(**{str(name): found[name] for name in found})

    def site_quantiles(self, column: str = "power_gap_mw") -> pd.DataFrame:
        """
        Return the range of one column of the sites over the draws.

        Parameters
        ----------
        column
            A column of numbers in `sites`.

        Returns
        -------
        quantiles
            Index site: `p10`, `p50`, `p90` and `draws`, how many have a value.

        Raises
        ------
        ValueError
            If there is no such column of numbers.
        """
        return _percentiles(self._by_site(column)).rename_axis("site")

    def shares(self, column: str = "dominant_mismatch") -> pd.DataFrame:
        """
        Return in which share of the draws each site has each text of a column.

        Parameters
        ----------
        column
            A column of texts in `sites`.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        counts = pd.crosstab(self.sites.index.get_level_values("site"), self._kept(column))
        return counts.div(counts.sum(axis=1), axis=0).rename_axis(index="site", columns=column)

    def rank_stability(self, column: str = "power_gap_mw", *, top: int = 10) -> RankStability:
        """
        Return how the order of sites by one column holds over the draws; the largest value comes first.

        Parameters
        ----------
        column
            A column of numbers in `sites`; sites without a value have no rank.
        top
            How many places count.

        Raises
        ------
        ValueError
            If there is no such column of numbers, or `top` is below 1.
        SolverError
            If the study as it is has no answer.
        """
        if top < 1:
            msg = f"top must be at least 1, not {top!r}"
            raise ValueError(msg)
        values = self._by_site(column)
        if self.sites_as_it_is.empty:
            msg = "the study as it is has no answer, so there is no order to compare with"
            raise SolverError(msg)
        now = self.sites_as_it_is[column].reindex(values.columns).to_numpy(dtype=np.float64)
        ranks = pd.DataFrame([_ranks(row) for row in values.to_numpy()], values.index, values.columns)
        in_top = np.array([_top_shares(row, top) for row in values.to_numpy()])
        rows = _percentiles(ranks).rename(columns={f"p{share}": f"rank_p{share}" for share in PERCENTILES})
        rows.insert(0, "rank_as_it_is", _ranks(now))
        rows.insert(1, "top_share", in_top.mean(axis=0))
        tau = pd.Series([_tau(row, now) for row in values.to_numpy()], values.index, name="kendall_tau")
        order = rows.sort_values("rank_as_it_is", kind="stable").rename_axis("site")
        return RankStability(order, tau, top)

    def sobol(
        self,
        quantities: Sequence[str] | None = None,
        *,
        confidence: float = 0.95,
        resamples: int = 200,
        seed: int = 0,
    ) -> pd.DataFrame:
        """
        Return which share of each quantity's variance each input brings, alone and with the others.

        Parameters
        ----------
        quantities
            Of the fleet; without, all that are finite in every draw.
        confidence
            Of the interval of each index. [-]
        resamples
            Bootstrap resamples of the base points that the intervals are taken from.
        seed
            Of the resamples.

        Returns
        -------
        indices
            Index quantity, input: `first` (alone), `total` (with all that it acts through), and their intervals
            `first_low`, `first_high`, `total_low`, `total_high`. All 0 for a quantity that does not vary.

        Raises
        ------
        ValueError
            If the draws are no `Saltelli` design, some failed, or a quantity is unknown or not finite.

        References
        ----------
        .. [1] Saltelli et al. 2010, Computer Physics Communications 181(2), 259-270.
        """
        base = self._complete_design()
        finite = self.fleet.columns[np.isfinite(self.fleet.to_numpy()).all(axis=0)]
        asked = list(finite if quantities is None else quantities)
        wrong = [name for name in asked if name not in finite]
        if wrong:
            msg = f"no Sobol indices of {', '.join(map(repr, wrong))}: unknown, or not finite in every draw"
            raise ValueError(msg)
        found, low, high = _bootstrapped(_design(self.fleet[asked], base), confidence, resamples, seed)
        index = pd.MultiIndex.from_product([asked, self.inputs.columns], names=["quantity", "input"])
        columns = {
            f"{order}{end}": values[at].ravel()
            for at, order in enumerate(("first", "total"))
            for end, values in (("", found), ("_low", low), ("_high", high))
        }
        return pd.DataFrame(columns, index=index)

    def most_uncertain_inputs(self, quantity: str = "joint_gap_mw", *, n: int = 5) -> pd.DataFrame:
        """
        Return the inputs that move a quantity most.

        Parameters
        ----------
        quantity
            Of the fleet.
        n
            How many inputs.

        Returns
        -------
        inputs
            Index input: `strength` from 0 to 1, `measure`: the total Sobol index of a `Saltelli` design; else for
            numbers the size of Spearman's rank correlation, for texts the correlation ratio of the ranks; `by_chance`,
            the correlation that chance alone passes in one of 370 inputs that have no part in it, NaN for Sobol
            indices.

        Raises
        ------
        ValueError
            If the quantity is unknown, or as `sobol`.

        Notes
        -----
        Rank correlation does not see an input that moves the quantity up and down alike; Sobol indices do.
        """
        if quantity not in self.fleet:
            msg = f"there is no {quantity!r}; there are {', '.join(self.fleet.columns)}"
            raise ValueError(msg)
        if self.base is not None:
            strength = self.sobol([quantity], resamples=0).droplevel("quantity")["total"].clip(0.0, 1.0)
            rows = pd.DataFrame({"strength": strength, "measure": "total Sobol index", "by_chance": np.nan})
        else:
            known = self.fleet[quantity].dropna()
            found = {name: _association(self.inputs[name].loc[known.index], known) for name in self.inputs}
            rows = pd.DataFrame.from_dict(found, orient="index", columns=["strength", "measure"])
            rows = rows.assign(by_chance=BY_CHANCE / np.sqrt(max(len(known) - 1, 1)))
        return rows.sort_values("strength", ascending=False, kind="stable").head(n).rename_axis("input")

    def _complete_design(self) -> int:
        """Return the base points of the design; raise if draws of it are missing."""
        if self.base is None:
            msg = "Sobol indices need the draws of a Saltelli design: run(study, Saltelli(names, base=256))"
            raise ValueError(msg)
        if len(self.errors):
            first = f"draw {self.errors.index[0]}: {self.errors.iloc[0]}"
            msg = f"Sobol indices need every draw; {len(self.errors)} failed ({first}). Narrow the inputs"
            raise ValueError(msg)
        return self.base

    def _kept(self, column: str) -> pd.Series:
        if column not in self.sites:
            msg = f"{column!r} was not kept of the sites; there are {', '.join(self.sites.columns) or 'no columns'}"
            raise ValueError(msg)
        return self.sites[column]

    def _by_site(self, column: str) -> pd.DataFrame:
        """Return a column of numbers with a row for each draw and a column for each site."""
        values = self._kept(column)
        if not pd.api.types.is_numeric_dtype(values):
            msg = f"{column!r} is text; ask for its shares()"
            raise ValueError(msg)
        order = values.index.get_level_values("site").unique()
        return values.unstack("site").reindex(columns=order).astype(np.float64)

    def __repr__(self) -> str:
        """Return how many draws of what there are."""
        failed = f", {len(self.errors)} failed" if len(self.errors) else ""
        inputs = f"{len(self.inputs.columns)} inputs, {len(self.fleet.columns)} quantities"
        return f"Ensemble({len(self.inputs)} draws{failed}, {inputs})"


def ensemble_of(files: Iterable[bytes], base: int | None) -> Ensemble:
    """
    Return the ensemble that files of chunks make, the study as it is first.

    Raises
    ------
    SolverError
        If every draw failed.
    """
    first, *rest = files
    now, values = unpacked([first]), unpacked(rest)
    if values.fleet.empty:
        msg = f"all {len(values.errors)} draws failed; the first: {values.errors.iloc[0]}"
        raise SolverError(msg)
    return Ensemble(
        inputs=values.inputs,
        fleet=values.fleet,
        sites=values.sites,
        errors=values.errors,
        units={**values.units},
        fleet_as_it_is=now.fleet.reindex([AS_IT_IS]).iloc[0],
        sites_as_it_is=now.sites.droplevel("draw"),
        base=base,
    )


def _percentiles(values: pd.DataFrame) -> pd.DataFrame:
    """Return percentiles of each column, and how many rows have a value."""
    rows = {name: _percentiles_of(values[name].dropna().to_numpy()) for name in values}
    columns = [f"p{share}" for share in PERCENTILES]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return found.reindex(values.columns).assign(draws=values.notna().sum())


def _percentiles_of(values: Floats) -> Floats:
    if not len(values):
        return np.full(len(PERCENTILES), np.nan)
    if np.isfinite(values).all():
        return np.percentile(values, PERCENTILES)
    return np.percentile(values, PERCENTILES, method="inverted_cdf")


def _ranks(values: Floats) -> Floats:
    """Return ranks from the largest value; equals have the mean of theirs, NaN has none."""
    ranks: Floats = rankdata(-values, nan_policy="omit")
    return ranks


def _top_shares(values: Floats, top: int) -> Floats:
    """Return how much of a place among the first each value has: 1, 0, or a share of those left to equals."""
    above = rankdata(-values, method="min", nan_policy="omit") - 1.0
    equals = rankdata(-values, method="max", nan_policy="omit") - above
    return np.nan_to_num(np.clip((top - above) / equals, 0.0, 1.0))


def _tau(values: Floats, others: Floats) -> float:
    both = ~(np.isnan(values) | np.isnan(others))
    if both.sum() < 2 or np.ptp(values[both]) == 0.0 or np.ptp(others[both]) == 0.0:
        return float("nan")
    return float(kendalltau(values[both], others[both]).statistic)


def _design(fleet: pd.DataFrame, base: int) -> Floats:
    """Return the values by quantity, draw of a point, and point."""
    values = fleet.to_numpy().reshape(base, -1, len(fleet.columns))
    return np.ascontiguousarray(values.transpose(2, 1, 0))


def _indices(values: Floats) -> Floats:
    """Return first and total indices by quantity and input."""
    flat = values.std(axis=(1, 2)) <= NO_VARIANCE * np.maximum(1.0, np.abs(values.mean(axis=(1, 2))))
    varied = np.where(flat[:, None, None], 0.0, values)
    first, other, mixed = varied[:, 0], varied[:, 1], varied[:, 2:].transpose(1, 0, 2)
    found = sobol_indices(func={"f_A": first, "f_B": other, "f_AB": mixed}, n=values.shape[2])
    shape = (len(values), values.shape[1] - 2)
    return np.stack([found.first_order.reshape(shape), found.total_order.reshape(shape)])


def _bootstrapped(
    values: Floats, confidence: float, resamples: int, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Return the indices, and the ends of their intervals over resamples of the points."""
    found = _indices(values)
    if not resamples:
        return found, np.full_like(found, np.nan), np.full_like(found, np.nan)
    points = np.random.default_rng(seed)
    count = values.shape[2]
    others = [_indices(values[:, :, points.integers(0, count, count)]) for _ in range(resamples)]
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(np.array(others), [tail, 1.0 - tail], axis=0)
    return found, low, high


def _association(values: pd.Series, quantity: pd.Series) -> tuple[float, str]:
    """Return how closely a quantity follows an input, and by which measure."""
    ranks = pd.Series(rankdata(quantity), quantity.index)
    if pd.api.types.is_numeric_dtype(values):
        measure = "Spearman's rank correlation"
        if values.nunique() < 2 or ranks.nunique() < 2:
            return 0.0, measure
        return abs(float(spearmanr(values, quantity).statistic)), measure
    measure = "correlation ratio of ranks"
    spread = ranks.var(ddof=0)
    between = (ranks.groupby(values).transform("mean")).var(ddof=0)
    return (float(np.sqrt(between / spread)) if spread > 0.0 else 0.0), measure
