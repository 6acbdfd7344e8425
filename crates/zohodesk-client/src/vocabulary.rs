//! The pure half of the sink: everything that decides, nothing that sends.

use crate::request::{entries, text};
use crate::{Request, Settings, content, field, shape, ticket};
use mapping_core::{
    Blob, Call, Candidate, Catalog, Change, Dialect, Draft, Error, ErrorKind, Made, Observed, Prepared,
    Progress, Receipt, RemoteRef, Result, Shaped, Step,
};
use serde_json::Value as Json;

/// The step vocabulary of Zoho Desk for drafts of the kinds `ticket` and `field`. It decides what is written, read and
/// concluded; whoever sends the [`Request`]s makes a `Sink` of it.
///
/// | op | effect | call |
/// | --- | --- | --- |
/// | `field.create` | create | `POST /fields`; none when the label is there with the right type |
/// | `layout.add` | change | `PATCH /layouts/{id}` with all sections as read, and one field more |
/// | `layout.values` | change | `PATCH /layouts/{id}/fields/{id}` with all values |
/// | `ticket.create` | create | `POST /tickets` with a status that is not closed; the first message is the description |
/// | `ticket.comment` | create | `POST /tickets/{id}/comments` |
/// | `ticket.set`, `ticket.assign`, `ticket.close` | overwrite | `PATCH /tickets/{id}?disableClosureNotification=true` |
/// | `ticket.trash` | overwrite | `POST /tickets/moveToTrash` |
/// | `layout.remove`, `layout.values.remove`, `field.delete` | overwrite | takes out what was added |
///
/// Drafts: a `ticket` (source `ticket:<id>`) has `subject`, `contact`, `team`, `assignee` (links), `status`,
/// `priority`, `channel`, `category`, `classification`, `email`, `phone`, and `cf.<label>` for custom fields, among
/// them the id field; its first part becomes the description. A `field` (source `field:<label>`) has `label`, `type`,
/// `max_length`, and `options` for a picklist.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    settings: Settings,
}

impl Vocabulary {
    /// A vocabulary with these settings.
    ///
    /// # Errors
    /// `Config` for a comment size that leaves no room, or above the API's 32,000.
    pub fn new(settings: Settings) -> Result<Self> {
        if !(5_000..=32_000).contains(&settings.comment_units) {
            return Err(Error::not_sent(ErrorKind::Config, "comment_units must be between 5000 and 32000")
                .with("comment_units", settings.comment_units));
        }
        Ok(Vocabulary { settings })
    }
    /// Name and version.
    pub fn dialect(&self) -> Dialect {
        Dialect { name: "zohodesk".to_owned(), version: 1 }
    }
    /// As [`Sink::shape`](mapping_core::Sink::shape).
    ///
    /// # Errors
    /// `Unsupported` for another kind, `Invalid` for a label that the API refuses.
    pub fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
        shape::shape(&self.settings, draft, catalog)
    }
    /// As [`Sink::steps`](mapping_core::Sink::steps).
    ///
    /// # Errors
    /// `Unsupported` for a change of what was written that has no write; `Invalid` for a ticket without its id field.
    pub fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
        match change.desired.kind.as_str() {
            "field" => field::steps(&self.settings, change),
            _ => ticket::steps(&self.settings, change),
        }
    }
    /// As [`Sink::undo`](mapping_core::Sink::undo).
    pub fn undo(&self, done: &Progress) -> Vec<Step> {
        let made = done.receipts().find_map(|(_, r)| match &r.made {
            Made::Created(remote) | Made::Matched(remote) => Some(remote.kind.as_str()),
            _ => None,
        });
        match made {
            Some("field") => field::undo(done),
            Some(_) => vec![ticket::undo()],
            None => vec![],
        }
    }
    /// The fewest calls by which the API could hold the draft: a ticket with its first message, then one a message.
    pub fn floor(&self, draft: &Draft) -> u64 {
        draft.parts.len().max(1) as u64
    }

    /// Files that `prepare` uploads right before the call; an upload's id lives shortly and serves once.
    pub fn uploads<'a>(&self, call: &Call<'a>) -> &'a [Blob] {
        let part = call.step.part.and_then(|n| call.draft.parts.get(n as usize));
        part.map_or(&[], |part| &part.files)
    }
    /// What `prepare` reads, if anything.
    ///
    /// # Errors
    /// `Bug` for a step without its object.
    pub fn before(&self, call: &Call<'_>) -> Result<Option<Request>> {
        if is_ticket(call) { ticket::before(call) } else { field::before(call) }
    }
    /// What `prepare` concludes of the answer (`Null` for none) and of the ids of the uploads, in order.
    ///
    /// # Errors
    /// `Conflict` for a field whose label is taken by another type, `Malformed`.
    pub fn prepared(&self, call: &Call<'_>, answer: &Json, uploads: &[String]) -> Result<Prepared> {
        if is_ticket(call) {
            Ok(ticket::prepared(call, answer, uploads))
        } else {
            field::prepared(call, answer)
        }
    }
    /// The one call of a step; `None` when there is nothing to send because the object was there.
    ///
    /// # Errors
    /// `Unresolved` when a link isn't there yet.
    pub fn write(&self, call: &Call<'_>) -> Result<Option<Request>> {
        if is_ticket(call) { ticket::write(&self.settings, call).map(Some) } else { field::write(call) }
    }
    /// The receipt that an answer is worth (`None` when nothing was sent).
    ///
    /// # Errors
    /// `Malformed`, unknown, when the answer lacks an id.
    pub fn receipt(&self, call: &Call<'_>, answer: Option<&Json>) -> Result<Receipt> {
        match is_ticket(call) {
            true => ticket::receipt(call, answer.unwrap_or(&Json::Null)),
            false => field::receipt(call, answer),
        }
    }
    /// The read that shows whether a step landed; `None` for steps that are simply repeated.
    ///
    /// # Errors
    /// `Unsupported` for an id that can't be searched for.
    pub fn lookup(&self, call: &Call<'_>) -> Result<Option<Request>> {
        if is_ticket(call) { ticket::lookup(&self.settings, call) } else { field::before(call) }
    }
    /// What that read shows.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn candidates(&self, call: &Call<'_>, answer: &Json) -> Result<Vec<Candidate>> {
        if is_ticket(call) {
            ticket::candidates(&self.settings, call, answer)
        } else {
            field::candidates(call, answer)
        }
    }

    /// The reads that show a whole object: the fields with a ticket and its comments, or with the layouts.
    pub fn reads(&self, at: &RemoteRef) -> Vec<Request> {
        let fields = Request::get("/fields").query("module", "tickets");
        match at.kind.as_str() {
            "ticket" => {
                let path = format!("/tickets/{}", at.id);
                let comments = Request::get(format!("{path}/comments")).paged();
                vec![fields, Request::get(path), comments]
            }
            _ => {
                let layouts = self.settings.layouts.iter();
                let mut reads = vec![fields];
                reads.extend(layouts.map(|layout| Request::get(format!("/layouts/{layout}"))));
                reads
            }
        }
    }
    /// The object that the answers to [`reads`](Vocabulary::reads) show; `Null` stands for "not found".
    ///
    /// # Errors
    /// `Malformed`.
    pub fn observed(&self, at: &RemoteRef, answers: &[Json]) -> Result<Option<Observed>> {
        let fields = answers.first().unwrap_or(&Json::Null);
        match (at.kind.as_str(), answers) {
            ("ticket", [_, ticket, comments]) if !ticket.is_null() => {
                let mut labels = Vec::new();
                for field in entries(fields) {
                    labels
                        .push((text(field, "apiName")?.to_owned(), text(field, "displayLabel")?.to_owned()));
                }
                content::observed(ticket, entries(comments), &labels)
            }
            ("field", [_, layouts @ ..]) => field::observed(at, fields, layouts),
            _ => Ok(None),
        }
    }
}

fn is_ticket(call: &Call<'_>) -> bool {
    call.step.op.starts_with("ticket.")
}
