"""The queries of docs/sql.md run in DuckDB and return what `analyze` reports.

    python tests/interop/sql.py --recording out.parquet --analyze target/release/analyze --page docs/sql.md

Each query stands in a ```sql block below a heading that names the statistic; its columns have the names of the fields.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess

import duckdb

from independent import close, require

KEYS = ("size", "replicate", "layer", "neuron")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", type=pathlib.Path, required=True, help="named out.parquet, as in the page")
    parser.add_argument("--analyze", type=pathlib.Path, required=True)
    parser.add_argument("--page", type=pathlib.Path, required=True)
    args = parser.parse_args()
    program, page = args.analyze.resolve(), args.page.read_text()
    require(args.recording.name == "out.parquet", "the page's queries open out.parquet")
    os.chdir(args.recording.resolve().parent)
    queries = re.findall(r"^## `analyze ([^`]*)`\n.*?^```sql\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    require(len(queries) >= 3, f"{args.page}: {len(queries)} queries found")
    for command, query in queries:
        words = command.split()
        done = subprocess.run([program, *words, "--format", "json"], capture_output=True, text=True)
        require(done.returncode == 0, f"analyze {command}: {done.stderr}")
        rows = json.loads(done.stdout)["rows"]
        result = duckdb.sql(query)
        names = result.columns
        found = [dict(zip(names, row)) for row in result.fetchall()]
        keys = [name for name in KEYS if name in names]
        fields = [name for name in names if name not in keys]
        by_key = {tuple(row[name] for name in keys): row for row in found}
        require(len(by_key) == len(found) == len(rows), f"{command}: {len(found)} rows, analyze has {len(rows)}")
        for row in rows:
            key = tuple(row[name] for name in keys)
            require(key in by_key, f"{command}: no row {key}")
            for name in fields:
                # dormant.0.025 is nested in JSON.
                expected = row
                for part in name.split(".", 1):
                    expected = expected[part]
                # DuckDB adds f64 values one by one: 60,000 of them err by 1e-12 at most, and a variance by the square
                # of mean / std more.
                close(by_key[key][name], expected, 1e-12, 1e-8, f"{command}: {name} of {key}")
        print(f"sql        duckdb {duckdb.__version__}: `analyze {command}` reproduced, {len(rows)} rows, {len(fields)} fields")


if __name__ == "__main__":
    main()
