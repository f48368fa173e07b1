"""Exports: rollups as tables, to take away as CSV, XLSX or Parquet.

    what is asked -> a `Table` (columns, batches of rows, about) -> a form that writes it -> chunks

The rows are those of the JSON answers, from the same queries; nothing is decided here about who sees what.
"""
