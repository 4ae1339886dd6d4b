"""Japan in 2034, out of the box: what five sites ask for, what they get, and the answer in four sentences."""

import textwrap

import three_mismatches as tm

result = tm.japan(year=2034, demand="high").solve()

five = ["dpdc-inzai-park", "nanto-campus", "apl-itoshima", "softbank-tomakomai", "sakura-ishikari"]
columns = ["request_mw", "hosting_mw", "joint_gap_mw", "rtt_ms", "budget_ms", "dominant_mismatch"]
print(result.sites.loc[five, columns].round(1).to_string())
for sentence in result.summary():
    print("\n" + textwrap.fill(sentence, 100))
