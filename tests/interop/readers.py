"""The readers a recording must open in, with one line each."""

import os
import tempfile

# Hugging Face must neither ask its server nor leave a copy of the recording in the user's cache.
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HOME=tempfile.mkdtemp(prefix="layerscope-hf-"))

import datasets  # noqa: E402
import duckdb  # noqa: E402
import numpy as np  # noqa: E402
import pandas  # noqa: E402
import polars  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from independent import require  # noqa: E402

datasets.disable_progress_bars()


# One line each: what a user types. Every reader gets (path, size) and returns sample, label, pre, post.
def with_pyarrow(path, size):
    table = pq.read_table(path, filters=[("size", "==", size)])
    lists = [table[name].combine_chunks().flatten().to_numpy().reshape(len(table), -1) for name in ("pre", "post")]
    return table["sample"].to_numpy(), table["label"].to_numpy(), *lists


def with_pandas(path, size):
    frame = pandas.read_parquet(path, filters=[("size", "==", size)])
    return frame["sample"].to_numpy(), frame["label"].to_numpy(), np.stack(frame["pre"]), np.stack(frame["post"])


def with_polars(path, size):
    frame = polars.scan_parquet(path).filter(polars.col("size") == size).collect()
    lists = [frame[name].list.to_array(len(frame[name][0])).to_numpy() for name in ("pre", "post")]
    return frame["sample"].to_numpy(), frame["label"].to_numpy(), *lists


def with_duckdb(path, size):
    frame = duckdb.sql(f"SELECT * FROM '{path}' WHERE size = {size} ORDER BY replicate, sample").df()
    return frame["sample"].to_numpy(), frame["label"].to_numpy(), np.stack(frame["pre"]), np.stack(frame["post"])


def with_datasets(path, size):
    rows = datasets.load_dataset("parquet", data_files=str(path), split="train").with_format("numpy")
    rows = rows.select(np.flatnonzero(np.asarray(rows["size"]) == size))
    return rows["sample"][:], rows["label"][:], np.stack(rows["pre"]), np.stack(rows["post"])


READERS = {
    "pyarrow": with_pyarrow,
    "pandas": with_pandas,
    "polars": with_polars,
    "duckdb": with_duckdb,
    "datasets": with_datasets,
}


def same_bits(reader, what, found, wanted):
    """sample, label, pre and post as a reader returned them, against what they have to be."""
    for column, found, want in zip(("sample", "label", "pre", "post"), found, wanted):
        found = np.asarray(found, want.dtype)
        require(found.shape == want.shape, f"{reader}: {column} of {what} has shape {found.shape}")
        require(found.tobytes() == want.tobytes(), f"{reader}: {column} of {what} has other bits")
