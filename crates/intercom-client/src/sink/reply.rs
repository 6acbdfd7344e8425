//! The replies of a thread: what is said under whose name, and which part of the thread a reply has made.

use super::IntercomSink;
use super::absent::{LEFT, STANDS_IN};
use super::conversation::{merged_contact, target};
use super::matched::KEPT;
use super::shape_thread::headed;
use super::steps;
use crate::AdminId;
use crate::api::conversations::{Attachment, Conversation, ConversationPart, MOST_PARTS_SHOWN};
use crate::api::{AdminReply, ContactReply};
use async_trait::async_trait;
use connector_http::{ByteStream, FilePart, OpenBody};
use mapping_core::text::html_of_plain;
use mapping_core::{
    Blob, Blobs, Call, Candidate, Draft, Entry, Error, Format, Loss, LossRule, Part, Prepared, Progress,
    Receipt, Refs, RemoteRef, Result, State, Visibility,
};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// The output of a receipt that names what its answer shows otherwise than it was sent.
const DIFFERS: &str = "differs";

impl IntercomSink {
    /// Who writes: the acting teammate for an author who has left since the plan was made.
    pub(super) async fn prepare_reply(&self, call: &Call<'_>) -> Result<Prepared> {
        let mut prepared = Prepared::default();
        let author = author(call.refs, call.part()?)?;
        if author.kind == "admin"
            && let Some(acting) = self.stand_in_for(&AdminId::from(author.id.as_str())).await?
        {
            prepared.notes.insert(STANDS_IN.into(), acting.to_string());
        }
        Ok(prepared)
    }

    pub(super) async fn reply(&self, call: &Call<'_>) -> Result<Receipt> {
        let said = Said::by(call)?;
        let part: &Part = &said.part;
        let id = target(call)?;
        let files = part.files.iter().map(|f| file_part(f, call.blobs)).collect();
        let all = self.client.conversations();
        let deadline = self.client.deadline() + Duration::from_secs(steps::upload_seconds(part).into());
        let answer = if said.who.kind == "contact" {
            let mut reply = ContactReply::new(said.who.id.as_str(), self.contact_body(part)).files(files);
            if let Some(at) = part.at {
                reply = reply.created_at(at);
            }
            all.reply_as_contact(&id, reply).with_deadline(deadline).await?
        } else {
            let admin = said.who.id.as_str();
            let mut reply = match part.visibility {
                Visibility::Public => AdminReply::comment(admin, html_body(part)),
                Visibility::Internal => AdminReply::note(admin, html_body(part)),
            };
            reply = reply.files(files);
            if let Some(at) = part.at {
                reply = reply.created_at(at);
            }
            let sent = all.reply_as_admin(&id, reply).with_deadline(deadline).await;
            let author = AdminId::from(admin);
            sent.map_err(|e| if said.stands_in { e } else { self.refused_author(&author, e) })?
        };
        Ok(made_by_reply(call, &said, &answer))
    }

    fn contact_body(&self, part: &Part) -> String {
        match part.body.format {
            _ if self.options.contact_html => html_body(part),
            Format::Plain => part.body.text.as_str().to_owned(),
            Format::Html => mapping_core::text::plain_of_html(&part.body.text),
        }
    }

    pub(super) async fn settle_reply(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let said = Said::by(call)?;
        let conversation = self.client.conversations().get(&target(call)?).await?;
        let claimed = call.so_far.claimed("part");
        let mine = Wanted::of(&said);
        let mut equal: Vec<&ConversationPart> = conversation
            .parts()
            .iter()
            .filter(|p| !claimed.contains(&p.id.as_str()) && mine.differs(p).is_empty())
            .collect();
        equal.sort_by_key(|p| number(p));
        // Equal replies before this one whose ids never came back have parts among these.
        let before = unclaimed_twins(call, &mine);
        let found = equal.iter().skip(before).map(|p| candidate(call, &said, p, true));
        let mut found: Vec<Candidate> = found.collect();
        if found.is_empty() {
            // Where the window hides parts, nobody can say whose the visible ones are.
            let hides = conversation.part_count() > conversation.parts().len();
            let twin = equal.last().filter(|_| hides).map(|p| candidate(call, &said, p, false));
            found.extend(twin.or_else(|| doubtful(call, &conversation, &said, &mine, &claimed)));
        }
        Ok(found)
    }
}

/// A part as it is written, and under whose name.
struct Said<'a> {
    part: Cow<'a, Part>,
    who: RemoteRef,
    stands_in: bool,
}

impl<'a> Said<'a> {
    fn by(call: &Call<'a>) -> Result<Self> {
        Self::of(call.part()?, call.prepared, call.so_far, call.draft, call.refs)
    }

    fn of(
        part: &'a Part,
        prepared: &Prepared,
        so_far: &Progress,
        draft: &Draft,
        refs: &Refs,
    ) -> Result<Self> {
        let author = author(refs, part)?;
        let Some(acting) = prepared.notes.get(STANDS_IN) else {
            let starter = draft.field("contact").as_link().and_then(|link| refs.resolve(link));
            let merged = merged_contact(so_far).filter(|_| starter == Some(author));
            let who = merged.unwrap_or_else(|| author.clone());
            return Ok(Said { part: Cow::Borrowed(part), who, stands_in: false });
        };
        let name = part.author.name.as_ref().map_or("Unknown author", |n| n.as_str());
        let body = headed(part.body.clone(), name);
        let part = Cow::Owned(Part { body, ..part.clone() });
        Ok(Said { part, who: RemoteRef::new("admin", acting.as_str()), stands_in: true })
    }
}

fn author<'a>(refs: &'a Refs, part: &'a Part) -> Result<&'a RemoteRef> {
    let link = part.author.link.as_ref().ok_or_else(|| Error::bug("a shaped part has an author"))?;
    refs.resolve(link).ok_or_else(|| {
        Error::not_sent(
            mapping_core::ErrorKind::Unresolved,
            "the author of a part is not at the destination yet",
        )
    })
}

/// What could be the reply but can't be told: another text by the same author in the same second, or a thread whose
/// window doesn't reach back to it. It is for a person, and not sent again.
fn doubtful(
    call: &Call<'_>,
    it: &Conversation,
    said: &Said<'_>,
    mine: &Wanted,
    claimed: &[&str],
) -> Option<Candidate> {
    let at = said.part.at;
    let near = it.parts().iter().find(|p| {
        !claimed.contains(&p.id.as_str()) && is_message(p) && p.created_at == at && mine.by_same_author(p)
    });
    if let Some(near) = near {
        return Some(candidate(call, said, near, false));
    }
    let oldest = it.parts().iter().filter_map(|p| p.created_at).min();
    let cut = it.part_count() > it.parts().len();
    (cut && at < oldest).then(|| Candidate { receipt: Receipt::nothing(), agrees: false })
}

fn candidate(call: &Call<'_>, said: &Said<'_>, part: &ConversationPart, agrees: bool) -> Candidate {
    Candidate { receipt: receipt(call, said).output("part", part.id.as_str()), agrees }
}

/// A receipt that says who stands in.
fn receipt(call: &Call<'_>, said: &Said<'_>) -> Receipt {
    if !said.stands_in {
        return Receipt::nothing();
    }
    let index = call.step.part.unwrap_or_default();
    let field = format!("parts[{}].author", said.part.key);
    Receipt::nothing().output(KEPT, format!("parts[{index}].author,parts[{index}].body")).loss(Loss::new(
        call.draft.source.clone(),
        field,
        LossRule::Defaulted,
        LEFT,
    ))
}

/// How many replies before this one are equal to it and were applied without an id in their answer.
fn unclaimed_twins(call: &Call<'_>, mine: &Wanted) -> usize {
    let equal = |entry: &&Entry| {
        let part = entry.step.part.and_then(|i| call.draft.parts.get(i as usize));
        let said = part.map(|p| Said::of(p, &entry.prepared, call.so_far, call.draft, call.refs));
        said.and_then(Result::ok).is_some_and(|said| Wanted::of(&said) == *mine)
    };
    call.so_far
        .entries
        .iter()
        .filter(|e| e.step.op == steps::REPLY && e.step.part != call.step.part)
        .filter(|e| matches!(&e.state, State::Applied(r) if !r.outputs.contains_key("part")))
        .filter(equal)
        .count()
}

/// The receipt of a reply from its answer, which is the whole conversation: the newest part that nobody claims.
///
/// `differs` names what the answer shows otherwise than it was sent. Of a part that no later read will reach, that is a
/// loss too, and so is a reply that its own answer doesn't show.
fn made_by_reply(call: &Call<'_>, said: &Said<'_>, answer: &Conversation) -> Receipt {
    let claimed = call.so_far.claimed("part");
    let mine = Wanted::of(said);
    let mut new: Vec<&ConversationPart> =
        answer.parts().iter().filter(|p| is_message(p) && mine.by_same_author(p)).collect();
    // The newest is nearly always the one, so that the claims of a long thread are looked through once.
    new.sort_by_key(|p| std::cmp::Reverse(number(p)));
    let free = |p: &&&ConversationPart| !claimed.contains(&p.id.as_str());
    let exact = new.iter().find(|p| mine.differs(p).is_empty() && free(p));
    let index = call.step.part.unwrap_or_default() as usize;
    let out_of_sight = call.draft.parts.len().saturating_sub(index) > MOST_PARTS_SHOWN;
    let receipt = receipt(call, said);
    let (receipt, differs) = match exact.or_else(|| new.iter().find(free)) {
        None if out_of_sight => (receipt, vec![format!("parts[{index}]")]),
        None => (receipt, Vec::new()),
        Some(made) => {
            let named = mine.differs(made).into_iter().map(|what| format!("parts[{index}].{what}")).collect();
            (receipt.output("part", made.id.as_str()), named)
        }
    };
    if differs.is_empty() {
        return receipt;
    }
    let why = "Intercom's answer shows it otherwise than it was sent, and no later read will reach it";
    let lost = |receipt: Receipt, field: &String| {
        receipt.loss(Loss::new(call.draft.source.clone(), field.as_str(), LossRule::Recast, why))
    };
    let receipt = if out_of_sight { differs.iter().fold(receipt, lost) } else { receipt };
    receipt.output(DIFFERS, differs.join(","))
}

/// Ids of parts are numbers that grow; one that isn't counts as the oldest.
fn number(part: &ConversationPart) -> u64 {
    part.id.as_str().parse().unwrap_or(0)
}

/// A part that somebody said something in. Comments that reopen are typed `open`; events say nothing.
pub(super) fn is_message(part: &ConversationPart) -> bool {
    let event =
        part.part_type.starts_with("conversation_attribute_updated") || part.part_type.starts_with("merged_");
    let says = part.body.as_ref().is_some_and(|b| !b.trim().is_empty());
    !event && (says || !part.attachments.is_empty())
}

/// What a reply should look like when it is read.
#[derive(PartialEq)]
struct Wanted {
    author: RemoteRef,
    note: bool,
    at: Option<i64>,
    text: String,
    files: Vec<(String, u64)>,
}

impl Wanted {
    fn of(said: &Said<'_>) -> Self {
        let part: &Part = &said.part;
        let mut files: Vec<_> = part.files.iter().map(|f| (f.name.as_str().to_owned(), f.len)).collect();
        files.sort();
        Wanted {
            author: said.who.clone(),
            note: part.visibility == Visibility::Internal,
            at: part.at.map(|t| t.as_second()),
            text: part.body.canonical(),
            files,
        }
    }
    fn by_same_author(&self, part: &ConversationPart) -> bool {
        let Some(author) = &part.author else { return false };
        let same_kind = author.is_contact() == (self.author.kind == "contact");
        same_kind && author.id.as_deref() == Some(self.author.id.as_str())
    }
    /// The names of what is otherwise than wanted.
    fn differs(&self, part: &ConversationPart) -> Vec<&'static str> {
        let text =
            part.body.as_ref().map(|b| mapping_core::text::canonical(Format::Html, b)).unwrap_or_default();
        let mut files: Vec<_> =
            part.attachments.iter().map(|a: &Attachment| (a.name.as_str().to_owned(), a.filesize)).collect();
        files.sort();
        let checks = [
            ("author", self.by_same_author(part)),
            ("visibility", self.note == (part.part_type == "note")),
            ("at", part.created_at.map(|t| t.as_second()) == self.at),
            ("body", text == self.text),
            ("files", files == self.files),
        ];
        checks.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
    }
}

fn html_body(part: &Part) -> String {
    match part.body.format {
        Format::Html => part.body.text.as_str().to_owned(),
        Format::Plain => html_of_plain(&part.body.text),
    }
}

/// A file whose bytes are read when they are sent.
struct Opened {
    blobs: Arc<dyn Blobs>,
    blob: Blob,
}

#[async_trait]
impl OpenBody for Opened {
    async fn open(&self) -> Result<ByteStream> {
        self.blobs.open(&self.blob).await
    }
}

fn file_part(blob: &Blob, blobs: &Arc<dyn Blobs>) -> FilePart {
    FilePart {
        name: blob.name.as_str().to_owned(),
        content_type: blob.mime.clone(),
        len: blob.len,
        open: Arc::new(Opened { blobs: blobs.clone(), blob: blob.clone() }),
    }
}
