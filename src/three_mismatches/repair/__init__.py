"""From messy lines on a map to one connected grid that keeps synchronous zones apart, with a certificate of how."""

from three_mismatches.repair._measure import with_imputations
from three_mismatches.repair.build import RepairedMap, build_grid, build_network
from three_mismatches.repair.certificate import markdown, measures, summary
from three_mismatches.repair.parameters import circuits_of, transformers_of
from three_mismatches.repair.rules import RepairRules

__all__ = [
    "RepairRules",
    "RepairedMap",
    "build_grid",
    "build_network",
    "circuits_of",
    "markdown",
    "measures",
    "summary",
    "transformers_of",
    "with_imputations",
]
