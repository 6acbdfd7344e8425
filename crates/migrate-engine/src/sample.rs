//! Draws a pilot: few records that show every trait, the oldest and the newest, and everything they link to.

use crate::store::PlanRow;
use crate::{Failure, Run};
use jiff::Timestamp;
use mapping_core::{Result, SourceRef};
use std::collections::{BTreeMap, BTreeSet};

type Free<'a> = &'a dyn Fn(&PlanRow) -> Result<bool>;

/// About `size` tickets, and what they link to, in the order of writing.
///
/// Only names and traits are held in memory while the plan is read through, twice.
pub(crate) fn draw(run: &Run, size: usize, free: Free<'_>) -> std::result::Result<Vec<PlanRow>, Failure> {
    let mut chosen = traits_once(run, size, free)?;
    fill_evenly(run, size, &mut chosen, free)?;
    let mut rows: BTreeMap<(u32, SourceRef), PlanRow> = BTreeMap::new();
    let mut open: Vec<SourceRef> = chosen.into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if let Some(row) = run.ledger().plan_row(&name)?
            && free(&row)?
        {
            open.extend(row.needs.iter().cloned());
            rows.insert((row.phase, row.record.clone()), row);
        }
    }
    Ok(rows.into_values().collect())
}

fn each(run: &Run, free: Free<'_>, take: &mut dyn FnMut(&PlanRow)) -> Result<()> {
    let mut after = 0;
    loop {
        let rows = run.ledger().plan_rows(after, 500)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = *last;
        for (_, row) in rows {
            // Rows with traits are the tickets; the others come along when they are linked to.
            if !row.strata.is_empty() && free(&row)? {
                take(&row);
            }
        }
    }
}

/// The oldest and the newest, then the first ticket that shows each trait, rare traits before common ones.
fn traits_once(run: &Run, size: usize, free: Free<'_>) -> Result<BTreeSet<SourceRef>> {
    let (mut oldest, mut newest) = (None::<(Timestamp, SourceRef)>, None::<(Timestamp, SourceRef)>);
    let mut first: BTreeMap<String, (u64, SourceRef)> = BTreeMap::new();
    each(run, free, &mut |row| {
        if let Some(at) = row.at {
            if oldest.as_ref().is_none_or(|(t, _)| at < *t) {
                oldest = Some((at, row.record.clone()));
            }
            if newest.as_ref().is_none_or(|(t, _)| at >= *t) {
                newest = Some((at, row.record.clone()));
            }
        }
        for stratum in &row.strata {
            first.entry(stratum.clone()).or_insert_with(|| (0, row.record.clone())).0 += 1;
        }
    })?;
    let mut chosen: BTreeSet<SourceRef> = [oldest, newest].into_iter().flatten().map(|(_, r)| r).collect();
    let mut rare: Vec<(u64, SourceRef)> = first.into_values().collect();
    rare.sort();
    for (_, record) in rare {
        if chosen.len() >= size.max(2) {
            break;
        }
        chosen.insert(record);
    }
    Ok(chosen)
}

/// Fills up with tickets that lie evenly over the plan.
fn fill_evenly(run: &Run, size: usize, chosen: &mut BTreeSet<SourceRef>, free: Free<'_>) -> Result<()> {
    let mut total = 0usize;
    each(run, free, &mut |_| total += 1)?;
    let room = size.saturating_sub(chosen.len());
    if room == 0 || total == 0 {
        return Ok(());
    }
    let stride = (total / room).max(1);
    let mut place = 0;
    let mut spare = Vec::new();
    each(run, free, &mut |row| {
        if !chosen.contains(&row.record) {
            if place % stride == 0 && chosen.len() < size {
                chosen.insert(row.record.clone());
            } else if spare.len() < room {
                spare.push(row.record.clone());
            }
        }
        place += 1;
    })?;
    for record in spare {
        if chosen.len() >= size {
            break;
        }
        chosen.insert(record);
    }
    Ok(())
}
