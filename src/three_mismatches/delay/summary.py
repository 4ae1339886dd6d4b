"""What the draws say: per site, per stream, for the fleet, and by year and area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.delay.calendar import Calendar
from three_mismatches.delay.queue import Queue
from three_mismatches.layers.at_year import is_top_level

__all__ = ["PERCENTILES", "STREAMS", "Delay", "Samples", "quantiles", "summarise"]

Floats = NDArray[np.float64]

STREAMS = ("building", "generation", "power", "fibre")
"""What a site waits for; of streams that end at one time the first of these is the critical one."""

CAUSES = ("connection", "network")
"""The two parts of the power stream: the connection itself, and room on the grid."""

AS_IT_IS = "as it is"
"""The reading that replaces nothing."""

PERCENTILES = {"p10": 0.10, "p50": 0.50, "p90": 0.90}

LATE_Y = (1, 3, 5)
"""Delays whose capacity is told. [years]"""

OF_STEPS = (
    "dated_mw", "dated_lost", *(f"late_{years}y" for years in LATE_Y),
    *(f"{what}_{stream}" for stream in (*STREAMS, *CAUSES) for what in ("critical", "relief")),
)  # fmt: skip
"""Sums over steps: what dated ones ask and lose, what is late, what each stream holds up, times years it costs."""

HOURS_PER_YEAR = 8_760.0


@dataclass(frozen=True, eq=False)
class Streams:
    """
    When each stream first supports all that is asked, in every draw. [years from the start]; inf is never.

    Attributes
    ----------
    building, connection, network, generation, fibre
        (draws, sites) or (draws, requests). Network and generation are 0 where there was room when the rest was ready.
    """

    building: Floats
    connection: Floats
    network: Floats
    generation: Floats
    fibre: Floats

    @property
    def power(self) -> Floats:
        """When the grid has connected it and has room for it. [years]"""
        return np.maximum(self.connection, self.network)

    @property
    def time(self) -> Floats:
        """When it runs: the slowest of its streams. [years]"""
        return _slowest([getattr(self, stream) for stream in STREAMS])

    @property
    def delay(self) -> Floats:
        """What that is beyond the building. [years]"""
        return self.time - self.building

    def without(self, stream: str) -> Floats:
        """Return when it would run if one stream or cause took no time. [years]"""
        if stream in CAUSES:
            (other,) = set(CAUSES) - {stream}
            rest = [self.building, self.generation, self.fibre, getattr(self, other)]
        else:
            rest = [getattr(self, name) for name in STREAMS if name != stream]
        return _slowest(rest)

    def critical(self) -> dict[str, NDArray[np.bool_]]:
        """Return, for each stream and cause, in which draws it is the slowest."""
        time = self.time
        left = np.ones(time.shape, dtype=bool)
        found = {}
        for stream in STREAMS:
            found[stream] = left & (getattr(self, stream) >= time)
            left = left & ~found[stream]
        by_connection = self.connection >= self.network
        found["connection"] = found["power"] & by_connection
        found["network"] = found["power"] & ~by_connection
        return found


@dataclass(frozen=True, eq=False)
class Samples(Streams):
    """
    Every draw: the streams of each site, (draws, sites), the latest of its steps.

    Attributes
    ----------
    realised_mw
        What the site asks for in this draw, 0 where it never comes. [MW]
    lost
        What each site could have drawn and did not, until the horizon. [MW years]
    of_steps
        By draw, the quantities `OF_STEPS` over all steps of all sites that come. (draws, quantities) [MW, MW years]
    lost_by_year, unsited_lost
        What was lost by year and node, by sites and by load that no site stands for. (draws, years, nodes) [MW years]
    """

    realised_mw: Floats
    lost: Floats
    of_steps: Floats
    lost_by_year: Floats
    unsited_lost: Floats

    @classmethod
    def of(
        cls,
        queue: Queue,
        nodes: int,
        times: Sequence[Floats],
        realised: NDArray[np.bool_],
        losses: Sequence[Floats],
    ) -> Samples:
        """
        Return the sites' samples of their requests'.

        Parameters
        ----------
        queue
            The requests.
        nodes
            Number of nodes.
        times
            building, connection, network, generation and fibre of each request. (draws, requests) [years]
        realised
            Which requests come. (draws, requests)
        losses
            Lost by request and year, and by year and node where no site stands for it. [MW years]
        """
        lost, unsited = losses
        at_node = np.zeros((len(queue.node), nodes))
        at_node[np.arange(len(queue.node)), queue.node] = 1.0
        asked = np.where(realised, queue.mw, 0.0)
        building, connection, network, generation, fibre = (_latest(time, queue) for time in times)
        return cls(
            building=building,
            connection=connection,
            network=network,
            generation=generation,
            fibre=fibre,
            realised_mw=_summed(asked, queue),
            lost=_summed(lost.sum(axis=2), queue),
            of_steps=_of_steps(Streams(*times), asked, lost, queue.dated),
            lost_by_year=np.swapaxes(lost, 1, 2) @ at_node,
            unsited_lost=unsited,
        )

    @classmethod
    def joined(cls, parts: Sequence[Samples]) -> Samples:
        """Return the draws of all parts, in order."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in _fields()))

    def first(self, draws: int) -> Samples:
        """Return the first draws."""
        return Samples(*(getattr(self, name)[:draws] for name in _fields()))


@dataclass(frozen=True, eq=False)
class Delay:
    """
    How long sites wait, and for what.

    Attributes
    ----------
    sites
        Index site; `mw` that it asks for anew [MW]; `time_p10_y` ... until it runs, `time_to_power_y`, the median until
        connection, network and supply are there, `delay_y_p10/p50/p90` over its building, `delay_y_mean` to the horizon
        [years]; `never_share` of draws beyond it [-]; `critical_stream`, the one that is most often the slowest, and
        `critical_<stream>`, how often each is [-]; `relief_<stream>_y`, what the site would gain if that took no time
        [years]; `lost_mw_y` [MW years].
    streams
        Index site, stream, the two causes of the power stream among them: percentiles of the time [years], criticality
        [-], relief [years].
    fleet
        Index quantity: value (the mean), p10, p50, p90, unit, meaning; low and high, the least and the most mean over
        the readings.
    readings
        Index reading, "as it is" first; the fleet's means under each.
    years
        Index year, area: `lost_mw`, the mean over the year of what sites could have drawn and did not, p10, p50, p90;
        `unsited_lost_mw` of load that no site stands for. [MW]
    samples
        Every draw.
    untimed
        Streams that the study gives no lead times for: they take no time.
    start, horizon_y, discipline, seed, draws
        The year whose 1 January is time 0; where counting ends [years]; who was served first; the seed; how many draws.
    """

    sites: pd.DataFrame
    streams: pd.DataFrame
    fleet: pd.DataFrame
    readings: pd.DataFrame
    years: pd.DataFrame
    samples: Samples
    start: int
    horizon_y: int
    discipline: str
    seed: int
    draws: int
    untimed: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """How the draws were made, as the summary must know it: load factor [-], discipline, seed, untimed streams."""

    load_factor: float
    discipline: str
    seed: int
    untimed: tuple[str, ...] = ()


def summarise(
    samples: Samples,
    queue: Queue,
    sites: pd.DataFrame,
    calendar: Calendar,
    told: Told,
    other: Mapping[str, Samples] | None = None,
) -> Delay:
    """
    Return what the draws say.

    Parameters
    ----------
    samples
        Every draw.
    queue
        The requests that they are of.
    sites
        The study's sites in its year, in the order of the answer.
    calendar
        Years and nodes.
    told
        How they were drawn.
    other
        Draws under other readings, by what they replace: their means make the fleet's low and high.
    """
    horizon = float(len(calendar.years))
    mw = np.bincount(queue.site, weights=queue.mw, minlength=len(queue.sites)).astype(np.float64)
    index = pd.Index(queue.sites, name="site")
    streams = _stream_rows(samples, index, horizon)
    asking = _site_rows(samples, index, mw, streams, horizon)
    fleet = _fleet_rows(samples, told.load_factor)
    means = {name: _fleet_rows(each, told.load_factor)["value"] for name, each in (other or {}).items()}
    readings = pd.DataFrame({AS_IT_IS: fleet["value"], **means}).T.rename_axis("reading")
    return Delay(
        sites=_with_the_rest(asking, sites),
        streams=streams,
        fleet=fleet.assign(low=readings.min(), high=readings.max()),
        readings=readings,
        years=_year_rows(samples, calendar),
        samples=samples,
        start=calendar.years[0],
        horizon_y=len(calendar.years),
        discipline=told.discipline,
        seed=told.seed,
        untimed=told.untimed,
        draws=len(samples.building),
    )


def _slowest(times: Sequence[Floats]) -> Floats:
    return np.asarray(np.maximum.reduce(list(times)), dtype=np.float64)


def _fields() -> tuple[str, ...]:
    return tuple(Samples.__dataclass_fields__)


def _latest(times: Floats, queue: Queue) -> Floats:
    """Return, for each site, the latest of its requests. (draws, sites)"""
    found = np.zeros((len(times), len(queue.sites)))
    for at, site in enumerate(queue.site):
        np.maximum(found[:, site], times[:, at], out=found[:, site])
    return found


def _summed(values: Floats, queue: Queue) -> Floats:
    """Return, for each site, the sum over its requests. (draws, sites)"""
    found = np.zeros((len(values), len(queue.sites)))
    np.add.at(found.T, queue.site, values.T)
    return found


def quantiles(values: Floats) -> dict[str, Floats]:
    """Return values that were drawn: between a time and never there is nothing to interpolate."""
    if not len(values):
        return {name: np.full(values.shape[1:], np.nan) for name in PERCENTILES}
    found = np.quantile(values, list(PERCENTILES.values()), axis=0, method="inverted_cdf")
    return dict(zip(PERCENTILES, found, strict=True))


def _mean_to(values: Floats, horizon: float) -> Floats:
    return np.asarray(np.minimum(values, horizon).mean(axis=0), dtype=np.float64)


def _of_steps(steps: Streams, asked: Floats, lost: Floats, dated: NDArray[np.bool_]) -> Floats:
    """Return the quantities `OF_STEPS` of each draw, from the requests that come. (draws, quantities)"""
    horizon = float(lost.shape[2])
    time, critical = np.minimum(steps.time, horizon), steps.critical()
    delay = time - np.minimum(steps.building, horizon)
    found = {"dated_mw": asked @ dated, "dated_lost": lost.sum(axis=2) @ dated}
    found |= {f"late_{years}y": _dot(asked, delay >= years) for years in LATE_Y}
    for stream in (*STREAMS, *CAUSES):
        found[f"critical_{stream}"] = _dot(asked, critical[stream])
        found[f"relief_{stream}"] = _dot(asked, time - np.minimum(steps.without(stream), horizon))
    return np.stack([found[name] for name in OF_STEPS], axis=1)


def _dot(asked: Floats, weight: Floats | NDArray[np.bool_]) -> Floats:
    """Return what is asked times its weight, summed over the requests of each draw."""
    return np.asarray(np.einsum("dr,dr->d", asked, weight), dtype=np.float64)


def _stream_rows(samples: Samples, index: pd.Index, horizon: float) -> pd.DataFrame:
    critical, all_of_it = samples.critical(), _mean_to(samples.time, horizon)
    tables = {}
    for stream in (*STREAMS, *CAUSES):
        of_it = quantiles(getattr(samples, stream))
        tables[stream] = pd.DataFrame(
            {f"{name}_y": values for name, values in of_it.items()}
            | {
                "criticality": critical[stream].mean(axis=0),
                "relief_y": all_of_it - _mean_to(samples.without(stream), horizon),
            },
            index=index,
        )
    rows = pd.concat(tables, names=["stream", "site"]).swaplevel()
    order = pd.MultiIndex.from_product([index, tables], names=["site", "stream"])
    return rows.reindex(order)


def _site_rows(
    samples: Samples, index: pd.Index, mw: Floats, streams: pd.DataFrame, horizon: float
) -> pd.DataFrame:
    supplied = np.maximum(samples.power, samples.generation)
    share, relief = (
        streams[name].unstack("stream").reindex(index=index, columns=STREAMS)
        for name in ("criticality", "relief_y")
    )
    table = pd.DataFrame(
        {"mw": mw}
        | {f"time_{name}_y": values for name, values in quantiles(samples.time).items()}
        | {"time_to_power_y": quantiles(supplied)["p50"]}
        | {f"delay_y_{name}": values for name, values in quantiles(samples.delay).items()}
        | {
            "delay_y_mean": _mean_to(samples.time, horizon) - _mean_to(samples.building, horizon),
            "never_share": (samples.time >= horizon).mean(axis=0),
            "lost_mw_y": samples.lost.mean(axis=0),
        }
        | {f"critical_{stream}": share[stream] for stream in STREAMS}
        | {f"relief_{stream}_y": relief[stream] for stream in STREAMS},
        index=index,
    )
    most = share.to_numpy().argmax(axis=1)
    return table.assign(critical_stream=np.array(STREAMS, dtype=object)[most])


def _with_the_rest(asking: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return a row for every site: one that asks for nothing anew waits for nothing, of a part nothing is said."""
    rows = asking.reindex(sites.index)
    still = is_top_level(sites) & sites["status"].ne("retired") & ~sites.index.isin(asking.index)
    waits = [column for column in asking if column != "critical_stream"]
    rows.loc[still, waits] = 0.0
    return rows.rename_axis("site")


def _fleet_rows(samples: Samples, load_factor: float) -> pd.DataFrame:
    asked, lost = samples.realised_mw.sum(axis=1), samples.lost.sum(axis=1)
    of = dict(zip(OF_STEPS, samples.of_steps.T, strict=True))
    twh = HOURS_PER_YEAR * load_factor / 1e6
    rows = {
        "new_mw_realised": (asked, "MW", "new load of sites with a known size that come"),
        "lost_mw_y": (lost, "MW years", "what their buildings could have drawn and did not, until the horizon"),
        "lost_twh": (lost * twh, "TWh", "the same as energy, at the load factor of data centres"),
        "years_lost": (_over(lost, asked), "years", "years lost for each MW that comes, weighted by capacity"),
        "dated_mw": (of["dated_mw"], "MW", "of it, steps in a year that a source prints; the others in an assumed one"),
        "years_lost_dated": (_over(of["dated_lost"], of["dated_mw"]), "years", "years lost for each of these"),
        "unsited_lost_mw_y": (
            samples.unsited_lost.sum(axis=(1, 2)), "MW years", "lost by load of the scenario that no site stands for",
        ),
    }  # fmt: skip
    for years in LATE_Y:
        rows[f"late_{years}y_mw"] = (of[f"late_{years}y"], "MW", f"of it, steps {years} years late or more")
    for stream in (*STREAMS, *CAUSES):
        meaning = f"of it, steps for which {stream} is the slowest"
        rows[f"critical_{stream}_mw"] = (of[f"critical_{stream}"], "MW", meaning)
        meaning = f"earlier, weighted by capacity, if {stream} took no time"
        rows[f"relief_{stream}_y"] = (_over(of[f"relief_{stream}"], asked), "years", meaning)
    return pd.DataFrame.from_dict(
        {name: _fleet_row(*row) for name, row in rows.items()}, orient="index"
    ).rename_axis("quantity")


def _over(part: Floats, whole: Floats) -> Floats:
    """Return part over whole, 0 where the whole is."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0.0)


def _fleet_row(values: Floats, unit: str, meaning: str) -> dict[str, object]:
    return {
        "value": float(values.mean()),
        **{name: float(value) for name, value in quantiles(values).items()},
        "unit": unit,
        "meaning": meaning,
    }


def _year_rows(samples: Samples, calendar: Calendar) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([calendar.years, calendar.graph.nodes], names=["year", "area"])
    found = {"lost_mw": samples.lost_by_year.mean(axis=0)}
    found |= {f"lost_mw_{name}": values for name, values in quantiles(samples.lost_by_year).items()}
    found["unsited_lost_mw"] = samples.unsited_lost.mean(axis=0)
    return pd.DataFrame({name: values.ravel() for name, values in found.items()}, index=index)
