//! From decoded values to records of the model.

use super::fields::{Bad, Fields, Noticed, Rules};
use crate::profile::{AuthorKind, Operation};
use crate::soap::{BlobId, Value};
use mapping_core::model::{
    Agent, AgentState, CallLeg, Category, CategoryId, CategoryScope, ChatLine, Company, Contact, ContactId,
    ContactNote, CustomFields, Direction, Group, Message, MessageAuthor, MessageId, Priority, Queue,
    QueueMember, Record, Ticket, TicketId, Ticketbox,
};
use mapping_core::{Body, Format, Private};

/// A file that a message or a chat line lists.
pub(crate) struct FileInfo {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) mime: String,
    pub(crate) size: Option<u64>,
    pub(crate) content_id: Option<Private>,
    pub(crate) inline: bool,
    /// The bytes that came with it.
    pub(crate) data: Option<Inlined>,
}

pub(crate) enum Inlined {
    Blob { id: BlobId, size: u64, flaw: Option<&'static str> },
    Bytes(Vec<u8>),
}

/// A ticket with what came inside it and with what it says of its parts.
pub(crate) struct TicketRead {
    pub(crate) ticket: Ticket,
    pub(crate) calls: Option<u64>,
    pub(crate) chat_lines: Option<u64>,
    pub(crate) files: Option<u64>,
    /// The ticket as it was listed, for a person.
    pub(crate) raw: serde_json::Value,
    pub(crate) messages_inside: Vec<Value>,
    pub(crate) calls_inside: Vec<Value>,
    pub(crate) chat_inside: Vec<Value>,
}

/// Reads values of one logical operation.
pub(crate) struct Maker<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) operation: &'a Operation,
    pub(crate) noticed: &'a mut Noticed,
}

impl Maker<'_> {
    pub(super) fn fields(&mut self, value: Value) -> Fields<'_> {
        Fields::new(self.rules, self.operation, value, self.noticed)
    }

    pub(crate) fn agent(&mut self, value: Value) -> Result<Record, Bad> {
        let states = &self.rules.profile.values.agent_state;
        let mut f = self.fields(value);
        let agent = Agent {
            id: f.need_id("id")?.into(),
            login: f.any_text("login").into(),
            name: f.any_text("name").into(),
            email: f.text("email"),
            state: f.word("state", states)?.unwrap_or(AgentState::Active),
            groups: f.list("groups").into_iter().map(Into::into).collect(),
            extension: f.id("extension"),
            extra: f.rest(),
        };
        Ok(agent.into())
    }

    pub(crate) fn group(&mut self, value: Value) -> Result<Record, Bad> {
        let mut f = self.fields(value);
        let group = Group {
            id: f.need_id("id")?.into(),
            name: f.any_text("name"),
            members: f.list("members").into_iter().map(Into::into).collect(),
            permissions: f.list("permissions"),
            extra: f.rest(),
        };
        Ok(group.into())
    }

    pub(crate) fn ticketbox(&mut self, value: Value) -> Result<Record, Bad> {
        let mut f = self.fields(value);
        let ticketbox = Ticketbox {
            id: f.need_id("id")?.into(),
            name: f.any_text("name"),
            parent: f.id("parent").map(Into::into),
            accounts: f.list("accounts"),
            sla_policy: f.id("sla_policy").map(Into::into),
            working_hours: f.id("working_hours").map(Into::into),
            extra: f.rest(),
        };
        Ok(ticketbox.into())
    }

    pub(crate) fn queue(&mut self, value: Value) -> Result<Record, Bad> {
        let mut f = self.fields(value);
        let id = f.need_id("id")?;
        let members = f.group("members", |m| {
            let agent = m.need_id("member_agent")?;
            Ok(QueueMember { agent: agent.into(), max_tickets: small(m.count("member_max")) })
        });
        let queue = Queue {
            id: id.into(),
            name: f.any_text("name"),
            ticketboxes: f.list("ticketboxes").into_iter().map(Into::into).collect(),
            members: members.into_iter().collect::<Result<_, Bad>>()?,
            max_tickets: small(f.count("max_tickets")),
            rules: f.list("rules"),
            extra: f.rest(),
        };
        Ok(queue.into())
    }

    pub(crate) fn company(&mut self, value: Value) -> Result<Record, Bad> {
        let mut f = self.fields(value);
        let company = Company {
            id: f.need_id("id")?.into(),
            name: f.any_text("name").into(),
            domains: f.list("domains"),
            custom: CustomFields::new(),
            extra: f.rest(),
        };
        Ok(company.into())
    }

    pub(crate) fn contact(&mut self, value: Value) -> Result<Record, Bad> {
        let mut f = self.fields(value);
        let mut contact = Contact::new(f.need_id("id")?.into());
        contact.name = f.text("name");
        contact.emails = f.list("emails").into_iter().map(Private::from).collect();
        contact.phones = f.list("phones").into_iter().map(Private::from).collect();
        contact.company = f.id("company").map(Into::into);
        contact.address = f.text("address");
        contact.opted_out = f.flag("opted_out")?.unwrap_or(false);
        contact.blocked = f.flag("blocked")?.unwrap_or(false);
        contact.bounced = f.flag("bounced")?.unwrap_or(false);
        contact.created_at = f.time("created_at");
        contact.modified_at = f.time("modified_at");
        contact.custom = custom(&mut f);
        contact.notes = f.group("notes", |n| ContactNote {
            at: n.time("note_at"),
            author: n.text("note_author"),
            text: n.any_text("note_text").into(),
        });
        contact.extra = f.rest();
        Ok(contact.into())
    }

    /// A category with values gives a record for each value, one without a record for itself.
    pub(crate) fn category(&mut self, value: Value) -> Result<Vec<Record>, Bad> {
        let mut f = self.fields(value);
        let id = f.need_id("id")?;
        let name = f.any_text("name");
        let values = f.list("values");
        let base = Category {
            id: id.as_str().into(),
            name: name.clone(),
            set: None,
            parent: f.id("parent").map(Into::into),
            multi: f.flag("multi")?.unwrap_or(false),
            mandatory: f.flag("mandatory")?.unwrap_or(false),
            scope: f
                .id("ticketbox")
                .map_or(CategoryScope::Everywhere, |b| CategoryScope::Ticketbox(b.into())),
            active: f.flag("active")?.unwrap_or(true),
            extra: f.rest(),
        };
        if values.is_empty() {
            return Ok(vec![base.into()]);
        }
        let one = |value: String| {
            let id = category_id(&id, Some(&value));
            Category { id, name: value, set: Some(name.clone()), ..base.clone() }.into()
        };
        Ok(values.into_iter().map(one).collect())
    }

    pub(crate) fn ticket(&mut self, value: Value) -> Result<TicketRead, Bad> {
        let rules = self.rules;
        let tables = &rules.profile.values;
        let raw = value.to_json();
        let mut f = self.fields(value);
        let mut ticket = Ticket::new(f.need_id("id")?.into());
        ticket.number = f.id("number");
        ticket.subject = f.text("subject");
        ticket.status = f.need_word("status", &tables.status)?;
        ticket.priority = f.word::<Priority>("priority", &tables.priority)?;
        ticket.channel = f.need_word("channel", &tables.channel)?;
        ticket.ticketbox = f.id("ticketbox").map(Into::into);
        ticket.queue = f.id("queue").map(Into::into);
        ticket.agent = f.id("agent").map(Into::into);
        ticket.contact = f.id("contact").map(Into::into);
        ticket.created_at = f.time("created_at");
        ticket.modified_at = f.time("modified_at");
        ticket.assigned_at = f.time("assigned_at");
        ticket.first_response_at = f.time("first_response_at");
        ticket.resolved_at = f.time("resolved_at");
        ticket.closed_at = f.time("closed_at");
        ticket.wakes_at = f.time("wakes_at");
        ticket.merged_into = f.id("merged_into").map(Into::into);
        ticket.deleted = f.flag("deleted")?.unwrap_or(false);
        ticket.spam = f.flag("spam")?.unwrap_or(false);
        ticket.message_count = f.count("message_count");
        let (calls, chat_lines, files) =
            (f.count("call_count"), f.count("chat_count"), f.count("attachment_count"));
        ticket.categories = categories(&mut f);
        ticket.custom = custom(&mut f);
        let (messages_inside, calls_inside, chat_inside) =
            (f.raw_group("messages"), f.raw_group("calls"), f.raw_group("chat"));
        ticket.extra = f.rest();
        Ok(TicketRead { ticket, calls, chat_lines, files, raw, messages_inside, calls_inside, chat_inside })
    }

    pub(crate) fn message(
        &mut self,
        ticket: &TicketId,
        value: Value,
    ) -> Result<(Message, Vec<FileInfo>), Bad> {
        let rules = self.rules;
        let tables = &rules.profile.values;
        let mut f = self.fields(value);
        let id: MessageId = f.need_id("id")?.into();
        let direction = f.need_word("direction", &tables.direction)?;
        let (author, _) = author(&mut f, rules)?;
        let format = f.word("format", &tables.format)?.unwrap_or(Format::Plain);
        let body = Body { format, text: f.any_text("body").into() };
        let mut message = Message::new(id, ticket.clone(), body);
        message.direction = direction;
        message.author = author;
        message.to = f.list("to").into_iter().map(Private::from).collect();
        message.cc = f.list("cc").into_iter().map(Private::from).collect();
        message.subject = f.text("subject");
        message.sent_at = f.time_by("sent_at", "date_header");
        message.received_at = f.time("received_at");
        message.message_id = f.text("message_id");
        message.in_reply_to = f.text("in_reply_to");
        let files = files(&mut f)?;
        message.extra = f.rest();
        Ok((message, files))
    }

    pub(crate) fn call(&mut self, ticket: &TicketId, value: Value) -> Result<CallLeg, Bad> {
        let directions = &self.rules.profile.values.direction;
        let mut f = self.fields(value);
        Ok(CallLeg {
            id: f.need_id("id")?.into(),
            ticket: ticket.clone(),
            direction: f.word("direction", directions)?.unwrap_or(Direction::In),
            agent: f.id("agent").map(Into::into),
            queue: f.id("queue").map(Into::into),
            from: f.text("from"),
            to: f.text("to"),
            started_at: f.time("started_at"),
            answered_at: f.time("answered_at"),
            ended_at: f.time("ended_at"),
            duration_seconds: f.count("duration"),
            disposition: f.id("disposition"),
            recording: f.text("recording"),
            note: f.text("note"),
            extra: f.rest(),
        })
    }

    /// `place` counts from 1 and names a line that has no id of its own.
    pub(crate) fn chat_line(
        &mut self,
        ticket: &TicketId,
        place: usize,
        value: Value,
    ) -> Result<(ChatLine, Vec<FileInfo>), Bad> {
        let rules = self.rules;
        let mut f = self.fields(value);
        let own = f.id("id").unwrap_or_else(|| place.to_string());
        let (author, direction) = author(&mut f, rules)?;
        let files = files(&mut f)?;
        let line = ChatLine {
            id: format!("{ticket}/{own}").into(),
            ticket: ticket.clone(),
            direction: direction.unwrap_or(Direction::In),
            author,
            at: f.time("at"),
            text: f.any_text("text").into(),
            extra: f.rest(),
        };
        Ok((line, files))
    }
}

/// The id of a category value: that of the category, and the value.
fn category_id(category: &str, value: Option<&str>) -> CategoryId {
    match value {
        Some(value) => format!("{category}/{value}").into(),
        None => category.into(),
    }
}

pub(super) fn small(count: Option<u64>) -> Option<u32> {
    count.map(|c| u32::try_from(c).unwrap_or(u32::MAX))
}

pub(super) fn custom(f: &mut Fields<'_>) -> CustomFields {
    let pairs = f.group("custom", |c| (c.any_text("custom_name"), c.any_text("custom_value")));
    let mut all = CustomFields::new();
    for (name, value) in pairs {
        // One name twice: both values, as the source gave them.
        let value = match all.get(&name) {
            Some(first) => format!("{}\n{value}", first.as_str()),
            None => value,
        };
        all.insert(name, value.into());
    }
    all
}

/// The values of a ticket's categories. One that the list of categories lacks stays: what becomes of it is not for the
/// source to decide.
fn categories(f: &mut Fields<'_>) -> Vec<CategoryId> {
    let read = f.group("categories", |c| match c.id("category_id").or_else(|| c.own_text()) {
        None => Vec::new(),
        Some(id) => {
            let values = c.list("category_values");
            let all: Vec<CategoryId> = values.iter().map(|v| category_id(&id, Some(v))).collect();
            if all.is_empty() { vec![category_id(&id, None)] } else { all }
        }
    });
    read.into_iter().flatten().collect()
}

/// The author, and the direction that its kind implies.
fn author(f: &mut Fields<'_>, rules: &Rules) -> Result<(MessageAuthor, Option<Direction>), Bad> {
    let kind = f.word("author_kind", &rules.profile.values.author)?;
    let id = f.id("author_id");
    let mut author = MessageAuthor {
        agent: None,
        contact: None,
        name: f.text("author_name"),
        email: f.text("author_email"),
    };
    let direction = match kind {
        Some(AuthorKind::Agent) => {
            author.agent = id.map(Into::into);
            Some(Direction::Out)
        }
        Some(AuthorKind::Contact) => {
            author.contact = id.map(ContactId::from);
            Some(Direction::In)
        }
        Some(AuthorKind::System) => Some(Direction::System),
        None => None,
    };
    Ok((author, direction))
}

pub(super) fn files(f: &mut Fields<'_>) -> Result<Vec<FileInfo>, Bad> {
    let all = f.group("files", |f| {
        let id = f.id("file_id");
        let data = match f.blob("file_data") {
            Some(Value::Blob { id, size, flaw }) => Some(Inlined::Blob { id, size, flaw }),
            Some(Value::Bytes(bytes)) => Some(Inlined::Bytes(bytes)),
            _ => None,
        };
        Ok(FileInfo {
            id,
            name: f.any_text("file_name"),
            mime: f.any_text("file_mime"),
            size: f.count("file_size"),
            content_id: f.text("file_content_id"),
            inline: f.flag("file_inline")?.unwrap_or(false),
            data,
        })
    });
    all.into_iter().collect()
}
