"""How sure a headline is: one solve for each draw of the assumptions, kept in a folder; ranges, and what moves them."""

from pathlib import Path
from tempfile import TemporaryDirectory

import three_mismatches as tm

study = tm.japan(year=2034)
draws = tm.ensemble.Ranges(
    ["supply_level", "tie_level", "load_factor", "undated_phase_year"],
    draws=8,
    method="latin",
    choices={"demand": ("outlook", "low", "high")},
)
print(draws.frame().head(3).round(2).to_string())

with TemporaryDirectory() as place:
    folder = Path(place) / "run"
    # Power alone is quick; without `evaluate` round trips and sites are solved too.
    found = tm.ensemble.run(study, draws, evaluate=tm.ensemble.power_only, checkpoint=folder, chunk=4)
    print(sorted(file.name for file in folder.iterdir()))
    again = tm.ensemble.run(study, draws, evaluate=tm.ensemble.power_only, checkpoint=folder, chunk=4)
    print("read again, not solved again:", again.fleet.equals(found.fleet))

shown = ["new_load_mw", "unsited_mw", "spare_mw", "joint_multiple"]
print(found.quantiles().loc[shown].round(2).to_string())
print(found.most_uncertain_inputs("joint_multiple", n=3).round(2).to_string())
