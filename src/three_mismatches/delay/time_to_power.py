"""When a new request could be energised: the same size asked at each place in turn, behind everybody."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches import match
from three_mismatches.assumptions import resolve
from three_mismatches.delay.draws import CHUNK, FIRST_COME
from three_mismatches.delay.model import HORIZON_Y, model_of, with_trials
from three_mismatches.delay.simulation import refuse, sampled
from three_mismatches.delay.summary import PERCENTILES, Samples, quantiles
from three_mismatches.layers.question import Question
from three_mismatches.layers.tables import StudyTables

__all__ = ["POWER_STREAMS", "time_to_power"]

Floats = NDArray[np.float64]

POWER_STREAMS = ("generation", "connection", "network")
"""What power is waited for; of those that end at one time the first is the critical one."""

KEPT = ("name", "name_ja", "source", "source_date", "licence", "confidence", "geometry")


def time_to_power(
    study: Question,
    *,
    mw: float = 100.0,
    draws: int = 500,
    seed: int = 0,
    discipline: str = FIRST_COME,
    workers: int = 1,
) -> gpd.GeoDataFrame:
    """
    Return the year in which a new request could be energised at each place, were it made now behind all others.

    The model is that of `simulate` with one more request: all else asks, comes and is built as listed. The request
    applies when the last of the queue has, at the earliest at the start of the base year. Only power counts: its
    connection, room on the network, supply; its building and its fibre are taken to be there.

    Parameters
    ----------
    study
        Tables and settings.
    mw
        What is asked at each place, there alone. [MW]
    draws, seed, discipline, workers
        As in `simulate`.

    Returns
    -------
    places
        One row for each area (a site there outside its pockets), then for each pocket, with its polygon. `kind`
        ("area", "pocket"), `area`, `name`, `name_ja`, `mw` [MW]; `year_p10`, `year_p50`, `year_p90`, NaN beyond the
        last planning year, and `reason` then says so; `comes_share` of draws by the end of that year [-];
        `critical_stream`, the one that is most often the slowest (generation, connection, network, or none where
        nothing is waited for), and `critical_<stream>`, how often each is [-]; `last_year`; provenance.

    Raises
    ------
    ValueError
        If `mw` is not a number above 0, or as `simulate` would.
    MatchError, NetworkError
        As `simulate` would.

    Notes
    -----
    Lead times are what few sources print, many of them assumptions: years are an indication, not an offer.

    Examples
    --------
    >>> import three_mismatches as tm
    >>> tm.delay.time_to_power(tm.japan(), mw=100.0).loc["inzai-shiroi", "year_p50"] > 2026
    True
    """
    if not 0.0 < mw < np.inf:
        msg = f"mw must be a size above 0 MW, not {mw!r}"
        raise ValueError(msg)
    refuse(draws, workers, discipline)
    values = resolve(study.settings.assume)
    now, sites, _ = match.in_its_year(study.tables, study.settings, values)
    places = _places(now)
    pilot, check, *chunks = np.random.SeedSequence(seed).spawn(2 + -(-draws // CHUNK))
    model = model_of(study.tables, study.settings, values, now, sites, rng=np.random.default_rng(pilot))
    asked = with_trials(model, now, sites, places, mw)
    samples, _ = sampled(asked, chunks, np.random.default_rng(check), discipline=discipline, workers=workers)
    found = _found(samples.first(draws), len(model.queue.sites), study.settings.base_year)
    return gpd.GeoDataFrame(
        pd.concat([places.drop(columns="pocket").assign(mw=mw), found.set_axis(places.index)], axis=1)
    )


def _places(now: StudyTables) -> gpd.GeoDataFrame:
    """Return areas and pockets in the order of their ids, each with its area and pocket."""
    areas, pockets = now.grid.areas.sort_index(), now.grid.pockets.sort_index()
    columns = [name for name in KEPT if name in areas and name in pockets]
    listed = areas[columns].assign(kind="area", area=areas.index, pocket=np.nan)
    if len(pockets):
        inside = pockets[["geometry"]].set_geometry(pockets.geometry.representative_point())
        of_area = match.to_area(inside, areas)["area"]
        own = pockets[columns].assign(kind="pocket", area=of_area, pocket=pockets.index)
        listed = pd.concat([listed, own])
    return gpd.GeoDataFrame(listed.rename_axis("place"), geometry="geometry", crs=areas.crs)


def _found(samples: Samples, first: int, start: int) -> pd.DataFrame:
    """Return what the draws say of the trials, which stand from position `first` on."""
    times = {stream: getattr(samples, stream)[:, first:] for stream in POWER_STREAMS}
    time = np.maximum.reduce(list(times.values()))
    comes, last = (time < HORIZON_Y).mean(axis=0), start + HORIZON_Y - 1
    found = quantiles(time)
    years = {
        f"year_{name}": np.where(found[name] < HORIZON_Y, np.floor(start + found[name]), np.nan)
        for name in PERCENTILES
    }
    shares = _critical_shares(times, time, samples.building[:, first:])
    most = np.array([*shares])[np.array([*shares.values()]).argmax(axis=0)].astype(object)
    critical = {f"critical_{stream}": shares[stream] for stream in POWER_STREAMS}
    columns = {**years, "comes_share": comes, "critical_stream": most, **critical, "last_year": last}
    return pd.DataFrame(columns).assign(
        reason=[_reason(share, stream, last) for share, stream in zip(comes, most, strict=True)]
    )


def _critical_shares(times: dict[str, Floats], time: Floats, asked: Floats) -> dict[str, Floats]:
    """Return how often each stream is the slowest, and how often nothing is waited for after the request. [-]"""
    left, shares = time > asked, {}
    waits = left
    for stream, of_it in times.items():
        mine = left & (of_it >= time)
        shares[stream], left = mine.mean(axis=0), left & ~mine
    return {**shares, "none": 1.0 - waits.mean(axis=0)}


def _reason(comes: float, stream: str, last: int) -> str:
    """Return why a year is missing; nothing where nine draws in ten come."""
    if comes >= PERCENTILES["p90"]:
        return ""
    return f"not by {last} in {100.0 * (1.0 - comes):.0f} % of draws; {stream} is most often the slowest"
