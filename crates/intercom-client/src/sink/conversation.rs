//! The calls of a conversation but its replies: writes and settling.

use super::IntercomSink;
use super::fields::{attributes, wire};
use super::steps;
use crate::api::{ConversationUpdate, NewConversation, PartAction, Query};
use crate::{AdminId, ContactId, ConversationId, TagId, TeamId};
use futures_util::TryStreamExt as _;
use mapping_core::{
    Call, Candidate, Draft, Error, ErrorKind, Format, Link, Made, Prepared, Progress, Receipt, RemoteRef,
    Result, Value,
};

/// The note of a prepared conversation that names the contact which its own was merged into.
const MERGED: &str = "merged";

/// Conversations looked at when one is settled; more of one contact in two seconds are for a person.
const MOST_CANDIDATES: usize = 150;

impl IntercomSink {
    pub(super) async fn prepare_conversation(&self, call: &Call<'_>) -> Result<Prepared> {
        // So that the one call of `perform` is the only one.
        self.acting().await?;
        let mut prepared = Prepared::default();
        let refused = call.so_far.entries.iter().any(|e| e.step.op == steps::CREATE && e.refusals > 0);
        if call.step.op == steps::CREATE && refused {
            // Not usable yet, or merged into another one since.
            let id = ContactId::from(contact(call)?.id.as_str());
            if let Some(into) = self.find_contact(&id).await?.map(|c| c.id).filter(|into| *into != id) {
                prepared.notes.insert(MERGED.into(), into.to_string());
            }
        }
        Ok(prepared)
    }

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
        let contact = starter(call)?;
        let mut new = NewConversation::new(contact.id.as_str(), part.body.text.as_str());
        if let Some(at) = part.at {
            new = new.created_at(at);
        }
        let message = self.client.conversations().create(&new).await?;
        Ok(Receipt::new(Made::Created(RemoteRef::new("conversation", message.conversation_id.as_str()))))
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
        let contact = starter(call)?;
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
}

pub(super) fn target(call: &Call<'_>) -> Result<ConversationId> {
    call.target().map(|remote| ConversationId::from(remote.id.as_str()))
}

fn contact<'a>(call: &Call<'a>) -> Result<&'a RemoteRef> {
    call.field_link("contact")?.ok_or_else(|| Error::bug("a shaped conversation has a contact"))
}

/// The contact that a conversation was begun with in the place of its own, which had been merged into it.
pub(super) fn merged_contact(so_far: &Progress) -> Option<RemoteRef> {
    let entry = so_far.entries.iter().find(|e| e.step.op == steps::CREATE)?;
    entry.prepared.notes.get(MERGED).map(|id| RemoteRef::new("contact", id.as_str()))
}

/// Who begins the conversation.
fn starter(call: &Call<'_>) -> Result<RemoteRef> {
    match call.prepared.notes.get(MERGED) {
        Some(id) => Ok(RemoteRef::new("contact", id.as_str())),
        None => contact(call).cloned(),
    }
}

pub(super) fn attached_tag(call: &Call<'_>) -> Result<TagId> {
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
