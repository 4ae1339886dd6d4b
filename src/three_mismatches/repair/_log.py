"""The certificate as it grows: one row for everything that was done to the map, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

__all__ = ["ACTIONS", "Log"]

ACTIONS = ("set aside", "drop", "split", "join", "refuse", "impute", "keep", "measure")

Floats = NDArray[np.float64]


@dataclass
class Log:
    """Rows of the certificate, in the order in which they were made."""

    parts: list[pd.DataFrame] = field(default_factory=list)

    def add(
        self,
        action: str,
        reason: str,
        element: ArrayLike,
        *,
        lonlat: Floats | None = None,
        km: ArrayLike = np.nan,
        value: ArrayLike = np.nan,
        zone: ArrayLike = "",
        suspicious: ArrayLike = False,
    ) -> None:
        """Add one row for each element; coordinates in degrees, shape (elements, 2)."""
        names = np.atleast_1d(np.asarray(element, dtype=object))
        if not len(names):
            return
        point = np.full(len(names), None, dtype=object)
        if lonlat is not None:
            known = np.isfinite(lonlat).all(axis=1)
            point[known] = shapely.points(lonlat[known])
        self.parts.append(
            pd.DataFrame(
                {
                    "action": action,
                    "reason": reason,
                    "element": [str(name) for name in names],
                    "zone": zone,
                    "km": km,
                    "value": value,
                    "suspicious": suspicious,
                    "geometry": point,
                }
            )
        )

    def table(self) -> gpd.GeoDataFrame:
        """Return all rows, in an order that does not hang on that of the input."""
        columns = ["action", "reason", "element", "zone", "km", "value", "suspicious", "geometry"]
        rows = pd.concat(self.parts, ignore_index=True) if self.parts else pd.DataFrame(columns=columns)
        points = rows["geometry"].to_numpy(dtype=object)
        place = np.nan_to_num(np.stack([shapely.get_x(points), shapely.get_y(points)], axis=1))
        step = rows["action"].map({action: at for at, action in enumerate(ACTIONS)}).to_numpy(dtype=np.int64)
        words = [
            np.unique(rows[column].to_numpy(dtype=str), return_inverse=True)[1]
            for column in ("reason", "element")
        ]
        figures = [rows[column].to_numpy(dtype=np.float64) for column in ("value", "km")]
        order = rows.iloc[np.lexsort((*figures, *place.T[::-1], *words[::-1], step))]
        index = pd.Index([f"{number:06d}" for number in range(len(order))], name="row")
        found = order[columns].set_index(index)
        return gpd.GeoDataFrame(found, geometry="geometry", crs="EPSG:4326")
