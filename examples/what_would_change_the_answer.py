"""What would change the answer: the headline of 2030 under one other reading of each doubtful input at a time."""

import three_mismatches as tm

study = tm.japan(year=2030, demand="high")
fleet = study.solve().fleet
rows = ["joint_gap_mw", "joint_multiple", "sites_over_rtt_budget", "years_lost"]
print(fleet.loc[rows, ["value", "unit", "low", "high", "p10", "p90"]].round(2).to_string())

moved = study.sensitivity().sort_values("change_mw", ascending=False)
print("\n" + moved[["joint_multiple", "change_mw"]].head(8).round(2).to_string())
