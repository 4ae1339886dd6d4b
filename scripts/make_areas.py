"""
Make `areas.geojson`, `borders.geojson` and `pockets.geojson` of `data/japan` from third-party shapes and points.

    python scripts/make_areas.py RAW_FOLDER [--out data/japan]

RAW_FOLDER holds, at any depth, two files that are not kept in this repository:

`prefectures_natural_earth.parquet`
    The 47 prefectures of Natural Earth 10m admin-1 (public domain): columns `iso_3166_2`, `geometry`.
`localgovjp_office_points.csv`
    Municipal offices by code58/localgovjp (CC0): columns `lgcode` (six digits, the last a check digit),
    `lat`, `lng`.

What goes where is read from `data/japan/prefectures.csv` and `data/japan/municipality_exceptions.csv`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import mapping

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "data" / "japan"

AREAS = (
    "hokkaido", "tohoku", "tokyo", "chubu", "hokuriku",
    "kansai", "chugoku", "shikoku", "kyushu", "okinawa",
)  # fmt: skip
SMALLEST_ISLAND_KM2 = 5.0
TOLERANCE_DEG = 0.003
DECIMALS = 5
GRID_DEG = 1e-7
# An office this far from the drawn coast belongs to an island that the map does not show.
OFFSHORE_DEG = 0.02
# A line between prefectures that ends this near a border of an area or the coast ends on it.
END_DEG = 0.02
EQUAL_AREA = "EPSG:6933"

PROVENANCE = {
    "source": (
        "Natural Earth 10m admin-1 prefectures, dissolved by service area; municipalities whose area is not "
        "their prefecture's split off by Voronoi cells of municipal offices (code58/localgovjp, CC0)"
    ),
    "source_date": "2026-08-16",
    "licence": "public domain; offices CC0-1.0",
    "confidence": "medium",
}
POCKET_PROVENANCE = {
    "source": (
        "Voronoi cells of the municipal offices of Inzai and Shiroi (code58/localgovjp, CC0) within the "
        "Natural Earth shape of Chiba; the supply pocket's own border is not published"
    ),
    "source_date": "2026-08-16",
    "licence": "public domain; offices CC0-1.0",
    "confidence": "low",
}
BORDER_PROVENANCE = {
    "source": "Natural Earth 10m admin-1 prefectures",
    "source_date": "2026-08-16",
    "licence": "public domain",
    "confidence": "medium",
}
POCKETS = {"inzai-shiroi": ("JP-12", (12231, 12232))}


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[1])
    parser.add_argument("raw_folder", type=Path)
    parser.add_argument("--out", type=Path, default=DATA)
    given = parser.parse_args()
    shapes = gpd.read_parquet(_find(given.raw_folder, "prefectures_natural_earth.parquet"))
    shapes = shapes.set_index("iso_3166_2").geometry.sort_index()
    offices = _offices(pd.read_csv(_find(given.raw_folder, "localgovjp_office_points.csv")))
    areas = service_areas(shapes, offices)
    _write(given.out / "areas.geojson", areas, PROVENANCE)
    _write(given.out / "borders.geojson", borders(shapes, offices, areas), BORDER_PROVENANCE)
    _write(given.out / "pockets.geojson", pockets(shapes, offices), POCKET_PROVENANCE)


def service_areas(shapes: gpd.GeoSeries, offices: pd.DataFrame) -> dict[str, shapely.Geometry]:
    """Return the polygon of each service area, simplified as one coverage."""
    pieces = [(area, piece) for _, area, piece in _all_pieces(shapes, offices)]
    dissolved = _dissolve(pieces, AREAS)
    kept = dissolved.map(_without_islets)
    if not shapely.coverage_is_valid(kept.to_numpy()):
        msg = "the areas overlap or leave gaps before they are simplified"
        raise RuntimeError(msg)
    thin = shapely.coverage_simplify(kept.to_numpy(), TOLERANCE_DEG)
    return {area: _rounded(shape) for area, shape in zip(kept.index, thin, strict=True)}


def borders(
    shapes: gpd.GeoSeries, offices: pd.DataFrame, areas: Mapping[str, shapely.Geometry]
) -> dict[str, shapely.Geometry]:
    """
    Return the lines between prefectures within the same service area, which has its own border already.

    They are simplified as the areas are, and end on the areas' own borders and coasts.
    """
    pieces = [(f"{prefecture} {area}", piece) for prefecture, area, piece in _all_pieces(shapes, offices)]
    parts = _dissolve(pieces, sorted({owner for owner, _ in pieces}))
    thin = dict(zip(parts.index, shapely.coverage_simplify(parts.to_numpy(), TOLERANCE_DEG), strict=True))
    rims = shapely.union_all([shape.boundary for shape in areas.values()])
    names = pd.read_csv(DATA / "prefectures.csv").set_index("prefecture")["name"]
    found: dict[str, list[shapely.Geometry]] = {}
    for (one, shape), (other, its) in combinations(thin.items(), 2):
        (first, area), (second, its_area) = one.split(" "), other.split(" ")
        line = shapely.intersection(shape.boundary, its.boundary)
        if area == its_area and first != second and shapely.length(line) > 0.0:
            key = "-".join(sorted(names[each].lower() for each in (first, second)))
            found.setdefault(key, []).append(line)
    return {key: _rounded(_ending_on(rims, shapely.union_all(lines))) for key, lines in sorted(found.items())}


def _ending_on(rims: shapely.Geometry, line: shapely.Geometry) -> shapely.Geometry:
    """Return the lines among the parts of a shape, ends that lie near the rims moved onto them."""
    parts = [part for part in shapely.get_parts(line) if part.geom_type.endswith("LineString")]
    merged = shapely.line_merge(shapely.union_all(parts))
    return shapely.union_all([_snapped(rims, part) for part in shapely.get_parts(merged)])


def _snapped(rims: shapely.Geometry, line: shapely.Geometry) -> shapely.Geometry:
    xy = shapely.get_coordinates(line)
    for at in (0, -1):
        end = shapely.Point(xy[at])
        if 0.0 < end.distance(rims) < END_DEG:
            xy[at] = shapely.get_coordinates(shapely.shortest_line(end, rims))[1]
    return shapely.LineString(xy)


def pockets(shapes: gpd.GeoSeries, offices: pd.DataFrame) -> dict[str, shapely.Geometry]:
    """Return the polygon of each pocket: the Voronoi cells of its municipalities."""
    found = {}
    for pocket, (prefecture, codes) in POCKETS.items():
        near = offices[offices["iso"] == prefecture]
        cells = _cells(shapes[prefecture], near)
        inside = near["code"].isin(codes).to_numpy()
        found[pocket] = _rounded(shapely.union_all(cells[inside]))
    return found


def _find(folder: Path, name: str) -> Path:
    hits = sorted(folder.rglob(name))
    if not hits:
        msg = f"{name} is nowhere in {folder}"
        raise FileNotFoundError(msg)
    return hits[0]


def _offices(points: pd.DataFrame) -> pd.DataFrame:
    """Return municipal offices with their prefecture and service area."""
    prefectures = pd.read_csv(DATA / "prefectures.csv").set_index("prefecture")
    exceptions = pd.read_csv(DATA / "municipality_exceptions.csv").set_index("municipality_code")
    code = points["lgcode"] // 10
    iso = "JP-" + (code // 1000).astype(str).str.zfill(2)
    area = code.map(exceptions["area"]).fillna(iso.map(prefectures["area"]))
    return pd.DataFrame({"code": code, "iso": iso, "area": area, "lon": points["lng"], "lat": points["lat"]})


def _all_pieces(shapes: gpd.GeoSeries, offices: pd.DataFrame) -> list[tuple[str, str, shapely.Geometry]]:
    """Return every piece of land with its prefecture and its service area."""
    islands = shapes.explode(index_parts=False)
    owners = _owners(islands, offices)
    return [
        (str(prefecture), area, piece)
        for (prefecture, island), own in zip(islands.items(), owners, strict=True)
        for area, piece in _split(island, own)
    ]


def _dissolve(pieces: list[tuple[str, shapely.Geometry]], keys: Sequence[str]) -> gpd.GeoSeries:
    """
    Return the union of the pieces of each owner, without slivers.

    A cut that meets a border adds a corner to one side of it only. Noding all borders on one grid and
    building the faces anew gives both sides the same corners.
    """
    owners, shapes = zip(*pieces, strict=True)
    borders = shapely.union_all(shapely.boundary(np.array(shapes)), grid_size=GRID_DEG)
    faces = np.array(shapely.polygonize([borders]).geoms)
    piece_tree = shapely.STRtree(shapes)
    face_at, piece_at = piece_tree.query(shapely.point_on_surface(faces), predicate="within")
    of_face = np.array(owners)[piece_at]
    merged = {key: shapely.coverage_union_all(faces[face_at[of_face == key]]) for key in keys}
    return gpd.GeoSeries(merged, crs="EPSG:4326")


def _owners(islands: gpd.GeoSeries, offices: pd.DataFrame) -> list[pd.DataFrame]:
    """
    Return for each island the offices that decide on it.

    Its own prefecture's offices on it come first. Where there are none, any on it: the map draws the Amami
    islands as Okinawa's, which their offices know better. Where nobody has an office, the nearest one.
    """
    shapes = islands.to_numpy()
    points = shapely.points(offices[["lon", "lat"]].to_numpy())
    distance = shapely.distance(points[:, None], shapes[None, :])
    abroad = offices["iso"].to_numpy()[:, None] != islands.index.to_numpy()[None, :]
    at_home = np.where(abroad, np.inf, distance)
    settled = at_home.min(axis=1) <= OFFSHORE_DEG
    home = np.where(settled, at_home.argmin(axis=1), distance.argmin(axis=1))
    home[~settled & (distance.min(axis=1) > OFFSHORE_DEG)] = -1
    found = []
    for at in range(len(shapes)):
        here, own = home == at, (home == at) & settled
        chosen = (
            own if own.any() else here if here.any() else np.arange(len(offices)) == distance[:, at].argmin()
        )
        found.append(offices[chosen])
    return found


def _split(island: shapely.Geometry, offices: pd.DataFrame) -> list[tuple[str, shapely.Geometry]]:
    """Return the parts of an island by service area; a cell never reaches across the sea."""
    owner = offices["area"].to_numpy()
    if len(set(owner)) == 1:
        return [(owner[0], island)]
    cells = _cells(island, offices)
    return [(area, shapely.union_all(cells[owner == area])) for area in sorted(set(owner))]


def _cells(shape: shapely.Geometry, offices: pd.DataFrame) -> np.ndarray:
    """Return the Voronoi cell of each office, cut to the shape; degrees of longitude shrunk to true width."""
    if len(offices) == 1:
        return np.array([shape])
    width = float(np.cos(np.deg2rad(offices["lat"].mean())))
    points = shapely.points(offices["lon"].to_numpy() * width, offices["lat"].to_numpy())
    frame = shapely.transform(shape, lambda xy: xy * [width, 1.0])
    cells = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame, ordered=True)
    wide = shapely.transform(np.array(cells.geoms), lambda xy: xy / [width, 1.0])
    return shapely.intersection(wide, shape)


def _without_islets(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the shape without islands that are too small to show or to hold a site."""
    parts = gpd.GeoSeries(list(getattr(shape, "geoms", [shape])), crs="EPSG:4326")
    large = parts.to_crs(EQUAL_AREA).area / 1e6 >= SMALLEST_ISLAND_KM2
    return shapely.multipolygons(parts[large].to_numpy())


def _rounded(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda xy: np.round(xy, DECIMALS))


def _write(path: Path, shapes: Mapping[str, shapely.Geometry], provenance: Mapping[str, str]) -> None:
    """Write a GeoJSON whose bytes depend on nothing but the shapes."""
    features = [_feature(path.stem.rstrip("s"), name, shape, provenance) for name, shape in shapes.items()]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False, separators=(",", ":")) for feature in features)
    path.write_text(
        f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', encoding="utf-8", newline="\n"
    )


def _feature(key: str, name: str, shape: shapely.Geometry, provenance: Mapping[str, str]) -> dict[str, Any]:
    tidy = shapely.normalize(shape)
    return {"type": "Feature", "properties": {key: name, **provenance}, "geometry": mapping(tidy)}


if __name__ == "__main__":
    main()
