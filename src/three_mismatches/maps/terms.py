"""Words for what the tables hold by a key: tables, insets, uses, kinds of hubs, zones."""

from __future__ import annotations

from three_mismatches.language import say

__all__ = ["demand_word", "hub_word", "inset_title", "study_word", "table_word", "use_word", "zone_word"]


def table_word(name: str) -> str:
    """Return what the source line calls a table."""
    known = {
        "Areas": say("Areas"),
        "Borders": say("Borders"),
        "Distances": say("Distances"),
        "Fibre": say("Fibre"),
        "Hubs": say("Hubs"),
        "Lead times": say("Lead times"),
        "Lines": say("Lines"),
        "Plants": say("Plants"),
        "Sites": say("Sites"),
        "Ties": say("Ties"),
    }
    return known.get(name, name)


def inset_title(title: str) -> str:
    """Return the title of an inset; one that is not ours stays as it is."""
    known = {"Kanto": say("Kanto"), "Kansai": say("Kansai"), "Okinawa": say("Okinawa")}
    return known.get(title, title)


def study_word(name: str) -> str:
    """Return what a study is called; one that is not ours stays as it is."""
    return say("Japan") if name == "Japan" else name


def demand_word(demand: str) -> str:
    """Return what a demand scenario is called; one that is not ours is filled in as it is."""
    known = {"low": say("low demand"), "high": say("high demand"), "outlook": say("outlook demand")}
    return known.get(demand) or say("{demand} demand", demand=demand)


def use_word(use: str) -> str:
    """Return what a use of data centres is called; one that is not ours stays as it is."""
    known = {
        "cloud": say("cloud"),
        "colocation": say("colocation"),
        "ai inference": say("ai inference"),
        "ai training": say("ai training"),
        "unspecified": say("unspecified"),
    }
    return known.get(use, use)


def hub_word(kind: str) -> str | None:
    """Return what one hub of a kind is called, or None for a kind that is not ours."""
    known = {"cloud": say("cloud region"), "ix": say("exchange point"), "landing": say("cable landing")}
    return known.get(kind)


def zone_word(zone: str) -> str:
    """Return what a synchronous zone is called; one that is not ours stays as it is."""
    known = {
        "east": say("east"),
        "west": say("west"),
        "hokkaido": say("hokkaido"),
        "okinawa": say("okinawa"),
    }
    return known.get(zone, zone)
