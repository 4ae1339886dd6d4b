"""How much power the network can bring to a place, and what stops it from bringing more."""

from three_mismatches.power._area_model import Group
from three_mismatches.power.ac import ac_check
from three_mismatches.power.contingencies import outages_of
from three_mismatches.power.dc import dc_flow, lodf, ptdf
from three_mismatches.power.deliverable import deliverable
from three_mismatches.power.delivery import (
    Delivery,
    area_hosting,
    area_joint,
    security_outages,
    tie_outages,
)
from three_mismatches.power.dispatch import Dispatch, base_dispatch
from three_mismatches.power.dispatched import dispatched
from three_mismatches.power.hosting import Limit, hosting
from three_mismatches.power.joint import Joint, joint, ladders_and_joint
from three_mismatches.power.ladder import ladder, ladders
from three_mismatches.power.matching import HourlyMatch, match_hourly
from three_mismatches.power.n1 import n1_loading
from three_mismatches.power.snapshots import HostingOver, Snapshots, hosting_over
from three_mismatches.power.solar import (
    NAGOYA_CLEARNESS,
    SolarPlant,
    SolarProfile,
    solar_profile,
)

__all__ = [
    "NAGOYA_CLEARNESS",
    "Delivery",
    "Dispatch",
    "Group",
    "HostingOver",
    "HourlyMatch",
    "Joint",
    "Limit",
    "Snapshots",
    "SolarPlant",
    "SolarProfile",
    "ac_check",
    "area_hosting",
    "area_joint",
    "base_dispatch",
    "dc_flow",
    "deliverable",
    "dispatched",
    "hosting",
    "hosting_over",
    "joint",
    "ladder",
    "ladders",
    "ladders_and_joint",
    "lodf",
    "match_hourly",
    "n1_loading",
    "outages_of",
    "ptdf",
    "security_outages",
    "solar_profile",
    "tie_outages",
]
