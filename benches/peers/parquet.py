"""Writes and reads a recording with pyarrow: the same values, the same encoding (BYTE_STREAM_SPLIT + zstd 1).

    python benches/peers/parquet.py --recording out.parquet [--rounds 3] [--threads 2]

Writing: row group by row group with all columns, time inside pyarrow's calls only. Reading: row group by row group
into numpy matrices [N, U] of `pre` and `post`. Prints one JSON line; MB/s = 1e6 bytes of raw f32 values per second,
median over rounds.
"""

import argparse
import json
import os
import statistics
import tempfile
import time

import pyarrow as pa
import pyarrow.parquet as pq

TENSORS = ("pre", "post")


def matrices(table):
    """The list columns as [N, U] numpy views without a copy; all lists of a row group have one length."""
    columns = [table[name].combine_chunks() for name in TENSORS if name in table.column_names]
    return [column.flatten().to_numpy().reshape(len(column), -1) for column in columns]


def value_bytes(table):
    return sum(matrix.nbytes for matrix in matrices(table))


def write(source, target):
    """Returns (seconds, raw bytes) of writing every row group of `source` anew to `target`."""
    file = pq.ParquetFile(source)
    names = [name for name in file.schema_arrow.names if name not in TENSORS]
    started = time.perf_counter()
    writer = pq.ParquetWriter(
        target, file.schema_arrow, compression="zstd", compression_level=1, use_dictionary=names,
        write_statistics=names, column_encoding={f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in TENSORS},
    )
    seconds, n_bytes = time.perf_counter() - started, 0
    for k in range(file.num_row_groups):
        table = file.read_row_group(k)
        n_bytes += value_bytes(table)
        started = time.perf_counter()
        writer.write_table(table, row_group_size=len(table))
        seconds += time.perf_counter() - started
    started = time.perf_counter()
    writer.close()
    return seconds + time.perf_counter() - started, n_bytes


def read(path):
    """Returns (seconds, raw bytes) of reading every row group of `path` into numpy."""
    started, n_bytes = time.perf_counter(), 0
    file = pq.ParquetFile(path)
    for k in range(file.num_row_groups):
        n_bytes += value_bytes(file.read_row_group(k, columns=list(TENSORS), use_threads=True))
    return time.perf_counter() - started, n_bytes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    pa.set_cpu_count(args.threads)
    writes, reads = [], []
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(args.recording))) as folder:
        target = os.path.join(folder, "pyarrow.parquet")
        for _ in range(args.rounds):
            seconds, n_bytes = write(args.recording, target)
            writes.append(n_bytes / seconds / 1e6)
            # Read what Layerscope wrote: both sides decode the same file.
            seconds, n_bytes = read(args.recording)
            reads.append(n_bytes / seconds / 1e6)
        file_bytes = os.path.getsize(target)
    print(json.dumps(dict(
        peer="pyarrow", version=pa.__version__, threads=args.threads, raw_bytes=n_bytes, file_bytes=file_bytes,
        write_mb_per_s=statistics.median(writes), read_mb_per_s=statistics.median(reads),
    )))


if __name__ == "__main__":
    main()
