//! What Zoho Desk can hold of a draft.

use crate::html::{clean, length, split};
use crate::{Settings, break_mentions, content, header};
use mapping_core::{
    Author, Blob, Body, Catalog, Draft, Error, ErrorKind, Format, Link, Loss, LossRule, Part, Result, Role,
    Shaped, Value, Visibility,
};
use std::collections::BTreeSet;

const LONGEST_SUBJECT: usize = 255;
const LONGEST_VALUE: usize = 255;
const LONGEST_LABEL: usize = 200;
const LONGEST_FILE_NAME: usize = 100;
/// Characters that the API's classes for labels and custom field values refuse.
const REFUSED: &str = "&#+*%\"<>()=;[]{}|";

/// A draft on its way into a shape, and what it loses.
struct Work<'a> {
    settings: &'a Settings,
    catalog: &'a Catalog,
    shaped: Shaped,
}

pub(crate) fn shape(settings: &Settings, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
    let shaped = Shaped { draft: draft.clone(), losses: Vec::new(), relies_on: BTreeSet::new() };
    let mut work = Work { settings, catalog, shaped };
    work.shaped.draft.fields.retain(|_, value| *value != Value::Null);
    match draft.kind.as_str() {
        "ticket" => {
            work.subject();
            work.assignee();
            work.picklists();
            work.custom_fields();
            work.parts();
        }
        "field" => work.field()?,
        other => {
            return Err(Error::not_sent(
                ErrorKind::Unsupported,
                "this version holds no objects of this kind",
            )
            .with("kind", other));
        }
    }
    Ok(work.shaped)
}

impl Work<'_> {
    fn lose(&mut self, field: impl Into<String>, rule: LossRule, why: &str) -> &mut Loss {
        let record = self.shaped.draft.source.clone();
        self.shaped.losses.push(Loss::new(record, field, rule, why));
        let last = self.shaped.losses.len() - 1;
        &mut self.shaped.losses[last]
    }
    /// Replaces a value and lists it with before and after.
    fn replace(&mut self, field: &str, rule: LossRule, why: &str, before: String, after: String) {
        self.shaped.draft.fields.insert(field.to_owned(), Value::text(after.as_str()));
        let loss = self.lose(field, rule, why);
        loss.before = Some(before.into());
        loss.after = Some(after.into());
    }

    fn subject(&mut self) {
        let subject = self.shaped.draft.text("subject").to_owned();
        let safe = break_mentions(&subject).into_owned();
        if subject.trim().is_empty() {
            let id = self.shaped.draft.source.id.clone();
            let stand_in = format!("Ticket {id}");
            self.replace("subject", LossRule::Defaulted, "a ticket must have a subject", subject, stand_in);
        } else if safe.chars().count() > LONGEST_SUBJECT {
            let cut = safe.chars().take(LONGEST_SUBJECT).collect::<String>().trim_end().to_owned();
            self.replace("subject", LossRule::Cut, "subjects have at most 255 characters", subject, cut);
        } else if safe != subject {
            self.replace("subject", LossRule::Recast, "live mention broken up", subject, safe);
        }
    }

    /// An agent who has not confirmed the invitation can't be given tickets; a later pass assigns.
    fn assignee(&mut self) {
        let Some(Value::Link(Link::Remote(agent))) = self.shaped.draft.fields.get("assignee").cloned() else {
            return;
        };
        match self.catalog.person(&agent) {
            Some(person) if person.active => {
                self.shaped.relies_on.insert(person.key());
            }
            _ => {
                self.shaped.draft.fields.remove("assignee");
                self.lose(
                    "assignee",
                    LossRule::Dropped,
                    "the agent is not confirmed yet; a later pass assigns the ticket",
                );
            }
        }
    }

    /// Values that the layout's picklist doesn't have are refused by the platform with the whole ticket.
    fn picklists(&mut self) {
        for name in ["priority", "channel", "category", "classification", "status"] {
            let value = self.shaped.draft.text(name).to_owned();
            let known = self.catalog.fields.iter().find(|f| f.kind == "ticket_field" && f.name == name);
            let Some(known) = known.filter(|f| !value.is_empty() && !f.options.contains(&value)) else {
                continue;
            };
            let key = known.key();
            self.shaped.relies_on.insert(key);
            self.shaped.draft.fields.remove(name);
            self.lose(name, LossRule::Dropped, "the layout's picklist doesn't have this value").before =
                Some(value.into());
        }
    }

    fn custom_fields(&mut self) {
        let texts: Vec<(String, String)> = self
            .shaped
            .draft
            .fields
            .iter()
            .filter(|(name, _)| name.starts_with(content::CUSTOM))
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        for (name, before) in texts {
            let allowed: String =
                before.chars().map(|c| if REFUSED.contains(c) || c.is_control() { ' ' } else { c }).collect();
            let words: Vec<&str> = allowed.split_whitespace().collect();
            let after: String = words.join(" ").chars().take(LONGEST_VALUE).collect();
            if before.chars().count() > LONGEST_VALUE {
                let why = "custom field values have at most 255 characters";
                self.replace(&name, LossRule::Cut, why, before, after.trim_end().to_owned());
            } else if after != before {
                let why = "custom field values can't hold some of these characters";
                self.replace(&name, LossRule::Recast, why, before, after);
            }
        }
    }

    fn parts(&mut self) {
        let mut parts = Vec::with_capacity(self.shaped.draft.parts.len());
        let mut linked = false;
        for mut part in std::mem::take(&mut self.shaped.draft.parts) {
            linked |= part.author.link.is_some();
            let name = header::name(&part.author);
            part.author = Author { link: None, name: Some(name.into()) };
            self.files(&mut part);
            self.split(part, &mut parts);
        }
        if parts.is_empty() {
            self.lose("parts", LossRule::Added, "a ticket opens with a text; a stub stands for it");
            let id = crate::html::escape(&self.shaped.draft.source.id);
            let text = clean(&format!("<p>Imported ticket {id}</p>"));
            let author = Author { link: None, name: Some(header::name(&Author::default()).into()) };
            let mut stub = Part::new("stub", Role::System, author, None, Body::html(text));
            stub.visibility = Visibility::Internal;
            parts.push(stub);
        }
        if linked {
            let why = "author and time of a comment can't be set; they are in its first line";
            self.lose("parts.author", LossRule::Recast, why);
        }
        self.shaped.draft.parts = parts;
    }

    /// Cleans, breaks mentions, and splits what is too long for one comment.
    fn split(&mut self, part: Part, parts: &mut Vec<Part>) {
        let html = match part.body.format {
            Format::Html => clean(&part.body.text),
            // Cleaned as well: a shaped text must stay as it is when it is shaped again.
            Format::Plain => clean(&mapping_core::text::html_of_plain(&part.body.text)),
        };
        let html = break_mentions(&html).into_owned();
        // The longest header: four hundred characters, each of which may need an entity.
        let room = self.settings.comment_units.saturating_sub(2_400);
        let pieces = if length(&html) > room { split(&html, room) } else { vec![html] };
        if pieces.len() > 1 {
            let field = format!("parts[{}].body", part.key);
            self.lose(field, LossRule::Merged, "too long for one comment; it became several");
        }
        let (key, mut rest) = (part.key.clone(), part);
        for (n, piece) in pieces.into_iter().enumerate() {
            let mut one = rest.clone();
            one.body = Body::html(piece);
            if n > 0 {
                one.key = format!("{key}{}{}", header::SPLIT, n + 1);
                one.files.clear();
            }
            rest.files.clear();
            parts.push(one);
        }
    }

    fn files(&mut self, part: &mut Part) {
        let field = format!("parts[{}].files", part.key);
        let limit = self.settings.file_bytes;
        let mut kept = Vec::with_capacity(part.files.len());
        for mut file in std::mem::take(&mut part.files) {
            if file.len > limit {
                let loss = self.lose(&*field, LossRule::Dropped, "larger than the platform takes");
                loss.before = Some(file.name);
                continue;
            }
            let short = short_name(&file);
            if *short != *file.name {
                let loss = self.lose(&*field, LossRule::Cut, "file names have at most 100 characters");
                loss.before = Some(std::mem::replace(&mut file.name, short.as_str().into()));
            }
            kept.push(file);
        }
        part.files = kept;
    }

    fn field(&mut self) -> Result<()> {
        let label = self.shaped.draft.text("label");
        let refused = label.chars().any(|c| REFUSED.contains(c) || c.is_control());
        if label.trim().is_empty() || label.chars().count() > LONGEST_LABEL || refused {
            return Err(Error::not_sent(
                ErrorKind::Invalid,
                "a label has 1 to 200 characters and none of &#+*%\"<>()=;[]{}|",
            )
            .with("field", &self.shaped.draft.source));
        }
        Ok(())
    }
}

/// A name of at most a hundred characters that keeps its extension and holds no path.
fn short_name(file: &Blob) -> String {
    let name = file.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = if name.trim().is_empty() { "file".to_owned() } else { name };
    let count = name.chars().count();
    if count <= LONGEST_FILE_NAME {
        return name;
    }
    let extension: String = match name.rsplit_once('.') {
        Some((_, e)) if !e.is_empty() && e.chars().count() <= 10 => format!(".{e}"),
        _ => String::new(),
    };
    let keep = LONGEST_FILE_NAME - extension.chars().count();
    name.chars().take(keep).collect::<String>() + &extension
}
