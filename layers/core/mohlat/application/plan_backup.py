"""A change of records: from it on the next backup by itself is planned."""

from __future__ import annotations

from datetime import datetime

from mohlat.application.ports import DataJobs
from mohlat.domain.agreement import Agreement
from mohlat.domain.tenant import Tenant


def plan_backup(jobs: DataJobs, tenant: Tenant, agreement: Agreement, now: datetime) -> None:
    """Has the next backup fall due where the agreement wants them by themselves and none is planned yet.

    What nobody changes needs no backup, so that an idle tenant costs nothing.
    """
    if agreement.backups and agreement.backups.every:
        jobs.plan_backup(tenant.id, agreement.backups.every.after(now, agreement.calendar))
