"""Make the table of outcomes from the record of a run of the attack tests.

    ATTACK_OUTCOMES=record.json python -m pytest tests/attacks
    python tests/attacks/outcomes.py record.json

With `dash-auth` 2.3.0 in the environment instead of this package, the same tests show what it did.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

OUTCOMES = ["succeeded", "server error", "held", "honest refused", "other", "skipped"]
HEADINGS = [
    "attack not refused",
    "answer is 5xx",
    "attack held",
    "honest request refused",
    "did not get so far",
    "not applicable",
]


def table(record: list[dict[str, str]]) -> str:
    """Return a Markdown table of how many tests of each rule ended how.

    :param record: what a run wrote, one entry a test
    :return: the table, with a row of sums
    """
    counts: dict[str, Counter[str]] = {}
    for entry in record:
        counts.setdefault(entry["rule"], Counter())[entry["outcome"]] += 1
    lines = [
        "| rule | tests | " + " | ".join(HEADINGS) + " |",
        "|---|" + "--:|" * (len(HEADINGS) + 1),
    ]
    rules = sorted(counts, key=lambda rule: int(rule[1:]))
    rows = [(rule, counts[rule]) for rule in rules]
    rows.append(("**all**", sum((counts[rule] for rule in rules), Counter())))
    for name, row in rows:
        cells = [str(row.total()), *(str(row[outcome]) for outcome in OUTCOMES)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(json.loads(Path(sys.argv[1]).read_text())))
