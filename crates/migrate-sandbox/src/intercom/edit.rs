//! Changes behind a tool's back, to see whether it notices.

mod shelf;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::store::{Attributes, Author, Contact, Conversation, File, Part, Schedule, State, Tag, TagApplied};
use super::{Intercom, markup};

/// A change that leaves no trace in the journal.
///
/// `message` counts what was said in a conversation: 0 is the opening message, 1 the first part with a body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// Replaces the text of a message.
    Body {
        /// Id of the conversation.
        conversation: String,
        /// Which message.
        message: usize,
        /// The new text.
        text: String,
    },
    /// Makes a teammate the author of a part.
    Author {
        /// Id of the conversation.
        conversation: String,
        /// Which message; not the opening one.
        message: usize,
        /// Id of the teammate.
        admin: u64,
    },
    /// Turns a note into a comment and the other way round.
    Visibility {
        /// Id of the conversation.
        conversation: String,
        /// Which message; not the opening one.
        message: usize,
    },
    /// Changes the time of a message.
    Time {
        /// Id of the conversation.
        conversation: String,
        /// Which message.
        message: usize,
        /// Unix seconds.
        created_at: i64,
    },
    /// Exchanges two messages, times included.
    Swap {
        /// Id of the conversation.
        conversation: String,
        /// Which message; not the opening one.
        message: usize,
        /// The other.
        with: usize,
    },
    /// Removes a part.
    Remove {
        /// Id of the conversation.
        conversation: String,
        /// Which message; not the opening one.
        message: usize,
    },
    /// Writes a part twice.
    Repeat {
        /// Id of the conversation.
        conversation: String,
        /// Which message; not the opening one.
        message: usize,
    },
    /// Removes the first file of a message.
    RemoveFile {
        /// Id of the conversation.
        conversation: String,
        /// Which message.
        message: usize,
    },
    /// Replaces the bytes of the first file of a message.
    File {
        /// Id of the conversation.
        conversation: String,
        /// Which message.
        message: usize,
        /// The new content.
        text: String,
    },
    /// Opens or closes a conversation.
    State {
        /// Id of the conversation.
        conversation: String,
        /// Open or closed.
        open: bool,
    },
    /// Replaces the title.
    Title {
        /// Id of the conversation.
        conversation: String,
        /// The new title.
        text: String,
    },
    /// Marks a conversation as read or not.
    Read {
        /// Id of the conversation.
        conversation: String,
        /// Read or not.
        read: bool,
    },
    /// Sets an attribute; null removes it.
    Attribute {
        /// Id of the conversation.
        conversation: String,
        /// Name of the attribute.
        name: String,
        /// The new value.
        value: Value,
    },
    /// Takes a tag off a conversation.
    Untag {
        /// Id of the conversation.
        conversation: String,
        /// Name of the tag.
        name: String,
    },
    /// Puts a tag on a conversation.
    Tag {
        /// Id of the conversation.
        conversation: String,
        /// Name of the tag, which is made if need be.
        name: String,
    },
    /// Removes a conversation.
    Delete {
        /// Id of the conversation.
        conversation: String,
    },
    /// Writes a conversation twice.
    Double {
        /// Id of the conversation.
        conversation: String,
    },
    /// Removes a teammate.
    TeammateGone {
        /// Id of the teammate.
        admin: u64,
    },
    /// Removes a team.
    TeamGone {
        /// Id of the team.
        team: u64,
    },
    /// Assigns a conversation; 0 is nobody.
    Assign {
        /// Id of the conversation.
        conversation: String,
        /// Id of the teammate; stays when absent.
        admin: Option<u64>,
        /// Id of the team; stays when absent.
        team: Option<u64>,
    },
    /// Sets a field of a contact: `name`, `email`, `phone`, `external_id`, `owner_id`, `unsubscribed`, or a custom
    /// attribute by its name. Null removes it.
    Contact {
        /// Id of the contact.
        contact: String,
        /// Which field.
        field: String,
        /// The new value.
        value: Value,
    },
    /// Removes a contact.
    DeleteContact {
        /// Id of the contact.
        contact: String,
    },
    /// Sets a field of a company: `name`, `website`, or a custom attribute by its name. Null removes it.
    Company {
        /// Key that the caller gave it.
        company_id: String,
        /// Which field.
        field: String,
        /// The new value.
        value: Value,
    },
    /// Writes a company twice.
    DoubleCompany {
        /// Key that the caller gave it.
        company_id: String,
    },
    /// Takes a contact out of a company.
    LeaveCompany {
        /// Key that the caller gave it.
        company_id: String,
        /// Id of the contact.
        contact: String,
    },
    /// Archives a company at once.
    DeleteCompany {
        /// Key that the caller gave it.
        company_id: String,
    },
    /// Replaces the text of a note.
    Note {
        /// Id of the note.
        note: String,
        /// The new text.
        text: String,
    },
    /// Removes a note.
    DeleteNote {
        /// Id of the note.
        note: String,
    },
    /// Writes a note twice.
    DoubleNote {
        /// Id of the note.
        note: String,
    },
    /// Changes a collection; null as the parent puts it at the top.
    Collection {
        /// Id of the collection.
        collection: String,
        /// `name`, `description` or `parent_id`.
        field: String,
        /// The new value.
        value: Value,
    },
    /// Writes a collection twice.
    DoubleCollection {
        /// Id of the collection.
        collection: String,
    },
    /// Removes a collection and nothing else.
    DeleteCollection {
        /// Id of the collection.
        collection: String,
    },
    /// Changes an article in its default language: `title`, `body`, `state`, `author_id`, `parent_id`, or
    /// `availability` for all assistants.
    Article {
        /// Id of the article, an internal one too.
        article: String,
        /// Which field.
        field: String,
        /// The new value.
        value: Value,
    },
    /// Replaces the title of an article in one language; null removes the language.
    Translation {
        /// Id of the article.
        article: String,
        /// Which language.
        locale: String,
        /// The new title.
        title: Option<String>,
    },
    /// Takes a tag off an article, an internal one too.
    UntagArticle {
        /// Id of the article.
        article: String,
        /// Name of the tag.
        name: String,
    },
    /// Writes an article twice.
    DoubleArticle {
        /// Id of the article, an internal one too.
        article: String,
    },
    /// Removes an article.
    DeleteArticle {
        /// Id of the article, an internal one too.
        article: String,
    },
    /// Replaces office hours; `seed` adds them.
    OfficeHours {
        /// Name of the schedule.
        name: String,
        /// What it is from now on; its name may differ, its id stays.
        becomes: Schedule,
    },
    /// Removes office hours.
    DeleteOfficeHours {
        /// Name of the schedule.
        name: String,
    },
    /// Replaces the text of a saved reply; `seed` adds one.
    Macro {
        /// Its name.
        name: String,
        /// The new text.
        text: String,
    },
    /// Removes a saved reply.
    DeleteMacro {
        /// Its name.
        name: String,
    },
    /// Changes a contact's name.
    ContactName {
        /// Id of the contact.
        contact: String,
        /// The new name.
        text: String,
    },
}

/// An edit that names something that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditError;

impl std::fmt::Display for EditError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the edit names something that is not there")
    }
}

impl std::error::Error for EditError {}

impl Intercom {
    /// Changes the workspace without a trace in the journal.
    ///
    /// # Errors
    /// The edit names something that is not there; nothing was changed.
    pub fn edit(&self, edit: &Edit) -> Result<(), EditError> {
        let now = self.clock.now().as_second();
        let mut inner = self.lock();
        let ws = &mut inner.ws;
        if let Some(done) = shelf::edit(ws, edit, now) {
            return done;
        }
        let at = |id: &str| id.parse::<u64>().map_err(|_| EditError);
        match edit {
            Edit::ContactName { contact, text } => {
                let index = ws.contacts.index(contact).ok_or(EditError)?;
                ws.contacts.change(index, |it| it.name = Some(text.clone()));
            }
            Edit::TeammateGone { admin } => {
                let place = ws.admins.iter().position(|it| it.id == *admin).ok_or(EditError)?;
                let gone = ws.admins.remove(place);
                ws.left.push((now, gone));
            }
            Edit::TeamGone { team } => {
                let place = ws.teams.iter().position(|it| it.id == *team).ok_or(EditError)?;
                ws.teams.remove(place);
            }
            Edit::Contact { contact, field, value } => {
                let index = ws.contacts.index(contact).ok_or(EditError)?;
                ws.contacts.change(index, |it| set_field(it, field, value));
            }
            Edit::DeleteContact { contact } => {
                let index = ws.contacts.index(contact).ok_or(EditError)?;
                ws.remove_contact(index).ok_or(EditError)?;
            }
            Edit::Delete { conversation } => {
                ws.remove_conversation(at(conversation)?).ok_or(EditError)?;
            }
            Edit::Double { conversation } => {
                let mut copy = ws.conversations.get(&at(conversation)?).ok_or(EditError)?.clone();
                copy.id = ws.next_conversation();
                for applied in &copy.tags {
                    ws.by_tag.entry(applied.tag).or_default().insert(copy.id);
                }
                ws.insert_conversation(copy);
            }
            Edit::Tag { conversation, name } => {
                let tag = ws.tag_named(name).unwrap_or_else(|| {
                    let id = ws.next_tag();
                    ws.tags.insert(id, Tag { name: name.clone(), in_segment: false });
                    id
                });
                let id = at(conversation)?;
                let it = ws.conversations.get_mut(&id).ok_or(EditError)?;
                it.tags.push(TagApplied { tag, at: now, by: 0 });
                ws.by_tag.entry(tag).or_default().insert(id);
            }
            Edit::Untag { conversation, name } => {
                let id = at(conversation)?;
                let tag = ws.tag_named(name).ok_or(EditError)?;
                let it = ws.conversations.get_mut(&id).ok_or(EditError)?;
                it.tags.retain(|applied| applied.tag != tag);
                if let Some(set) = ws.by_tag.get_mut(&tag) {
                    set.remove(&id);
                }
            }
            Edit::Repeat { conversation, message } => {
                let part_id = ws.next_part();
                let it = ws.conversations.get_mut(&at(conversation)?).ok_or(EditError)?;
                let place = place(it, *message)?;
                let copy = it.parts.get(place).ok_or(EditError)?.clone();
                it.parts.insert(place + 1, Part { id: part_id, ..copy });
            }
            other => {
                let it = ws.conversations.get_mut(&at(conversation_of(other))?).ok_or(EditError)?;
                change(it, other)?;
            }
        }
        Ok(())
    }
}

/// The conversation that an edit names; none of the others gets here.
fn conversation_of(edit: &Edit) -> &str {
    match edit {
        Edit::Body { conversation, .. }
        | Edit::Author { conversation, .. }
        | Edit::Visibility { conversation, .. }
        | Edit::Time { conversation, .. }
        | Edit::Swap { conversation, .. }
        | Edit::Remove { conversation, .. }
        | Edit::Repeat { conversation, .. }
        | Edit::RemoveFile { conversation, .. }
        | Edit::File { conversation, .. }
        | Edit::State { conversation, .. }
        | Edit::Title { conversation, .. }
        | Edit::Read { conversation, .. }
        | Edit::Attribute { conversation, .. }
        | Edit::Untag { conversation, .. }
        | Edit::Tag { conversation, .. }
        | Edit::Assign { conversation, .. }
        | Edit::Delete { conversation }
        | Edit::Double { conversation } => conversation,
        _ => "",
    }
}

/// Place among all parts of the `message`-th message.
fn place(it: &Conversation, message: usize) -> Result<usize, EditError> {
    let said = it.parts.iter().enumerate().filter(|(_, part)| part.body.is_some());
    let wanted = message.checked_sub(1).ok_or(EditError)?;
    said.map(|(place, _)| place).nth(wanted).ok_or(EditError)
}

fn part(it: &mut Conversation, message: usize) -> Result<&mut Part, EditError> {
    let place = place(it, message)?;
    it.parts.get_mut(place).ok_or(EditError)
}

fn files(it: &mut Conversation, message: usize) -> Result<&mut Box<[File]>, EditError> {
    if message == 0 { Ok(&mut it.files) } else { Ok(&mut part(it, message)?.files) }
}

fn set_attribute(attributes: &mut Attributes, name: &str, value: &Value) {
    attributes.retain(|(known, _)| **known != *name);
    if !value.is_null() {
        attributes.push((name.into(), value.clone()));
    }
}

fn set_field(it: &mut Contact, field: &str, value: &Value) {
    let text = || value.as_str().map(str::to_owned);
    match field {
        "name" => it.name = text(),
        "email" => it.email = text(),
        "phone" => it.phone = text(),
        "external_id" => it.external_id = text(),
        "owner_id" => it.owner_id = value.as_u64(),
        "unsubscribed" => it.unsubscribed = value.as_bool().unwrap_or_default(),
        name => set_attribute(&mut it.attributes, name, value),
    }
}

fn change(it: &mut Conversation, edit: &Edit) -> Result<(), EditError> {
    match edit {
        Edit::Body { message: 0, text, .. } => it.body = markup::escaped_paragraph(text).into(),
        Edit::Body { message, text, .. } => {
            part(it, *message)?.body = Some(markup::escaped_paragraph(text).into())
        }
        Edit::Author { message, admin, .. } => part(it, *message)?.author = Author::Admin(*admin),
        Edit::Visibility { message, .. } => {
            let part = part(it, *message)?;
            part.kind = if part.kind == "note" { "comment" } else { "note" };
        }
        Edit::Time { message: 0, created_at, .. } => it.created_at = *created_at,
        Edit::Time { message, created_at, .. } => part(it, *message)?.created_at = *created_at,
        Edit::Swap { message, with, .. } => {
            let (a, b) = (place(it, *message)?, place(it, *with)?);
            it.parts.swap(a, b);
            let times = (it.parts[a].created_at, it.parts[b].created_at);
            (it.parts[b].created_at, it.parts[a].created_at) = times;
        }
        Edit::Remove { message, .. } => {
            let place = place(it, *message)?;
            it.parts.remove(place);
        }
        Edit::RemoveFile { message, .. } => {
            let files = files(it, *message)?;
            if files.is_empty() {
                return Err(EditError);
            }
            *files = files.iter().skip(1).cloned().collect();
        }
        Edit::File { message, text, .. } => {
            let file = files(it, *message)?.first_mut().ok_or(EditError)?;
            file.size = text.len() as u64;
            file.sha256 = Some(Sha256::digest(text).into());
        }
        Edit::State { open, .. } => it.state = if *open { State::Open } else { State::Closed },
        Edit::Title { text, .. } => it.title = Some(text.as_str().into()),
        Edit::Read { read, .. } => it.read = *read,
        Edit::Attribute { name, value, .. } => set_attribute(&mut it.attributes, name, value),
        Edit::Assign { admin, team, .. } => {
            it.admin_assignee = admin.unwrap_or(it.admin_assignee);
            it.team_assignee = team.unwrap_or(it.team_assignee);
        }
        _ => return Err(EditError),
    }
    Ok(())
}
