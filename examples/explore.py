"""Japan in 2034 on a map for a browser: layers to switch, and at each site its gap and the reason."""

import tempfile
from pathlib import Path

import three_mismatches as tm

result = tm.japan(year=2034, demand="high").solve()
page = result.explore(lang="en")  # in a notebook this is the map itself

# In a folder that goes away: name one of your own. The page fetches its script and its tiles when it is opened.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "explore.html"
    page.save(str(path))
    print(
        f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {len(result.sites)} sites; it needs a network to be seen."
    )
