//! The calls of a conversation: writes, settling, and which part of a thread a reply has made.

use super::IntercomSink;
use super::fields::{attributes, wire};
use super::steps;
use crate::api::conversations::{Attachment, Conversation, ConversationPart};
use crate::api::{AdminReply, ContactReply, ConversationUpdate, NewConversation, PartAction, Query};
use crate::{AdminId, ConversationId, TagId, TeamId};
use async_trait::async_trait;
use connector_http::{ByteStream, FilePart, OpenBody};
use futures_util::TryStreamExt as _;
use mapping_core::text::html_of_plain;
use mapping_core::{
    Blob, Blobs, Call, Candidate, Draft, Error, ErrorKind, Format, Link, Made, Part, Receipt, Refs,
    RemoteRef, Result, State, Value, Visibility,
};
use std::sync::Arc;
use std::time::Duration;

/// Conversations looked at when one is settled; more of one contact in two seconds are for a person.
const MOST_CANDIDATES: usize = 150;

impl IntercomSink {
    pub(super) async fn perform_conversation(&self, call: &Call<'_>) -> Result<Receipt> {
        match &*call.step.op {
            steps::CREATE => return self.create(call).await,
            steps::REPLY => return self.reply(call).await,
            _ => {}
        }
        let id = target(call)?;
        let by = self.acting().await?;
        let all = self.client.conversations();
        match &*call.step.op {
            steps::TAG => all.attach_tag(&id, &attached_tag(call)?, &by).await.map(drop)?,
            steps::UNTAG => match all.detach_tag(&id, &detached_tag(call)?, &by).await {
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                other => other?,
            },
            steps::UPDATE => all.update(&id, &update(call)?).await.map(drop)?,
            steps::ASSIGN_TEAM => {
                let team = call.field_link("team")?.map(|t| TeamId::from(t.id.as_str()));
                all.act(&id, &by, &PartAction::AssignTeam(team)).await.map(drop)?;
            }
            steps::ASSIGN_ADMIN => {
                let admin = call.field_link("assignee")?.map(|a| AdminId::from(a.id.as_str()));
                all.act(&id, &by, &PartAction::AssignAdmin(admin)).await.map(drop)?;
            }
            steps::CLOSE => all.act(&id, &by, &PartAction::Close).await.map(drop)?,
            steps::OPEN => all.act(&id, &by, &PartAction::Open).await.map(drop)?,
            steps::SNOOZE => {
                let Value::Time(until) = call.draft.field("snoozed_until") else {
                    return Err(Error::bug("a snooze without a time"));
                };
                all.act(&id, &by, &PartAction::Snooze(*until)).await.map(drop)?;
            }
            steps::DELETE => return self.delete(&id).await,
            other => return Err(super::unknown_step(other)),
        }
        Ok(Receipt::nothing())
    }

    async fn create(&self, call: &Call<'_>) -> Result<Receipt> {
        let part = call.part()?;
        let contact = contact(call)?;
        let mut new = NewConversation::new(contact.id.as_str(), part.body.text.as_str());
        if let Some(at) = part.at {
            new = new.created_at(at);
        }
        let message = self.client.conversations().create(&new).await?;
        Ok(Receipt::new(Made::Created(RemoteRef::new("conversation", message.conversation_id.as_str()))))
    }

    async fn reply(&self, call: &Call<'_>) -> Result<Receipt> {
        let part = call.part()?;
        let id = target(call)?;
        let author = author(call, part)?;
        let files = part.files.iter().map(|f| file_part(f, call.blobs)).collect();
        let all = self.client.conversations();
        let deadline = self.client.deadline() + Duration::from_secs(steps::upload_seconds(part).into());
        let answer = if author.kind == "contact" {
            let mut reply = ContactReply::new(author.id.as_str(), self.contact_body(part)).files(files);
            if let Some(at) = part.at {
                reply = reply.created_at(at);
            }
            all.reply_as_contact(&id, reply).with_deadline(deadline).await?
        } else {
            let admin = author.id.as_str();
            let mut reply = match part.visibility {
                Visibility::Public => AdminReply::comment(admin, html_body(part)),
                Visibility::Internal => AdminReply::note(admin, html_body(part)),
            };
            reply = reply.files(files);
            if let Some(at) = part.at {
                reply = reply.created_at(at);
            }
            all.reply_as_admin(&id, reply).with_deadline(deadline).await?
        };
        Ok(made_by_reply(call, part, author, &answer))
    }

    fn contact_body(&self, part: &Part) -> String {
        match part.body.format {
            _ if self.options.contact_html => html_body(part),
            Format::Plain => part.body.text.as_str().to_owned(),
            Format::Html => mapping_core::text::plain_of_html(&part.body.text),
        }
    }

    async fn delete(&self, id: &ConversationId) -> Result<Receipt> {
        let all = self.client.conversations();
        let retain = self.retains_metrics();
        let mut deleted = all.delete(id, retain).await;
        if !retain
            && self.options.retain_metrics.is_none()
            && deleted.as_ref().is_err_and(|e| e.kind() == ErrorKind::Forbidden)
        {
            // The token may not take the rows out of reports; the refused call deleted nothing.
            self.retain_metrics_from_now_on();
            deleted = all.delete(id, true).await;
        }
        match deleted {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => Ok(Receipt::new(Made::Removed(RemoteRef::new("conversation", id.as_str())))),
        }
    }

    pub(super) async fn settle_conversation(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        match &*call.step.op {
            steps::CREATE => self.settle_create(call).await,
            steps::REPLY => self.settle_reply(call).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Conversations of the contact that began in the same second; the text tells which one is meant.
    async fn settle_create(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let part = call.part()?;
        let contact = contact(call)?;
        let at = part.at.ok_or_else(|| Error::bug("a shaped part has a time"))?;
        let query = Query::all([
            Query::is("contact_ids", contact.id.as_str()),
            Query::greater("created_at", at.as_second() - 1),
            Query::less("created_at", at.as_second() + 1),
        ]);
        let mut found = Vec::new();
        let mut all = self.client.conversations().search_all(query);
        while let Some(it) = all.try_next().await? {
            let by_contact = it.contacts.contacts.iter().any(|c| c.id.as_str() == contact.id);
            if it.created_at != Some(at) || !by_contact {
                continue;
            }
            let text = it.source.as_ref().and_then(|s| s.body.as_ref());
            let text = text.map(|b| mapping_core::text::canonical(Format::Html, b)).unwrap_or_default();
            let remote = RemoteRef::new("conversation", it.id.as_str());
            found.push(Candidate {
                receipt: Receipt::new(Made::Created(remote)),
                agrees: text == part.body.canonical(),
            });
            if found.len() > MOST_CANDIDATES {
                let message = "more than 150 conversations of one contact began in one second";
                return Err(Error::not_sent(ErrorKind::TooLarge, message));
            }
        }
        Ok(found)
    }

    async fn settle_reply(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let part = call.part()?;
        let who = author(call, part)?;
        let conversation = self.client.conversations().get(&target(call)?).await?;
        let claimed = call.so_far.claimed("part");
        let mine = Wanted::of(part, who);
        let mut equal: Vec<&ConversationPart> = conversation
            .parts()
            .iter()
            .filter(|p| !claimed.contains(&p.id.as_str()) && mine.differs(p).is_empty())
            .collect();
        equal.sort_by_key(|p| number(p));
        // Equal replies before this one whose ids never came back have parts among these.
        let before = unclaimed_twins(call, &mine);
        let found = equal.into_iter().skip(before).map(|p| candidate(p, true));
        let mut found: Vec<Candidate> = found.collect();
        if found.is_empty() {
            found.extend(doubtful(&conversation, part, &mine, &claimed));
        }
        Ok(found)
    }
}

/// What could be the reply but can't be told: another text by the same author in the same second, or a thread whose
/// window doesn't reach back to it. It is for a person, and not sent again.
fn doubtful(it: &Conversation, part: &Part, mine: &Wanted, claimed: &[&str]) -> Option<Candidate> {
    let near = it.parts().iter().find(|p| {
        !claimed.contains(&p.id.as_str())
            && is_message(p)
            && p.created_at == part.at
            && mine.by_same_author(p)
    });
    if let Some(near) = near {
        return Some(candidate(near, false));
    }
    let oldest = it.parts().iter().filter_map(|p| p.created_at).min();
    let cut = it.part_count() > it.parts().len();
    (cut && part.at < oldest).then(|| Candidate { receipt: Receipt::nothing(), agrees: false })
}

fn candidate(part: &ConversationPart, agrees: bool) -> Candidate {
    Candidate { receipt: Receipt::nothing().output("part", part.id.as_str()), agrees }
}

/// How many replies before this one are equal to it and were applied without an id in their answer.
fn unclaimed_twins(call: &Call<'_>, mine: &Wanted) -> usize {
    call.so_far
        .entries
        .iter()
        .filter(|e| e.step.op == steps::REPLY && e.step.part != call.step.part)
        .filter(|e| matches!(&e.state, State::Applied(r) if !r.outputs.contains_key("part")))
        .filter_map(|e| call.draft.parts.get(e.step.part? as usize))
        .filter(|p| author_in(call.refs, p).is_some_and(|who| Wanted::of(p, who) == *mine))
        .count()
}

/// The receipt of a reply from its answer, which is the whole conversation: the newest part that nobody claims.
/// `differs` names what the answer shows otherwise than it was sent, since a later read may not reach this part.
fn made_by_reply(call: &Call<'_>, part: &Part, who: &RemoteRef, answer: &Conversation) -> Receipt {
    let claimed = call.so_far.claimed("part");
    let mine = Wanted::of(part, who);
    let mut new: Vec<&ConversationPart> =
        answer.parts().iter().filter(|p| is_message(p) && mine.by_same_author(p)).collect();
    // The newest is nearly always the one, so that the claims of a long thread are looked through once.
    new.sort_by_key(|p| std::cmp::Reverse(number(p)));
    let free = |p: &&&ConversationPart| !claimed.contains(&p.id.as_str());
    let exact = new.iter().find(|p| mine.differs(p).is_empty() && free(p));
    match exact.or_else(|| new.iter().find(free)) {
        None => Receipt::nothing(),
        Some(made) => {
            let receipt = Receipt::nothing().output("part", made.id.as_str());
            let differs = mine.differs(made);
            let index = call.step.part.unwrap_or_default();
            let named: Vec<String> = differs.iter().map(|what| format!("parts[{index}].{what}")).collect();
            if named.is_empty() { receipt } else { receipt.output("differs", named.join(",")) }
        }
    }
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
    fn of(part: &Part, author: &RemoteRef) -> Self {
        let mut files: Vec<_> = part.files.iter().map(|f| (f.name.as_str().to_owned(), f.len)).collect();
        files.sort();
        Wanted {
            author: author.clone(),
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

pub(super) fn target(call: &Call<'_>) -> Result<ConversationId> {
    call.target().map(|remote| ConversationId::from(remote.id.as_str()))
}

fn contact<'a>(call: &Call<'a>) -> Result<&'a RemoteRef> {
    call.field_link("contact")?.ok_or_else(|| Error::bug("a shaped conversation has a contact"))
}

fn author<'a>(call: &Call<'a>, part: &'a Part) -> Result<&'a RemoteRef> {
    let link = part.author.link.as_ref().ok_or_else(|| Error::bug("a shaped part has an author"))?;
    call.link(link)
}

fn author_in<'a>(refs: &'a Refs, part: &'a Part) -> Option<&'a RemoteRef> {
    refs.resolve(part.author.link.as_ref()?)
}

fn html_body(part: &Part) -> String {
    match part.body.format {
        Format::Html => part.body.text.as_str().to_owned(),
        Format::Plain => html_of_plain(&part.body.text),
    }
}

fn attached_tag(call: &Call<'_>) -> Result<TagId> {
    let index = call.step.args.get("index").and_then(|i| i.parse::<usize>().ok());
    let tag = index.and_then(|i| call.draft.field("tags").items().get(i)).and_then(Value::as_link);
    let link = tag.ok_or_else(|| Error::bug("a tag step names no tag of its draft"))?;
    call.link(link).map(|remote| TagId::from(remote.id.as_str()))
}

/// The draft doesn't have the tag any more, so the step names it.
fn detached_tag(call: &Call<'_>) -> Result<TagId> {
    let text = call.step.args.get("tag").map(String::as_str).unwrap_or_default();
    let mut words = text.splitn(3, '\n');
    match (words.next(), words.next(), words.next()) {
        (Some("remote"), Some(_), Some(id)) => Ok(TagId::from(id)),
        (Some("source"), Some(kind), Some(id)) => {
            let source = mapping_core::SourceRef::new(kind.to_owned(), id);
            let link = Link::Source(source);
            let found = call.refs.resolve(&link).map(|remote| TagId::from(remote.id.as_str()));
            found.ok_or_else(|| Error::not_sent(ErrorKind::Unresolved, "the tag to take off is not known"))
        }
        _ => Err(Error::bug("an untag step names no tag")),
    }
}

/// All fields the first time, the changed ones later.
fn update(call: &Call<'_>) -> Result<ConversationUpdate> {
    let only: Option<Vec<String>> = match call.step.args.get("fields") {
        Some(names) => {
            Some(serde_json::from_str(names).map_err(|_| Error::bug("a step's field names are broken"))?)
        }
        None => None,
    };
    let wanted = |field: &str| only.as_ref().is_none_or(|names| names.iter().any(|n| n == field));
    let draft: &Draft = call.draft;
    let mut fields = ConversationUpdate::new();
    if wanted("title") && draft.fields.contains_key("title") {
        fields = fields.title(draft.text("title"));
    }
    if let (true, Value::Bool(read)) = (wanted("read"), draft.field("read")) {
        fields = fields.read(*read);
    }
    for (name, value) in attributes(draft) {
        if wanted(&format!("{}{name}", super::fields::PREFIX)) {
            fields = fields.attribute(name, wire(value));
        }
    }
    Ok(fields)
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
