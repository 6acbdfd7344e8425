//! What people do by hand, in writing: for each hand-off of the map a workbook, CSV and a guide. The map says what it
//! becomes and where; no platform is named here.

mod automations;
mod check;
mod desk;
mod files;
mod guide;
mod lists;
mod macros;
mod schema;
mod teams;

pub(crate) use check::check;
pub(crate) use desk::Desk;
pub(crate) use guide::readme;

use crate::sheet::{Sheet, write_xlsx};
use crate::{Failure, HandedOver};
use mapping_core::mapping::Handoff;

/// What was made of one hand-off.
#[derive(Default)]
pub(crate) struct Built {
    /// The first is the hand-off itself: a row a record.
    pub(crate) sheets: Vec<Sheet>,
    /// What a person should look at first, a sentence each.
    pub(crate) flags: Vec<String>,
    /// Further files that were written: texts, figures, copies.
    pub(crate) files: u64,
}
impl Built {
    fn of(sheet: Sheet) -> Built {
        Built { sheets: vec![sheet], ..Built::default() }
    }
    pub(crate) fn records(&self) -> u64 {
        self.sheets.first().map_or(0, |sheet| sheet.rows.len() as u64)
    }
}

/// The rows of a hand-off.
async fn build(desk: &Desk<'_>, handoff: &Handoff) -> Result<Built, Failure> {
    match handoff.from.as_str() {
        "standard_response" => macros::pack(desk, handoff).await,
        "queue" => teams::queues(desk),
        "ticketbox" => teams::ticketboxes(desk),
        "sla_policy" => lists::targets(desk, handoff),
        "working_hours" => lists::working_hours(desk),
        "report" => lists::reports(desk, handoff),
        "wallboard" => lists::wallboards(desk, handoff),
        "channel_account" => lists::channels(desk, handoff),
        "automation" => automations::rules(desk, handoff),
        "missing_person" => teams::missing_people(desk),
        "kb_file" => files::of_articles(desk, handoff).await,
        "oversize_file" => files::left_out(desk, handoff).await,
        kind => lists::any(desk, kind),
    }
}

/// The hand-offs of the map, and the two lists that belong to every hand-over.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Handoff> {
    let own = |name: &str, title: &str, destination: &str, place: &str| {
        let mut handoff = Handoff::default();
        handoff.name = name.to_owned();
        handoff.row = "–".to_owned();
        handoff.title = title.to_owned();
        handoff.destination = destination.to_owned();
        handoff.place = place.to_owned();
        handoff
    };
    let mut all = desk.mapping.handoffs().to_vec();
    let mut schema =
        own(SCHEMA, "Schema that must be there", "attribute, field or tag", "the settings of each kind");
    schema.check = Some(SCHEMA.to_owned());
    schema.note = Some("`provision` makes what the API can make; the rest is made by hand.".to_owned());
    all.push(schema);
    if all.iter().all(|h| h.from != "working_hours") {
        let becomes = desk.mapping.object("working_hours").map_or("nothing", |o| o.to.as_str());
        let mut hours =
            own("working-hours", "Working hours", becomes, "made by `apply`; look at the time zones");
        hours.from = "working_hours".to_owned();
        all.push(hours);
    }
    all.push(own(SCOPE, "Scope: what moves and what does not", "read it, sign it", "this list"));
    all
}

const SCHEMA: &str = "schema";
const SCOPE: &str = "scope";

/// Writes one hand-off: a workbook, each of its sheets as CSV, a guide, and the files that belong to it.
pub(crate) async fn hand_over(desk: &Desk<'_>, handoff: &Handoff) -> Result<HandedOver, Failure> {
    let built = match handoff.name.as_str() {
        SCHEMA => schema::checklist(desk)?,
        SCOPE => schema::scope(desk)?,
        _ => build(desk, handoff).await?,
    };
    let mut files = Vec::new();
    let name = &handoff.name;
    for (place, sheet) in built.sheets.iter().enumerate() {
        let file = match place {
            0 => format!("handoff/{name}.csv"),
            _ => format!("handoff/{name}-{}.csv", desk::file_name(&sheet.name).to_lowercase()),
        };
        files.push(sheet.write_csv_beside(desk.run, &file, desk.now)?);
    }
    let sheets: Vec<&Sheet> = built.sheets.iter().collect();
    let book = write_xlsx(desk.run, &format!("handoff/{name}.xlsx"), &sheets, desk.now)?;
    let named: Vec<String> = [book.as_ref().map(|_| "xlsx"), Some("csv")]
        .into_iter()
        .flatten()
        .map(|e| format!("`{name}.{e}`"))
        .collect();
    files.extend(book);
    let text = guide::guide(handoff, &built, &named);
    files.push(desk.run.write(&format!("handoff/{name}.md"), text.as_bytes())?);
    let records = built.records();
    Ok(HandedOver {
        name: name.clone(),
        title: handoff.title.clone(),
        row: handoff.row.clone(),
        destination: handoff.destination.clone(),
        place: handoff.place.clone(),
        records,
        flags: built.flags,
        files,
        further: built.files,
    })
}
