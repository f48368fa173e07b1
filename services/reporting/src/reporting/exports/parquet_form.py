"""Parquet with typed columns; what is said about the table stands in the metadata of its schema."""

import io
import json
from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from reporting.exports.table import Kind, Row, Table

GROUP_ROWS: Final = 5_000
"""Rows of a row group; so many are in memory."""
_TYPES: Final = {
    Kind.TEXT: pa.string(),
    Kind.COUNT: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.SHARE: pa.float64(),
    Kind.DAY: pa.date32(),
    Kind.TRUTH: pa.bool_(),
}
METADATA: Final = b"mitra"
"""Key of the metadata: a JSON object."""


class _Outbox(io.RawIOBase):
    """A file that keeps only what has not been taken yet."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | memoryview") -> int:  # type: ignore[override]
        self._kept += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since it was last taken."""
        taken, self._kept = bytes(self._kept), bytearray()
        return taken


class ParquetForm:
    """A table as Parquet."""

    def __init__(self, table: Table) -> None:
        fields = [pa.field(column.name, _TYPES[column.kind]) for column in table.columns]
        about = json.dumps(dict(table.about), ensure_ascii=False).encode()
        self._schema = pa.schema(fields, metadata={METADATA: about})
        self._outbox = _Outbox()
        self._writer = pq.ParquetWriter(self._outbox, self._schema, compression="zstd")
        self._rows: list[Row] = []

    def begin(self) -> bytes:
        """The mark of the format."""
        return self._outbox.taken()

    def add(self, rows: Sequence[Row]) -> bytes:
        """A row group, whenever enough rows are there."""
        self._rows += rows
        if len(self._rows) >= GROUP_ROWS:
            self._write()
        return self._outbox.taken()

    def end(self) -> Iterator[bytes]:
        """The last row group and the footer."""
        if self._rows:
            self._write()
        self._writer.close()
        yield self._outbox.taken()

    def close(self) -> None:
        """Let go of what was not sent."""
        if self._writer.is_open:
            self._writer.close()

    def _write(self) -> None:
        columns = zip(*self._rows, strict=True)
        arrays = [pa.array(cells, field.type) for cells, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows = []
