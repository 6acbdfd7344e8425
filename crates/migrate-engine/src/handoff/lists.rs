//! Targets, hours, reports, wallboards, channel accounts: a row a record, with the nearest thing at the destination.

use super::Built;
use super::desk::{Desk, cell, file_name, yes};
use crate::Failure;
use crate::sheet::Sheet;
use jiff::SignedDuration;
use mapping_core::mapping::Handoff;
use mapping_core::model::{Record, WeeklyInterval, WorkingHours};

/// Days without a success after which a route counts as dead.
const DEAD_DAYS: i64 = 30;
const NONE_NEAR: &str = "nothing near: see the guide";

/// The nearest thing for something that is called so.
fn nearest(handoff: &Handoff, texts: &[&str]) -> String {
    texts.iter().find_map(|text| handoff.nearest(text)).unwrap_or(NONE_NEAR).to_owned()
}

/// Minutes as hours, for people.
fn hours(minutes: Option<u32>) -> String {
    minutes.map(|m| format!("{}:{:02}", m / 60, m % 60)).unwrap_or_default()
}

pub(super) fn targets(desk: &Desk<'_>, handoff: &Handoff) -> Result<Built, Failure> {
    let head = [
        "record",
        "name",
        "first response h:mm",
        "next response h:mm",
        "resolution h:mm",
        "in business hours",
        "clock stops on",
        "applies to",
        "escalations",
        "used by",
    ];
    let mut sheet = Sheet::new("Targets", &head);
    let mut goes = Sheet::new("Where each goes", &["record", "name", "target", "minutes", "where"]);
    let mut escalating = 0;
    desk.each("sla_policy", &mut |record| {
        let Record::SlaPolicy(policy) = record else { return Ok(()) };
        let key = policy.id.source_ref();
        let boxes = desk.seen.ticketboxes.values().filter(|t| t.sla_policy.as_ref() == Some(&policy.id));
        escalating += u64::from(!policy.escalations.is_empty());
        let targets = [
            ("first response", policy.first_response_minutes),
            ("next response", policy.next_response_minutes),
            ("resolution", policy.resolution_minutes),
        ];
        for (target, minutes) in targets {
            let Some(minutes) = minutes else { continue };
            let place = handoff.nearest(target).unwrap_or(&handoff.place).to_owned();
            goes.push([key.to_string(), policy.name.clone(), target.to_owned(), minutes.to_string(), place]);
        }
        sheet.push([
            key.to_string(),
            policy.name.clone(),
            hours(policy.first_response_minutes),
            hours(policy.next_response_minutes),
            hours(policy.resolution_minutes),
            yes(policy.business_hours),
            policy.stops_on.join("; "),
            policy.applies_to.join("; "),
            policy.escalations.join("; "),
            desk.names(boxes.map(|t| t.id.source_ref())),
        ]);
        Ok(())
    })?;
    let mut built = Built { sheets: vec![sheet, goes], ..Built::default() };
    if escalating > 0 {
        built.flags.push(format!(
            "Policies that tell somebody when a target is missed: {escalating}. That is to be built."
        ));
    }
    Ok(built)
}

pub(super) fn working_hours(desk: &Desk<'_>) -> Result<Built, Failure> {
    let head = ["record", "name", "time zone", "offset h:mm", "week", "days off", "used by"];
    let mut built = Built::of(Sheet::new("Working hours", &head));
    let mut unzoned = 0;
    desk.each("working_hours", &mut |record| {
        let Record::WorkingHours(hours) = record else { return Ok(()) };
        let boxes = desk.seen.ticketboxes.values().filter(|t| t.working_hours.as_ref() == Some(&hours.id));
        let key = hours.id.source_ref().to_string();
        let zone = desk.zones.get(&key).cloned().or_else(|| hours.zone.clone());
        unzoned += u64::from(zone.is_none());
        let row = [
            key,
            hours.name.clone(),
            zone.unwrap_or_default(),
            offset(&hours),
            hours.week.iter().map(interval).collect::<Vec<_>>().join("; "),
            hours.holidays.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            desk.names(boxes.map(|t| t.id.source_ref())),
        ];
        built.sheets[0].push(row);
        Ok(())
    })?;
    if unzoned > 0 {
        built.flags.push(format!(
            "Profiles that say an offset only, which knows no summer time: {unzoned}. Choose a zone."
        ));
    }
    Ok(built)
}

fn offset(hours: &WorkingHours) -> String {
    let sign = if hours.offset_minutes < 0 { "UTC−" } else { "UTC+" };
    let minutes = hours.offset_minutes.unsigned_abs();
    format!("{sign}{}:{:02}", minutes / 60, minutes % 60)
}

fn interval(interval: &WeeklyInterval) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let day = DAYS.get(usize::from(interval.weekday).wrapping_sub(1)).copied().unwrap_or("?");
    format!("{day} {}–{}", interval.from.strftime("%H:%M"), interval.to.strftime("%H:%M"))
}

/// Definitions, and the figures of each as a CSV of its own: `handoff/<name>/<report>-<id>.csv`.
pub(super) fn reports(desk: &Desk<'_>, handoff: &Handoff) -> Result<Built, Failure> {
    let head = [
        "record",
        "name",
        "template",
        "parameters",
        "schedule",
        "format",
        "goes to",
        "figures from",
        "figures until",
        "rows of figures",
        "file of figures",
        "nearest there",
    ];
    let mut built = Built::of(Sheet::new("Reports", &head));
    let (mut sheet, mut without) = (std::mem::take(&mut built.sheets), 0);
    desk.each("report", &mut |record| {
        let Record::Report(report) = record else { return Ok(()) };
        let mut file = String::new();
        if let Some(figures) = &report.figures {
            let name = format!("{}-{}", file_name(&report.name), file_name(report.id.as_str()));
            file = format!("{}/{name}.csv", handoff.name);
            let columns: Vec<&str> = figures.columns.iter().map(String::as_str).collect();
            let mut table = Sheet::new(&report.name, &columns);
            // A row may be shorter or longer than its head; a spreadsheet wants them even.
            let wide = figures.rows.iter().map(Vec::len).max().unwrap_or(0).max(columns.len());
            table.head.resize(wide, String::new());
            for row in &figures.rows {
                let mut cells: Vec<String> = row.iter().map(|c| c.as_str().to_owned()).collect();
                cells.resize(wide, String::new());
                table.push(cells);
            }
            table.write_csv(desk.run, &format!("handoff/{file}"))?;
            built.files += 1;
        } else {
            without += 1;
        }
        let figures = report.figures.as_ref();
        let texts = [
            report.name.as_str(),
            report.template.as_deref().unwrap_or_default(),
            &report.parameters.join(" "),
        ];
        sheet[0].push([
            report.id.source_ref().to_string(),
            report.name.clone(),
            cell(report.template.as_ref()),
            report.parameters.join("; "),
            cell(report.schedule.as_ref()),
            cell(report.format.as_ref()),
            cell(report.delivery.as_ref()),
            cell(figures.map(|f| f.from)),
            cell(figures.map(|f| f.to)),
            figures.map_or(0, |f| f.rows.len()).to_string(),
            file,
            nearest(handoff, &texts),
        ]);
        Ok(())
    })?;
    built.sheets = sheet;
    if without > 0 {
        built.flags.push(format!(
            "Reports that could not be run, so that only their definitions are here: {without}."
        ));
    }
    Ok(built)
}

pub(super) fn wallboards(desk: &Desk<'_>, handoff: &Handoff) -> Result<Built, Failure> {
    let head = ["record", "name", "shows", "seen by", "nearest there"];
    let mut built = Built::of(Sheet::new("Wallboards", &head));
    desk.each("wallboard", &mut |record| {
        let Record::Wallboard(board) = record else { return Ok(()) };
        let metrics = board.metrics.join("; ");
        let near = nearest(handoff, &[&metrics, &board.name]);
        let row = [board.id.source_ref().to_string(), board.name, metrics, cell(board.audience), near];
        built.sheets[0].push(row);
        Ok(())
    })?;
    Ok(built)
}

pub(super) fn channels(desk: &Desk<'_>, handoff: &Handoff) -> Result<Built, Failure> {
    let head = [
        "record",
        "channel",
        "address",
        "on",
        "alive",
        "why not",
        "incoming",
        "outgoing",
        "ticketbox",
        "queue",
        "looks every min",
        "last success",
        "nearest there",
    ];
    let mut built = Built::of(Sheet::new("Channels", &head));
    let mut dead = 0;
    desk.each("channel_account", &mut |record| {
        let Record::ChannelAccount(account) = record else { return Ok(()) };
        let old = account
            .last_success
            .is_some_and(|at| desk.now.duration_since(at) > SignedDuration::from_hours(24 * DEAD_DAYS));
        let why = match () {
            () if !account.enabled => "it is off".to_owned(),
            () if account.last_error.is_some() => {
                format!("last error: {}", cell(account.last_error.as_ref()))
            }
            () if old => format!("no success for {DEAD_DAYS} days"),
            () => String::new(),
        };
        dead += u64::from(!why.is_empty());
        let host = |name: &Option<String>, port: Option<u16>| match (name, port) {
            (Some(name), Some(port)) => format!("{name} {port}"),
            (name, _) => cell(name.as_ref()),
        };
        let incoming = [cell(account.protocol.as_ref()), host(&account.incoming_host, account.incoming_port)];
        let row = [
            account.id.source_ref().to_string(),
            account.channel.clone(),
            account.address.as_str().to_owned(),
            yes(account.enabled),
            yes(why.is_empty()),
            why,
            incoming.join(" ").trim().to_owned(),
            host(&account.outgoing_host, account.outgoing_port),
            account.ticketbox.as_ref().map(|t| desk.called(&t.source_ref())).unwrap_or_default(),
            account.queue.as_ref().map(|q| desk.called(&q.source_ref())).unwrap_or_default(),
            cell(account.poll_minutes),
            cell(account.last_success),
            nearest(handoff, &[&account.channel, &cell(account.protocol.as_ref())]),
        ];
        built.sheets[0].push(row);
        Ok(())
    })?;
    if dead > 0 {
        built.flags.push(format!(
            "Routes that are off or failing today: {dead}. Ask whether they are needed at all."
        ));
    }
    Ok(built)
}

/// Any other kind: which records there are.
pub(super) fn any(desk: &Desk<'_>, kind: &str) -> Result<Built, Failure> {
    let mut built = Built::of(Sheet::new("Records", &["record", "name"]));
    desk.each(kind, &mut |record| {
        let key = record.key();
        let name = desk.seen.name_of(&key).unwrap_or_default().to_owned();
        built.sheets[0].push([key.to_string(), name]);
        Ok(())
    })?;
    Ok(built)
}
