"""What a bus of your own grid can host: which line and outage bind, why not more, and what two sites get together."""

import pandas as pd

import three_mismatches as tm

lines = pd.DataFrame(
    [("plant", "city"), ("plant", "city"), ("plant", "town"), ("town", "city")],
    columns=["bus0", "bus1"],
    index=["coast 1", "coast 2", "valley", "ridge"],
).assign(x_pu_100=0.05, s_nom=200.0, s_nom_emergency=240.0)
frames = {
    "buses": pd.DataFrame(index=["plant", "town", "city"]).assign(v_nom=275.0),
    "lines": lines,
    "generators": pd.DataFrame({"bus": ["plant"], "p_nom": [900.0], "p_set": [260.0]}, index=["unit"]),
    "loads": pd.DataFrame({"bus": ["town", "city"], "p_set": [60.0, 200.0]}, index=["homes", "works"]),
}
grid = tm.grid_from_frames(frames)

table = tm.power.hosting(grid)
print(table[["hosting_mw", "limiting_line", "limiting_outage"]].round(1).to_string())

rungs = tm.power.ladder(grid, "city", request_mw=600.0)
print("\n" + rungs[["hosting_mw", "taken_mw", "because"]].round(1).to_string())
print(f"600 MW at city: {rungs.attrs['gap_mw']:.1f} MW short")

together = tm.power.joint(grid, pd.Series({"city": 250.0, "town": 250.0}))
print("\n" + together.sites[["request_mw", "alone_mw", "joint_mw"]].round(1).to_string())
print(together.reinforcements[["mw_per_mw", "outages"]].round(2).to_string())
