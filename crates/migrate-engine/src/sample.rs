//! Draws a pilot: few records that show every trait, the oldest and the newest, and everything they link to.

use crate::store::PlanRow;
use crate::{Failure, Run};
use jiff::Timestamp;
use mapping_core::{Result, SourceRef};
use std::collections::{BTreeMap, BTreeSet};

type Free<'a> = &'a dyn Fn(&PlanRow) -> Result<bool>;

/// What was drawn.
pub(crate) struct Sample {
    /// About as many tickets as asked for, and what they link to, in the order of writing.
    pub(crate) rows: Vec<PlanRow>,
    /// Traits that no ticket of it shows, because it is too small.
    pub(crate) not_shown: Vec<String>,
}

/// About `size` tickets, and what they link to, in the order of writing.
///
/// Only names and traits are held in memory while the plan is read through, twice.
pub(crate) fn draw(run: &Run, size: usize, free: Free<'_>) -> std::result::Result<Sample, Failure> {
    let (mut chosen, not_shown) = traits_once(run, size, free)?;
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
    Ok(Sample { rows: rows.into_values().collect(), not_shown })
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

/// A ticket that shows a trait, with everything else that it shows.
struct Shows {
    /// How many tickets show the trait.
    count: u64,
    record: SourceRef,
    strata: Vec<String>,
}

/// The oldest and the newest, then for each trait that none of the chosen shows yet a ticket that does, rare traits
/// before common ones; and the traits for which there was no room.
fn traits_once(run: &Run, size: usize, free: Free<'_>) -> Result<(BTreeSet<SourceRef>, Vec<String>)> {
    let (mut oldest, mut newest) = (None::<(Timestamp, PlanRow)>, None::<(Timestamp, PlanRow)>);
    let mut first: BTreeMap<String, Shows> = BTreeMap::new();
    each(run, free, &mut |row| {
        if let Some(at) = row.at {
            if oldest.as_ref().is_none_or(|(t, _)| at < *t) {
                oldest = Some((at, row.clone()));
            }
            if newest.as_ref().is_none_or(|(t, _)| at >= *t) {
                newest = Some((at, row.clone()));
            }
        }
        for stratum in &row.strata {
            let shows = first.entry(stratum.clone()).or_insert_with(|| Shows {
                count: 0,
                record: row.record.clone(),
                strata: row.strata.clone(),
            });
            shows.count += 1;
        }
    })?;
    let (mut chosen, mut shown) = (BTreeSet::new(), BTreeSet::new());
    for (_, row) in [oldest, newest].into_iter().flatten() {
        shown.extend(row.strata);
        chosen.insert(row.record);
    }
    let mut rare: Vec<(String, Shows)> = first.into_iter().collect();
    rare.sort_by_key(|(_, shows)| shows.count);
    let mut not_shown = Vec::new();
    for (stratum, shows) in rare {
        if shown.contains(&stratum) {
            continue;
        }
        if chosen.len() >= size.max(2) {
            not_shown.push(stratum);
            continue;
        }
        shown.extend(shows.strata);
        chosen.insert(shows.record);
    }
    not_shown.retain(|stratum| !shown.contains(stratum));
    Ok((chosen, not_shown))
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
