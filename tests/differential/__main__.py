"""`make differential`: a long comparison with parsedmarc over written, generated and spoilt files.

python -m tests.differential [--count N] [--seed S]
"""

from __future__ import annotations

import argparse
import sys

from tests.differential.run import compare_all


def main() -> int:
    """Print what was explained by what; 1 where something is left unexplained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    tally = compare_all(generated=asked.count // 4, spoilt=asked.count - asked.count // 4, seed=asked.seed)
    for line in tally.unexplained:
        print(line)
    for name, count in tally.explained.most_common():
        print(f"{count:8} {name}")
    print(
        f"{tally.files} files, {tally.differing} with differences, {sum(tally.explained.values())} explanations by "
        f"{len(tally.explained)} entries, {len(tally.unexplained)} unexplained; without use: {', '.join(tally.stale) or 'none'}"
    )
    return int(bool(tally.unexplained))


if __name__ == "__main__":
    sys.exit(main())
