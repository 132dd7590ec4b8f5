"""Does a data job's pages: writes an export or a backup, restores one. Repeatable at every point.

A file is put into the object store first and written down after, together with how far the job got. Cut off
in between, the page is done again and takes the place of the first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mohlat.application.export_tenant import MANIFEST, digest, manifest, object_name
from mohlat.application.keep_backups import APPLY, COMPARE, SAVE
from mohlat.application.keep_records import tracking_of
from mohlat.application.ports import (
    Agreements,
    Clock,
    DataJobs,
    ObjectStore,
    Record,
    Records,
    Tenants,
)
from mohlat.application.sections import EXPORTED, RECORDS, Page, RecordPages, Sections
from mohlat.application.transitions import commit, retrying
from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.backups import (
    finish_restoration,
    new_backup,
    refused_for_newer_data,
    superfluous,
)
from mohlat.domain.data_jobs import BackupReason, DataFile, DataJob, JobKind, JobStatus, add_file
from mohlat.domain.errors import Gone, NotFound
from mohlat.domain.exports import finish_export
from mohlat.domain.tenant import Tenant

# One invocation's share: some thousands of records, well within its time.
_PAGES_PER_STEP = 20
_QUERY = 100


class DataWorker:
    """Takes a data job further."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        jobs: DataJobs,
        objects: ObjectStore,
        records: Records,
        sections: Sections,
        agreements: Agreements,
        link: Callable[[str, str], str],
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._jobs = jobs
        self._objects = objects
        self._records = records
        self._record_pages = RecordPages(records)
        self._sections = sections
        self._agreements = agreements
        self._link = link
        self._clock = clock

    def step(self, tenant_id: str, job_id: str) -> DataJob | None:
        """The job after another share of its pages; None where it, or its tenant, is gone.

        Raises ConcurrentChange when another execution works on it: call again.
        """
        for _ in range(_PAGES_PER_STEP):
            try:
                job = self._jobs.get(tenant_id, job_id)
                tenant = self._tenants.get(tenant_id)
                if tenant.phase is Phase.PURGED:
                    return None
                if job.next_due_at is None or self._clock.now() < job.next_due_at:
                    return job
                self._one_page(job, tenant)
            except (Gone, NotFound):
                return None
        return self._jobs.get(tenant_id, job_id)

    def _one_page(self, job: DataJob, tenant: Tenant) -> None:
        agreement = self._agreements.load(tenant.product, tenant.agreement_version)
        match job.kind:
            case JobKind.EXPORT if job.status is JobStatus.DONE:
                self._expire(job)
            case JobKind.EXPORT:
                self._export(job, agreement)
            case JobKind.BACKUP if job.status is JobStatus.DONE:
                self._let_go(job, agreement)
            case JobKind.BACKUP:
                self._back_up(job)
            case JobKind.RESTORATION:
                self._restore(job, tenant)

    # --- writing ------------------------------------------------------------------------------------------

    def _write(self, job: DataJob, name: str, page: Page, **changes: object) -> None:
        """Writes a page as a file, and how far the job is with it."""
        content = "".join(f"{line}\n" for line in page.lines).encode()
        file = DataFile(
            job.tenant_id, job.id, job.files + 1, name, len(page.lines), len(content), digest(content)
        )
        self._objects.put(job.tenant_id, object_name(job, name), content)
        self._jobs.save((add_file(job, file, after=page.next_after, **changes), file))

    def _export(self, export: DataJob, agreement: Agreement) -> None:
        if export.step == MANIFEST:
            self._finish_export(export, agreement)
            return
        page = self._sections.page(export.tenant_id, export.step, export.after)
        at = EXPORTED.index(export.step)
        following = EXPORTED[at + 1] if at + 1 < len(EXPORTED) else MANIFEST
        name = f"{export.step}-{export.files + 1:05d}.jsonl"
        step = export.step if page.next_after else following
        self._write(export, name, page, step=step, next_due_at=self._clock.now())

    def _finish_export(self, export: DataJob, agreement: Agreement) -> None:
        files = self._jobs.files(export.tenant_id, export.id)
        content = json.dumps(manifest(export, files, agreement.version), ensure_ascii=False, indent=1)
        self._objects.put(export.tenant_id, object_name(export, MANIFEST), content.encode())

        def finish() -> None:
            tenant = self._tenants.get(export.tenant_id)
            bound = self._agreements.load(tenant.product, tenant.agreement_version)
            link = self._link(export.tenant_id, export.id)
            transition, done = finish_export(tenant, bound, export, link, self._clock.now())
            commit(self._tenants, bound, transition, (done,))

        retrying(finish)

    def _expire(self, export: DataJob) -> None:
        if self._objects.delete(export.tenant_id, object_name(export, "")):
            # As many as one request takes; the next page goes on.
            return
        self._jobs.save((export.moved(status=JobStatus.EXPIRED, next_due_at=None),))

    def _back_up(self, backup: DataJob) -> None:
        self._take_page(backup, next_due_at=self._clock.now())

    def _let_go(self, backup: DataJob, agreement: Agreement) -> None:
        """Drops what a finished backup made superfluous. It stays due until that is done: the next one may be
        far away.
        """
        if agreement.backups:
            needed = {
                restoration.source
                for restoration in self._jobs.of(backup.tenant_id, JobKind.RESTORATION)
                if restoration.status is JobStatus.RUNNING
            }
            known = self._jobs.of(backup.tenant_id, JobKind.BACKUP)
            for old in superfluous(known, agreement.backups.keep):
                if old.id not in needed and old.id != backup.id:
                    self._drop(old)
        self._jobs.save((backup.moved(next_due_at=None),))

    def _take_page(self, backup: DataJob, next_due_at: datetime | None) -> None:
        page = self._record_pages.page(backup.tenant_id, backup.after)
        name = f"{RECORDS}-{backup.files + 1:05d}.jsonl"
        done: dict[str, object] = {}
        if not page.next_after:
            done = {"status": JobStatus.DONE, "done_at": self._clock.now(), "step": ""}
        self._write(backup, name, page, next_due_at=next_due_at, **done)

    def _drop(self, backup: DataJob) -> None:
        while self._objects.delete(backup.tenant_id, object_name(backup, "")):
            continue
        self._jobs.drop(backup)

    # --- restoring ----------------------------------------------------------------------------------------

    def _restore(self, restoration: DataJob, tenant: Tenant) -> None:
        if restoration.step == SAVE:
            self._save_first(restoration)
            return
        span = self._span(restoration)
        losses: Mapping[str, int] = restoration.losses
        if restoration.step == COMPARE:
            losses = {name: losses.get(name, 0) + number for name, number in span.losses.items()}
        else:
            self._apply(span, tenant)
        now = self._clock.now()
        after = restoration.moved(losses=losses, files=span.files, after=span.after, next_due_at=now)
        if not span.last:
            self._jobs.save((after,))
        elif restoration.step == COMPARE and not refused_for_newer_data(after):
            # Nobody looks after the backup of the present state but the restoration, which takes it next.
            saved = new_backup(
                restoration.saved_as, tenant, BackupReason.BEFORE_RESTORATION, now, restoration.by
            )
            self._jobs.save((replace(after, step=SAVE), replace(saved, next_due_at=None)))
        else:
            self._finish_restoration(replace(after, version=restoration.version))

    def _save_first(self, restoration: DataJob) -> None:
        saved = self._jobs.get(restoration.tenant_id, restoration.saved_as)
        if saved.status is JobStatus.RUNNING:
            self._take_page(saved, next_due_at=None)
        else:
            self._jobs.save((restoration.moved(step=APPLY, files=0, after=""),))

    def _span(self, restoration: DataJob) -> _Span:
        """The next stretch of ids: what one of the backup's files has of it, and what is there now."""
        tenant_id, source = restoration.tenant_id, self._jobs.get(restoration.tenant_id, restoration.source)
        files = self._jobs.files(tenant_id, source.id)
        if restoration.files == len(files):
            # Behind the backup's last one there is only what came since.
            found = self._records.page(tenant_id, restoration.after or None, _QUERY)
            last = len(found) < _QUERY
            return _Span({}, _by_id(found), restoration.files, found[-1].id if found else "", last)
        content = self._objects.get(tenant_id, object_name(source, files[restoration.files].name))
        saved = {line["id"]: line["data"] for line in map(json.loads, content.splitlines())}
        until = max(saved, default=restoration.after)
        present = _by_id(self._up_to(tenant_id, restoration.after, until))
        return _Span(saved, present, restoration.files + 1, until, last=False)

    def _up_to(self, tenant_id: str, after: str, until: str) -> Iterator[Record]:
        while found := self._records.page(tenant_id, after or None, _QUERY):
            for record in found:
                if record.id > until:
                    return
                yield record
            after = found[-1].id

    def _apply(self, span: _Span, tenant: Tenant) -> None:
        """Makes the records of a stretch what the backup has. Under a legal hold nothing is deleted, and what
        is overwritten stays as a copy.
        """
        now = self._clock.now()
        tracking = tracking_of(self._agreements.load(tenant.product, tenant.agreement_version))
        for record_id in span.to_write:
            if tenant.held(record_id):
                self._records.keep_copy(tenant.id, record_id)
            self._records.put(tenant.id, record_id, span.saved[record_id], now, tracking)
        for record_id in span.added:
            if not tenant.held(record_id):
                self._records.delete(tenant.id, record_id, tenant.version, now, tracking)

    def _finish_restoration(self, restoration: DataJob) -> None:
        def finish() -> None:
            tenant = self._tenants.get(restoration.tenant_id)
            agreement = self._agreements.load(tenant.product, tenant.agreement_version)
            source = self._jobs.get(tenant.id, restoration.source)
            transition, done = finish_restoration(tenant, agreement, restoration, source, self._clock.now())
            commit(self._tenants, agreement, transition, (done,))

        retrying(finish)


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of ids: what the backup has (`saved`), what is there (`present`), and where the next one
    begins: `files` of the backup are done then, up to the id `after`.
    """

    saved: Mapping[str, Mapping[str, object]]
    present: Mapping[str, Record]
    files: int
    after: str
    last: bool

    @property
    def added(self) -> list[str]:
        """What came since the backup."""
        return [record_id for record_id in self.present if record_id not in self.saved]

    @property
    def deleted(self) -> list[str]:
        """What went since."""
        return [record_id for record_id in self.saved if record_id not in self.present]

    @property
    def to_write(self) -> list[str]:
        """What went or was changed since."""
        return [
            record_id
            for record_id, data in self.saved.items()
            if record_id not in self.present or self.present[record_id].data != data
        ]

    @property
    def losses(self) -> Mapping[str, int]:
        """How many records a restoration would undo the adding, changing and deleting of."""
        deleted = len(self.deleted)
        return {
            "added": len(self.added),
            "changed": len(self.to_write) - deleted,
            "deleted": deleted,
        }


def _by_id(records: Iterable[Record]) -> dict[str, Record]:
    return {record.id: record for record in records}
