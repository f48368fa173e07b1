"""`mitra audit`: proves that nothing was lost, doubled or miscounted, with code of its own.

    sources -> scene (heads, streams, one snapshot of each database) -> checks -> report

Nothing here imports a service, and nothing here is used by one: what the services fold event by event is
recomputed with plain SQL or with the auditor's own folding.
"""

from mitra_shared.ops.audit.report import AuditReport
from mitra_shared.ops.audit.run import audit
from mitra_shared.ops.audit.sources import AuditSources, CannotAudit

__all__ = ["AuditReport", "AuditSources", "CannotAudit", "audit"]
