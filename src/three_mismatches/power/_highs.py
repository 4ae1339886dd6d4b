"""A linear programme as arrays becomes one that HiGHS holds, to be solved again with other bounds."""

from __future__ import annotations

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

__all__ = ["held"]

Floats = NDArray[np.float64]

SETTINGS: tuple[tuple[str, bool | int], ...] = (("output_flag", False), ("threads", 1), ("random_seed", 0))
"""The same answer on any machine, and nothing printed."""


def held(
    matrix: csc_array | csr_array,
    columns: tuple[Floats, Floats],
    rows: tuple[Floats, Floats],
    *,
    cost: Floats | None = None,
) -> highspy.Highs:
    """
    Return a solver that holds a programme to be maximised.

    Parameters
    ----------
    matrix
        Shape (rows, columns).
    columns, rows
        Lower and upper bound of each.
    cost
        Of each column; 0 without.
    """
    by_column = matrix.tocsc()
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.zeros(matrix.shape[1]) if cost is None else cost
    lp.col_lower_, lp.col_upper_ = columns
    lp.row_lower_, lp.row_upper_ = rows
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = by_column.indptr
    lp.a_matrix_.index_ = by_column.indices
    lp.a_matrix_.value_ = by_column.data
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in SETTINGS:
        highs.setOptionValue(option, value)
    highs.passModel(lp)
    return highs
