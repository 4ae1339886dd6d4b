"""The critique's claims, each with our figure, its interval, and a verdict by a rule that can be read."""

from three_mismatches.reproduce.answers import Answers
from three_mismatches.reproduce.rules import RULES, THRESHOLDS, VERDICTS
from three_mismatches.reproduce.run import DRAWS, YEARS, tanaka

__all__ = ["DRAWS", "RULES", "THRESHOLDS", "VERDICTS", "YEARS", "Answers", "tanaka"]
