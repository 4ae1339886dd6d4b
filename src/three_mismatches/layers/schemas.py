"""
The tables of DESIGN 4: every column's type, unit, bounds, default and meaning, written once.

Validation (`checks`), the defaults of missing columns and the reference in `docs/` all read these objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa

__all__ = ["LAYERS", "Layer", "empty", "reference_table"]

CRS = "EPSG:4326"

STATUSES = ("operating", "under construction", "planned", "announced", "retired")
MW_KINDS = ("receiving", "IT", "estate supply", "unspecified")
PRECISIONS = ("address", "district", "municipality", "prefecture", "unknown")
CARRIERS = (
    "solar", "wind", "hydro", "pumped_hydro", "nuclear", "coal", "lng", "oil", "gas",
    "biomass", "geothermal", "waste", "battery", "other",
)  # fmt: skip
LINK_CARRIERS = ("HVDC", "FC", "tie")
LINE_KINDS = ("line", "cable", "transformer")
MEDIA = ("terrestrial", "submarine", "aerial")
GEOMETRY_KINDS = ("surveyed", "schematic")
HUB_KINDS = ("ix", "cloud", "population", "landing")
STATISTICS = ("nearest", "all", "weighted")
CONFIDENCES = ("high", "medium", "low")
STREAMS = ("connection", "generation", "fibre", "building", "slip")
ACTIONS = ("set aside", "drop", "split", "join", "refuse", "impute", "keep", "measure")

# Beyond these a figure is taken for kW typed as MW: no site, plant or area is that large.
LARGEST_SITE_MW = 20_000.0
LARGEST_PLANT_MW = 25_000.0
LARGEST_AREA_MW = 2_000_000.0
KW_CURE = "Is this kW? Divide by 1000"


@dataclass(frozen=True)
class Layer:
    """The schema of one table: its index, columns, geometry and the tables that it refers to."""

    name: str
    index: str
    description: str
    columns: Mapping[str, pa.Column]
    geometry: str | None = None
    needs_geometry: bool = True
    needs_rows: bool = False
    must_state: tuple[str, ...] = ()
    refers_to: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def schema(self) -> pa.DataFrameSchema:
        """Return the pandera schema that coerces, completes and checks the table's attributes."""
        index = pa.Index(str, name=self.index, unique=True, coerce=True)
        return pa.DataFrameSchema(
            dict(self.columns), index=index, name=self.name, add_missing_columns=True, strict=False
        )


def _column(
    dtype: Any,  # noqa: ANN401 - whatever pandera takes for a dtype
    description: str,
    *,
    unit: str = "",
    default: Any = None,  # noqa: ANN401 - of the column's own dtype
    nullable: bool = True,
    checks: tuple[pa.Check, ...] = (),
) -> pa.Column:
    """Return a column that is completed by `default` where the table has not got it."""
    return pa.Column(
        dtype,
        list(checks),
        nullable=nullable,
        coerce=True,
        required=True,
        default=default,
        description=description,
        metadata={"unit": unit},
    )


def _text(description: str, *, default: str | None = None, nullable: bool = True) -> pa.Column:
    return _column(str, description, default=default, nullable=nullable)


def _choice(options: tuple[str, ...], description: str, *, default: str | None = None) -> pa.Column:
    check = pa.Check.isin(options, error="one of " + ", ".join(options))
    return _column(str, description, default=default, nullable=default is None, checks=(check,))


def _number(
    description: str,
    unit: str,
    *,
    low: float | None = None,
    high: float | None = None,
    default: float | None = None,
    above: float | None = None,
    only: tuple[float, ...] = (),
    high_cure: str = "",
) -> pa.Column:
    """Return a float column; NaN is unknown, inf is unlimited."""
    of_unit = "" if unit == "-" else f" {unit}"
    checks = []
    if only:
        checks.append(pa.Check.isin(only, error="one of " + ", ".join(f"{value:+g}" for value in only)))
    if above is not None:
        checks.append(pa.Check.gt(above, error=f"must be > {above:g}{of_unit}"))
    if low is not None:
        checks.append(pa.Check.ge(low, error=f"must be >= {low:g}{of_unit}"))
    if high is not None:
        cure = f". {high_cure}" if high_cure else ""
        checks.append(pa.Check.le(high, error=f"must be <= {high:g}{of_unit}{cure}"))
    return _column(float, description, unit=unit, default=default, checks=tuple(checks))


def _year(description: str) -> pa.Column:
    return _number(description, "calendar year", low=1850, high=2200)


def _date(description: str) -> pa.Column:
    check = pa.Check.str_matches(
        r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$",
        error="an ISO date: 2027, 2027-11 or 2027-11-30",
    )
    return _column(str, description, unit="ISO 8601", checks=(check,))


def _flag(description: str, *, default: bool) -> pa.Column:
    return _column(bool, description, default=default, nullable=False)


PROVENANCE: Mapping[str, pa.Column] = {
    "source": _text("where the row's figures were read"),
    "source_date": _text("when the source was published or last seen"),
    "licence": _text("licence under which the row may be passed on"),
    "confidence": _choice(CONFIDENCES, "how far the source can be trusted"),
    "imputed": _flag("whether a value of the row was filled in by a model or a default", default=False),
}


def _layer(name: str, index: str, description: str, columns: dict[str, pa.Column], **options: Any) -> Layer:  # noqa: ANN401
    return Layer(name, index, description, {**columns, **PROVENANCE}, **options)


_TABLES = (
    _layer(
        "sites", "site", "data centres and campuses, one row each",
        {
            "name": _text("display name"),
            "name_ja": _text("display name in Japanese"),
            "operator": _text("who runs it"),
            "status": _choice(STATUSES, "how far it is built", default="planned"),
            "use": _text("what it is for; a row of `budgets`, or `unspecified`", default="unspecified", nullable=False),
            "it_mw": _number("power that the racks draw at the peak", "MW", above=0, high=LARGEST_SITE_MW, high_cure=KW_CURE),
            "pue": _number("power usage effectiveness: site power over IT power", "-", low=1, high=5),
            "request_mw": _number("what the site asks of the grid at its peak, fully built", "MW", above=0, high=LARGEST_SITE_MW, high_cure=KW_CURE),
            "in_base_mw": _number("what the site already drew in the base year, inside the area's peak", "MW", low=0, high=LARGEST_SITE_MW, high_cure=KW_CURE),
            "load_factor": _number("mean over peak draw", "-", above=0, high=1),
            "mw_kind": _choice(MW_KINDS, "what the MW of the source measure", default="unspecified"),
            "part_of": _text("the site that this row is a part of; such rows are in no sum"),
            "area": _text("service area; found by position where it is missing"),
            "location_precision": _choice(PRECISIONS, "what the point stands for", default="unknown"),
            "applied": _date("when the connection was applied for"),
            "flags": _text("doubts about the row, codes joined by ;"),
        },
        geometry="Point", needs_rows=True, refers_to={"part_of": ("sites",), "area": ("areas",)},
    ),
    _layer(
        "phases", "phase", "stages by which a site grows; the last one begun gives the site's request",
        {
            "site": _text("the site", nullable=False),
            "year": _year("first year in which the stage draws power"),
            "mw": _number("what the whole site asks of the grid from that year on", "MW", low=0, high=LARGEST_SITE_MW, high_cure=KW_CURE),
        },
        must_state=("year", "mw"), refers_to={"site": ("sites",)},
    ),
    _layer(
        "areas", "area", "service areas: where demand, supply and ties are known",
        {
            "name": _text("display name"),
            "name_ja": _text("display name in Japanese"),
            "zone": _text("synchronous zone"),
            "frequency": _number("mains frequency", "Hz", low=16, high=60),
            "peak_mw": _number("demand at the peak, without new data centres", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "energy_twh": _number("annual demand", "TWh", low=0, high=20_000),
            "firm_mw": _number("supply that can be counted on at the peak of the base year; dated changes are upgrades", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "firm_mw_low": _number("least supply that a source supports", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "firm_mw_high": _number("most supply that a source supports", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "net_import_mw": _number("scheduled import less export that firm_mw already holds; NaN: none", "MW"),
            "unlisted_mw": _number("data-centre load of the base year, inside peak_mw, that no row of `sites` covers", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "unlisted_mw_low": _number("least of it that a source supports", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "unlisted_mw_high": _number("most of it that a source supports", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "unsited_mw": _number("new data-centre load that no row of `sites` covers", "MW", low=0, high=LARGEST_AREA_MW, default=0.0, high_cure=KW_CURE),
            "population": _number("inhabitants", "persons", low=0),
        },
        geometry="Polygon", needs_rows=True,
    ),
    _layer(
        "balances", "row", "demand and supply of other half-hours, to hold against those of `areas`",
        {
            "area": _text("service area", nullable=False),
            "balance": _text("which half-hour; a balance has one row for each area that it knows", nullable=False),
            "peak_mw": _number("demand, without new data centres", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "firm_mw": _number("supply", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "net_import_mw": _number("scheduled import less export that firm_mw holds; NaN: none", "MW"),
        },
        must_state=("peak_mw", "firm_mw"), refers_to={"area": ("areas",)},
    ),
    _layer(
        "capacity", "capacity", "generating capacity by the area that it feeds and its carrier: one reconciled figure each, a cross-check of areas.firm_mw",
        {
            "area": _text("service area that it feeds", nullable=False),
            "carrier": _choice(CARRIERS, "fuel or technology", default="other"),
            "p_nom": _number("rated output of all plants", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "p_nom_low": _number("least that a comparable source prints", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "p_nom_high": _number("most that a comparable source prints", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "listed_mw": _number("of p_nom, what rows of `generators` cover", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "residual_mw": _number("of p_nom, what no row of `generators` covers", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "excess_mw": _number("what rows of `generators` print beyond p_nom", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "firm_factor": _number("share of p_nom to be counted on at the peak", "-", low=0, high=1),
            "firm_factor_low": _number("least share that a source supports", "-", low=0, high=1),
            "firm_factor_high": _number("most share that a source supports", "-", low=0, high=1),
        },
        must_state=("p_nom", "firm_factor"), refers_to={"area": ("areas",)},
    ),
    _layer(
        "pockets", "pocket", "places with a published limit of local supply",
        {
            "name": _text("display name"),
            "name_ja": _text("display name in Japanese"),
            "limit_mw": _number("load that the local network can supply", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "limit_mw_low": _number("lowest limit that a source prints", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "limit_mw_high": _number("highest limit that a source prints", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "load_mw": _number("load that is there already; NaN: the listed sites' in_base_mw", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "year": _year("year for which the limit was published"),
        },
        geometry="Polygon", must_state=("limit_mw",),
    ),
    _layer(
        "borders", "border", "lines that maps draw finely beside the areas' own borders, such as those between prefectures; nothing is computed from them",
        {
            "name": _text("what it parts"),
        },
        geometry="LineString",
    ),
    _layer(
        "generators", "generator", "plants or units, without a point where the area is given; at area resolution they say which unit can be lost, supply is areas.firm_mw",
        {
            "name": _text("display name"),
            "name_ja": _text("display name in Japanese"),
            "carrier": _choice(CARRIERS, "fuel or technology", default="other"),
            "p_nom": _number("rated output", "MW", low=0, high=LARGEST_PLANT_MW, high_cure=KW_CURE),
            "p_unit": _number("rated output of its largest unit", "MW", low=0, high=LARGEST_PLANT_MW, high_cure=KW_CURE),
            "p_min": _number("least stable output; below 0 it can take power, as a pump does", "MW", default=0.0),
            "p_set": _number("output in the base dispatch", "MW"),
            "firm_factor": _number("share of p_nom to be counted on at the peak", "-", low=0, high=1),
            "status": _choice(STATUSES, "how far it is built", default="operating"),
            "build_year": _year("first year of operation"),
            "retire_year": _year("last year of operation"),
            "area": _text("service area in which it stands"),
            "feeds_area": _text("service area that it feeds, where that is another"),
            "bus": _text("bus to which it is connected"),
        },
        geometry="Point", needs_geometry=False,
        refers_to={"area": ("areas",), "feeds_area": ("areas",), "bus": ("buses",)},
    ),
    _layer(
        "buses", "bus", "electrical nodes, one for each voltage of a substation",
        {
            "v_nom": _number("nominal voltage", "kV", above=0, high=1500),
            "zone": _text("synchronous zone"),
            "area": _text("service area"),
            "substation": _text("substation that the bus belongs to"),
            "v_mag_pu_set": _number("voltage that its generators hold in an AC power flow; NaN: 1", "p.u.", above=0),
            "shunt_mvar": _number("reactive power that its shunts give at nominal voltage; below 0 they take it, as reactors do; NaN: none", "MVAr"),
            "slack": _flag("whether it takes up what its part of the network lacks in a DC power flow", default=False),
        },
        geometry="Point", needs_geometry=False, refers_to={"area": ("areas",)},
    ),
    _layer(
        "loads", "load", "ordinary demand at buses",
        {
            "bus": _text("bus to which it is connected", nullable=False),
            "p_set": _number("demand at the peak", "MW", default=0.0),
            "q_set": _number("reactive demand at the peak, for AC power flow; NaN: none", "MVAr"),
        },
        must_state=("p_set",), refers_to={"bus": ("buses",)},
    ),
    _layer(
        "lines", "line", "passive AC branches, one row for each circuit or transformer",
        {
            "bus0": _text("bus at one end", nullable=False),
            "bus1": _text("bus at the other end", nullable=False),
            "kind": _choice(LINE_KINDS, "what it is", default="line"),
            "v_nom": _number("nominal voltage", "kV", above=0, high=1500),
            "length": _number("built length", "km", low=0),
            "x": _number("series reactance", "ohm"),
            "r": _number("series resistance", "ohm"),
            "x_pu_100": _number("series reactance on a base of 100 MVA", "p.u."),
            "b_pu_100": _number("whole charging susceptance on a base of 100 MVA, for AC power flow; NaN: none", "p.u."),
            "tap_ratio": _number("off-nominal tap ratio", "-", above=0, default=1.0),
            "phase_shift": _number("phase shift", "degrees", default=0.0),
            "s_nom": _number("rating in normal operation; inf is unlimited, NaN unknown", "MVA", low=0),
            "s_nom_emergency": _number("rating after an outage", "MVA", low=0),
            "s_nom_low": _number("least rating that a source supports", "MVA", low=0),
            "s_nom_high": _number("largest rating that a source supports", "MVA", low=0),
            "s_nom_emergency_low": _number("least rating after an outage that a source supports, at `s_nom`", "MVA", low=0),
            "s_nom_emergency_high": _number("largest rating after an outage that a source supports, at `s_nom`", "MVA", low=0),
            "x_low": _number("least series reactance that a source supports", "ohm"),
            "x_high": _number("largest series reactance that a source supports", "ohm"),
            "r_low": _number("least series resistance that a source supports", "ohm"),
            "r_high": _number("largest series resistance that a source supports", "ohm"),
            "corridor": _text("circuits on the same towers or in the same trench"),
            "srlg": _text("shared-risk groups, joined by ;"),
            "in_service": _flag("whether it is in service", default=True),
        },
        geometry="LineString", needs_geometry=False, refers_to={"bus0": ("buses",), "bus1": ("buses",)},
    ),
    _layer(
        "links", "link", "controllable branches between buses or areas; power is positive leaving bus0",
        {
            "name": _text("display name"),
            "name_ja": _text("display name in Japanese"),
            "bus0": _text("bus or area at one end", nullable=False),
            "bus1": _text("bus or area at the other end", nullable=False),
            "carrier": _choice(LINK_CARRIERS, "what it is", default="tie"),
            "p_nom": _number("capacity from bus0 to bus1; inf where an interface limits it", "MW", low=0, default=float("inf")),
            "p_nom_reverse": _number("capacity from bus1 to bus0; NaN: as p_nom", "MW", low=0),
            "margin_mw": _number("capacity held back for emergencies, in both directions", "MW", low=0, default=0.0),
            "poles": _number("poles or converters that can fail one at a time", "-", low=1, default=1.0),
            "efficiency": _number("share of the power that arrives", "-", above=0, high=1, default=1.0),
        },
        must_state=("p_nom",), refers_to={"bus0": ("buses", "areas"), "bus1": ("buses", "areas")},
    ),
    _layer(
        "interfaces", "interface", "published operating capacities of a tie or a group of ties, by direction",
        {
            "name": _text("display name"),
            "name_ja": _text("display name in Japanese"),
            "limit_forward": _number("most power in the forward direction", "MW", low=0, default=float("inf")),
            "limit_reverse": _number("most power in the reverse direction; NaN: as limit_forward", "MW", low=0),
            "limit_forward_low": _number("lowest forward limit seen", "MW", low=0),
            "limit_forward_high": _number("highest forward limit seen", "MW", low=0),
            "limit_reverse_low": _number("lowest reverse limit seen", "MW", low=0),
            "limit_reverse_high": _number("highest reverse limit seen", "MW", low=0),
            "margin_mw": _number("capacity held back for emergencies, in both directions", "MW", low=0, default=0.0),
            "year": _year("year of the limits"),
        },
        must_state=("limit_forward",),
    ),
    _layer(
        "interface_members", "member", "which branches make up an interface",
        {
            "interface": _text("the interface", nullable=False),
            "element": _text("a line or a link", nullable=False),
            "sign": _number("+1 where the element's own direction is the interface's forward one, else -1", "-", default=1.0, only=(-1.0, 1.0)),
        },
        refers_to={"interface": ("interfaces",), "element": ("lines", "links")},
    ),
    _layer(
        "certificate", "row", "what the repair of a map did, and why: one row for each join, split, drop and imputation",
        {
            "action": _choice(ACTIONS, "what was done; measure: a figure by which the repair is judged", default="keep"),
            "reason": _text("why, or what the figure measures"),
            "element": _text("what it was done to, or what is measured"),
            "zone": _text("synchronous zone"),
            "km": _number("how far apart, or how long, it was", "km", low=0),
            "value": _number("figure: a measure, or what was imputed in the unit of its attribute", "of the attribute"),
            "suspicious": _flag("whether the place deserves a look", default=False),
        },
        geometry="Point", needs_geometry=False,
    ),
    _layer(
        "upgrades", "upgrade", "dated changes of the grid",
        {
            "element": _text("row that changes: a line, link, interface, pocket or area", nullable=False),
            "attribute": _text("column that changes", nullable=False),
            "value": _number("new value, or what is added to the old one", "of the attribute"),
            "mode": _choice(("set", "add"), "whether value replaces or is added", default="set"),
            "date": _date("when it takes effect"),
            "p_slip": _number("probability that the date slips", "-", low=0, high=1),
            "work": _text("the physical work that the row is a part of: its rows slip together; NaN: the row alone"),
            "status": _text("how far it is built"),
        },
        must_state=("value",), refers_to={"element": ("lines", "links", "interfaces", "pockets", "areas", "generators")},
    ),
    _layer(
        "lead_times", "lead_time", "how long things take: for each stream the row whose `what` is default is drawn, the place's own before the one that holds everywhere; other rows are evidence",
        {
            "stream": _choice(STREAMS, "what takes its time; slip: by how much a dated work comes late, if it does"),
            "place": _text("pocket or area for which it holds; NaN: everywhere"),
            "what": _text("default: the row that its stream draws from; else the kind of work that the row is evidence for", default="default", nullable=False),
            "low_y": _number("least time that a source supports", "years", low=0, high=100),
            "mode_y": _number("most likely time", "years", low=0, high=100),
            "high_y": _number("longest time that a source supports", "years", low=0, high=100),
        },
        must_state=("stream", "low_y", "mode_y", "high_y"), refers_to={"place": ("pockets", "areas")},
    ),
    _layer(
        "outlook", "row", "demand by area, year and scenario, interpolated between the years given",
        {
            "area": _text("service area", nullable=False),
            "year": _year("year"),
            "demand": _text("scenario", default="outlook", nullable=False),
            "peak_mw": _number("peak without new data centres", "MW", low=0, high=LARGEST_AREA_MW, high_cure=KW_CURE),
            "new_dc_mw": _number("data-centre load added since the base year, listed or not", "MW", low=0, high=LARGEST_AREA_MW, default=0.0, high_cure=KW_CURE),
        },
        refers_to={"area": ("areas",)},
    ),
    _layer(
        "fibre_nodes", "fibre_node", "places where routes meet",
        {
            "name": _text("display name"),
            "name_ja": _text("display name in Japanese"),
            "equipment_ms": _number("round trip that the node's equipment adds to each path through it; empty: the assumption `equipment_ms`", "ms", low=0),
        },
        geometry="Point",
    ),
    _layer(
        "fibre_routes", "fibre_route", "built fibre between two nodes",
        {
            "node0": _text("node at one end", nullable=False),
            "node1": _text("node at the other end", nullable=False),
            "length": _number("built length of the cable", "km", low=0),
            "medium": _choice(MEDIA, "where it runs", default="terrestrial"),
            "status": _choice(STATUSES, "how far it is built", default="operating"),
            "route_factor": _number("fibre over length of this route, detours, slack and all; empty: the assumption `route_factor` of a schematic route, `cable_slack` of a surveyed one", "-", low=1),
            "geometry_kind": _choice(GEOMETRY_KINDS, "whether the line on the map is the real one", default="surveyed"),
            "srlg": _text("shared-risk groups, joined by ;"),
        },
        geometry="LineString", needs_geometry=False,
        refers_to={"node0": ("fibre_nodes",), "node1": ("fibre_nodes",)},
    ),
    _layer(
        "hubs", "hub", "what a site must reach: exchanges, cloud regions, people, landing points",
        {
            "name": _text("display name"),
            "name_ja": _text("display name in Japanese"),
            "kind": _choice(HUB_KINDS, "what it is", default="ix"),
            "weight": _number("share of what is reached there, for the weighted statistic", "-", low=0, default=1.0),
            "node": _text("fibre node that serves it; found by position where it is missing"),
        },
        geometry="Point", refers_to={"node": ("fibre_nodes",)},
    ),
    _layer(
        "budgets", "use", "how far in light each use may be from its hubs",
        {
            "hub_kind": _choice(HUB_KINDS, "what must be reached", default="ix"),
            "statistic": _choice(STATISTICS, "which of them: the nearest, all, or all by weight", default="nearest"),
            "rtt_ms": _number("longest round trip", "ms", above=0),
            "via": _choice(HUB_KINDS, "kind of hub through one of which the traffic passes on its way; empty: the quickest path"),
            "note": _text("why this figure"),
        },
    ),
)  # fmt: skip

LAYERS: Mapping[str, Layer] = {layer.name: layer for layer in _TABLES}


def empty(name: str) -> pd.DataFrame:
    """Return the named table without rows, with every column and type of its schema."""
    return _empty(name).copy()


@cache
def _empty(name: str) -> pd.DataFrame:
    layer = LAYERS[name]
    # What pandas calls text depends on its version; a checked table has the same.
    text = pd.Series([""]).dtype
    index = pd.Index([], dtype=text, name=layer.index)
    kinds = {key: str(column.dtype) for key, column in layer.columns.items()}
    columns = {
        key: pd.Series(dtype=kind if kind in ("float64", "bool") else text, index=index)
        for key, kind in kinds.items()
    }
    frame = pd.DataFrame(columns, index=index)
    return (
        frame
        if layer.geometry is None
        else gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([], index=index, crs=CRS))
    )


def _plain_type(dtype: str) -> str:
    """Return what a reader calls the type, whichever pandas stores it."""
    return {"float64": "number", "bool": "true or false"}.get(dtype, "text")


def reference_table() -> pd.DataFrame:
    """Return one row for each column of each table: type, unit, default and meaning."""
    rows = [
        {
            "table": layer.name,
            "column": key,
            "type": _plain_type(str(column.dtype)),
            "unit": (column.metadata or {}).get("unit", ""),
            "bounds": "; ".join(str(check.error) for check in column.checks),
            "default": "" if column.default is None else str(column.default),
            "description": column.description,
        }
        for layer in LAYERS.values()
        for key, column in layer.columns.items()
    ]
    return pd.DataFrame(rows)
