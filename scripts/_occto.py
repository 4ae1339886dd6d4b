"""Names of OCCTO's areas and ties, and which way each published flow counts."""

from __future__ import annotations

AREAS = {
    "北海道": "hokkaido", "東北": "tohoku", "東京": "tokyo", "中部": "chubu", "北陸": "hokuriku",
    "関西": "kansai", "中国": "chugoku", "四国": "shikoku", "九州": "kyushu", "沖縄": "okinawa",
}  # fmt: skip
IMPORT = {
    "hokkaido": {"北海道・本州間電力連系設備": -1},
    "tohoku": {"北海道・本州間電力連系設備": 1, "相馬双葉幹線": -1},
    "tokyo": {"相馬双葉幹線": 1, "周波数変換設備": -1},
    "chubu": {"周波数変換設備": 1, "中部フェンス": -1},
    "hokuriku": {"北陸フェンス": 1},
    "kansai": {"関西フェンス": 1, "西播東岡山線・山崎智頭線": -1, "阿南紀北直流幹線": -1},
    "chugoku": {"西播東岡山線・山崎智頭線": 1, "本四連系線": -1, "関門連系線": -1},
    "shikoku": {"本四連系線": 1, "阿南紀北直流幹線": 1},
    "kyushu": {"関門連系線": 1},
    "okinawa": {},
}
"""Sign with which each published flow enters an area; see "Direction" in data/README.md."""
FENCES_FROM, FENCES_ODD = "20260425", ("20260626", "20260702")
"""From when on the signs of the three fences hold, and the days on which they are the opposite."""
