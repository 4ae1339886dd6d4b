"""Is it years? Japan's sites in 2034: how late they run, what they wait for, and what would bring them forward."""

import three_mismatches as tm

study = tm.japan(year=2034, demand="high")
found = tm.delay.simulate(study, draws=500)

lost = found.fleet.loc["years_lost"]
print(
    f"{lost['value']:.2f} years are lost for each MW [{lost['p10']:.2f}-{lost['p90']:.2f} in 10 to 90 % of draws]"
)
print(f"with all lead times at their ends: {lost['low']:.2f} to {lost['high']:.2f}\n")

held_up = found.fleet["value"].filter(regex="^critical_.*_mw$").round()
print(held_up.to_string(), "\n")

columns = [
    "mw",
    "time_p50_y",
    "delay_y_p10",
    "delay_y_p50",
    "delay_y_p90",
    "critical_stream",
    "relief_power_y",
]
print(found.sites[found.sites["mw"] > 0].nlargest(8, "delay_y_mean")[columns].round(1).to_string(), "\n")

other = tm.delay.simulate(study, draws=500, discipline="ready first")
print(f"ready first instead of first come: {other.fleet.at['years_lost', 'value']:.2f} years")
