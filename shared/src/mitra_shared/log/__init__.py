"""The log: dense, partitioned, appended at commit. The truth that Redis streams only carry."""

from mitra_shared.log.append import Place
from mitra_shared.log.fork import reset_log_partition
from mitra_shared.log.tables import LogTables, log_tables
from mitra_shared.log.unit_of_work import UnitOfWork, unit_of_work

__all__ = ["LogTables", "Place", "UnitOfWork", "log_tables", "reset_log_partition", "unit_of_work"]
