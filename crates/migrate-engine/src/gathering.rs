//! Puts a batch together: who belongs to it, in total and by what tickets are.

use crate::config::Wave;
use crate::drafts::{BATCH, Drafts, Made};
use crate::loading::row_of;
use crate::store::{Batch, MemberState, PlanRow, summed_traits};
use crate::sums::{Expected, expect};
use crate::verbs::plan::written;
use crate::{Ctx, Failure, Run, sample};
use mapping_core::{Result as CoreResult, SourceRef};
use std::collections::BTreeSet;

/// Rows looked at together.
const TOGETHER: usize = 500;

/// Who is to belong to a batch.
pub(crate) enum Choice<'a> {
    /// A stratified sample of about this many tickets, and what they link to.
    Pilot(usize),
    /// The tickets of a wave, and what they link to.
    Wave(&'a Wave),
    /// Everything that isn't there yet.
    All,
}

/// Writes down who belongs to a new batch.
pub(crate) async fn gather(
    run: &Run,
    drafts: &Drafts<'_>,
    batch: &Batch,
    choice: Choice<'_>,
    retry_quarantined: bool,
    ctx: &Ctx<'_>,
) -> Result<(), Failure> {
    let mut gathering = Gathering { run, batch, retry_quarantined, expected: Expected::new() };
    if let Some(mark) = drafts.sink().batch_mark(&batch.label) {
        match drafts.shape(&mark, Vec::new()) {
            Made::Draft(finished) => {
                gathering.add(vec![row_of(drafts.sink(), BATCH, 0, &finished)]).await?;
            }
            Made::Refused(e) => return Err(e.into()),
            Made::Skipped(..) => {}
        }
    }
    match choice {
        Choice::Pilot(size) => {
            // In the order of phases, so that the batch's order is that of writing.
            let sample = sample::draw(run, size, &|row| gathering.is_free(row))?;
            if !sample.not_shown.is_empty() {
                let names = sample.not_shown.join(", ");
                ctx.note(format!("a pilot of {size} is too small to show {names}"));
            }
            gathering.make_ready(&sample.rows).await?;
            gathering.add(sample.rows).await?;
        }
        Choice::Wave(wave) => gathering.wave(wave).await?,
        Choice::All => gathering.all().await?,
    }
    expect(run, batch, &gathering.expected).await
}

struct Gathering<'a> {
    run: &'a Run,
    batch: &'a Batch,
    retry_quarantined: bool,
    expected: Expected,
}

impl Gathering<'_> {
    async fn add(&mut self, rows: Vec<PlanRow>) -> Result<(), Failure> {
        for row in &rows {
            for name in summed_traits(&row.strata, row.at) {
                *self.expected.entry(row.phase).or_default().entry(name).or_default() += 1;
            }
        }
        Ok(self.run.ledger().add_members(self.batch.number, rows).await?)
    }

    async fn all(&mut self) -> Result<(), Failure> {
        let mut after = 0;
        loop {
            let rows = self.run.ledger().plan_rows(after, TOGETHER)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = *last;
            let mut free = Vec::new();
            for (_, row) in rows {
                if self.is_free(&row)? {
                    free.push(row);
                }
            }
            self.make_ready(&free).await?;
            self.add(free).await?;
        }
    }

    /// The tickets of a wave, and with each page of them what they link to.
    async fn wave(&mut self, wave: &Wave) -> Result<(), Failure> {
        let mut after = 0;
        loop {
            let rows = self.run.ledger().plan_rows(after, TOGETHER)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = *last;
            let mut chosen = Vec::new();
            let mut linked: BTreeSet<SourceRef> = BTreeSet::new();
            for (_, row) in rows {
                // Rows with traits are the tickets; the others come along when they are linked to.
                if !row.strata.is_empty() && wave.takes(&row) && self.is_free(&row)? {
                    linked.extend(row.needs.iter().cloned());
                    chosen.push(row);
                }
            }
            let mut along = self.linked(linked)?;
            along.append(&mut chosen);
            self.make_ready(&along).await?;
            self.add(along).await?;
        }
    }

    /// The rows that stand for these records and for what those link to in turn, as far as they aren't written.
    fn linked(&self, mut open: BTreeSet<SourceRef>) -> CoreResult<Vec<PlanRow>> {
        let (mut seen, mut rows) = (BTreeSet::new(), Vec::new());
        while let Some(name) = open.pop_first() {
            let Some(row) = self.run.ledger().plan_row(&name)? else { continue };
            let here = self.run.ledger().membership(&row.record)?;
            let taken = here.is_some_and(|(batch, _)| batch == self.batch.number);
            // Tickets come by themselves: a wave takes none only because another links to it.
            if !row.strata.is_empty() || taken || !seen.insert(row.record.clone()) || !self.is_free(&row)? {
                continue;
            }
            open.extend(row.needs.iter().cloned());
            rows.push(row);
        }
        Ok(rows)
    }

    /// Whether a row of the plan is still to be written.
    fn is_free(&self, row: &PlanRow) -> CoreResult<bool> {
        let Some((_, state)) = self.run.ledger().membership(&row.record)? else { return Ok(true) };
        Ok(match state {
            _ if written(Some(state)) => false,
            MemberState::Quarantined | MemberState::Unknown => {
                // With another draft than the one that was refused, and nothing written, it is a new record.
                self.retry_quarantined || !self.run.ledger().is_begun(&row.record)?
            }
            _ => true,
        })
    }

    /// A record that was refused before is tried with the plan's own steps if nothing of it was written, else with the
    /// ones it has.
    async fn make_ready(&self, rows: &[PlanRow]) -> Result<(), Failure> {
        let ledger = self.run.ledger();
        for row in rows {
            if ledger.membership(&row.record)?.is_none() && ledger.progress(&row.record)?.is_none() {
                continue;
            }
            if ledger.progress(&row.record)?.is_some() {
                if ledger.is_begun(&row.record)? {
                    ledger.retry(&row.record).await?;
                } else {
                    ledger.retire(&row.record).await?;
                }
            }
            ledger.release(&row.record, "apply").await?;
        }
        Ok(())
    }
}
