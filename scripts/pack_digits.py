"""Packs the digits data into src/data/digits.gz.

Input: a CSV file with a heading and one image a line: its label, then 64 pixels from 0 to 16, row by row.
Output, compressed with gzip: one byte per label for all images, then 64 bytes per image.

    python3 scripts/pack_digits.py digits.csv src/data/digits.gz
"""

import csv
import gzip
import sys


def main() -> None:
    source, target = sys.argv[1:]
    with open(source, newline="") as file:
        rows = [[int(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    assert rows and all(len(row) == 65 and row[0] < 10 and max(row[1:]) <= 16 for row in rows)
    packed = bytes(row[0] for row in rows) + b"".join(bytes(row[1:]) for row in rows)
    with open(target, "wb") as file:
        # No time and no name, so that the same data give the same bytes.
        file.write(gzip.compress(packed, 9, mtime=0))


main()
