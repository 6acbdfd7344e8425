//! A thread as Intercom can hold it: opened by a contact in plain text, parts in order, ten files each.

use super::fields::shape_attributes;
use super::losing::Losing;
use super::markup;
use super::options::{KeepHtmlNote, OtherCustomers, SinkOptions};
use crate::api::conversations::MOST_FILES;
use jiff::Timestamp;
use mapping_core::text::html_of_plain;
use mapping_core::{
    Author, Blob, Body, Catalog, Draft, Error, ErrorKind, Format, Link, LossRule, Part, Private, RemoteRef,
    Result, Role, Shaped, Value, Visibility,
};

pub(super) const KIND: &str = "conversation_attribute";
/// Marks parts that were split off; a refusal of one is a loss and doesn't stop the thread.
pub(super) const SPLIT: char = '#';

const NO_TEXT: &str = "[no text]";
const FILES_ABOVE: &str = "[Files of the message above]";
const MORE_FILES: &str = "[More files of the message above]";

pub(super) fn shape(draft: &Draft, catalog: &Catalog, options: &SinkOptions) -> Result<Shaped> {
    let Some(contact) = draft.field("contact").as_link().cloned() else {
        let message = "a conversation needs the contact it is with";
        return Err(Error::not_sent(ErrorKind::Invalid, message));
    };
    let mut losing = Losing::of(draft);
    let mut out = draft.clone();
    shape_title(&mut out, options, &mut losing);
    shape_state(&mut out, catalog, &mut losing)?;
    shape_assignment(&mut out, catalog, &mut losing);
    shape_tags(&mut out, catalog, &mut losing);
    shape_attributes(&mut out, KIND, catalog, options, &mut losing)?;
    let began = began(&mut out);
    drop_unknown(&mut out, &mut losing);

    let mut thread =
        Thread { contact, acting: acting(catalog, options)?, catalog, options, losing: &mut losing };
    let timed = thread.times(std::mem::take(&mut out.parts), began);
    let mut parts: Vec<Part> = timed.into_iter().map(|part| thread.part(part)).collect();
    thread.open(&mut parts, &draft.source.id, began);
    out.parts = parts.into_iter().enumerate().flat_map(|(i, part)| thread.split(i, part)).collect();
    Ok(losing.done(out))
}

fn shape_title(out: &mut Draft, options: &SinkOptions, losing: &mut Losing) {
    let Some(value) = out.fields.remove("title") else { return };
    let title = markup::one_line(value.as_str().unwrap_or_default());
    let title = losing.cut("title", title, options.title_chars, "longer than the title may be");
    if !title.is_empty() {
        out.fields.insert("title".into(), Value::text(title));
    }
}

/// A snooze that is over is no snooze.
fn shape_state(out: &mut Draft, catalog: &Catalog, losing: &mut Losing) -> Result<()> {
    let until = out.fields.remove("snoozed_until");
    let Some(state) = out.fields.get("state") else { return Ok(()) };
    match state.as_str().unwrap_or_default() {
        "open" | "closed" => {}
        "snoozed" => match until {
            Some(Value::Time(at)) if at > catalog.as_of => {
                let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
                out.fields.insert("snoozed_until".into(), Value::Time(at));
            }
            _ => {
                out.fields.insert("state".into(), Value::text("open"));
                let why = "no time to wake up, or one that has passed: it stays open";
                losing.lose("state", LossRule::Defaulted, why);
            }
        },
        _ => {
            let message = "the state of a conversation is open, closed or snoozed";
            return Err(Error::not_sent(ErrorKind::Invalid, message));
        }
    }
    Ok(())
}

fn shape_assignment(out: &mut Draft, catalog: &Catalog, losing: &mut Losing) {
    for field in ["assignee", "team"] {
        let Some(value) = out.fields.get(field) else { continue };
        let key = match value {
            Value::Link(Link::Remote(remote)) if field == "team" => {
                catalog.team(remote).map(mapping_core::Team::key)
            }
            Value::Link(Link::Remote(remote)) => catalog.person(remote).map(mapping_core::Person::key),
            Value::Null => {
                out.fields.remove(field);
                continue;
            }
            _ => None,
        };
        match key {
            Some(key) => losing.relies_on(key),
            None => {
                out.fields.remove(field);
                losing.lose(field, LossRule::Dropped, "not in the workspace any more; left unassigned");
            }
        }
    }
}

fn shape_tags(out: &mut Draft, catalog: &Catalog, losing: &mut Losing) {
    let Some(value) = out.fields.get("tags") else { return };
    let mut links: Vec<Value> = Vec::new();
    for item in value.items() {
        let Some(link) = item.as_link() else {
            losing.lose("tags", LossRule::Dropped, "a tag that is no link");
            continue;
        };
        if let Link::Remote(remote) = link {
            let tag = catalog.tags.iter().find(|t| t.remote == *remote);
            tag.into_iter().for_each(|t| losing.relies_on(t.key()));
        }
        if !links.contains(item) {
            links.push(item.clone());
        }
    }
    // The mark of the batch comes first: what a crash leaves behind must be findable.
    links.sort_by_key(|v| v.as_link() != Some(&Link::Batch));
    if links.is_empty() {
        out.fields.remove("tags");
    } else {
        out.fields.insert("tags".into(), Value::List(links));
    }
}

/// Whether a contact stands for those of whom the source has none.
fn stands_in(contact: &Link) -> bool {
    matches!(contact, Link::Source(source) if source.id == "stand-in")
}

/// When the ticket began, for a thread without a message that has a time: field `created_at`.
fn began(out: &mut Draft) -> Option<Timestamp> {
    match out.fields.remove("created_at") {
        Some(Value::Time(at)) => Some(at),
        _ => None,
    }
}

fn drop_unknown(out: &mut Draft, losing: &mut Losing) {
    let known = ["contact", "title", "state", "snoozed_until", "read", "assignee", "team", "tags"];
    let unknown: Vec<String> = out
        .fields
        .keys()
        .filter(|k| !known.contains(&k.as_str()) && !k.starts_with("attribute."))
        .cloned()
        .collect();
    for field in unknown {
        out.fields.remove(&field);
        losing.lose(&field, LossRule::Dropped, "a conversation has no such field");
    }
    out.fields.retain(|_, v| *v != Value::Null);
}

pub(super) fn acting(catalog: &Catalog, options: &SinkOptions) -> Result<RemoteRef> {
    let set = options.acting_admin.as_ref().map(|id| RemoteRef::new("admin", id.as_str()));
    set.or_else(|| catalog.acting.as_ref().map(|p| p.remote.clone())).ok_or_else(|| {
        let message = "the catalog doesn't say who the token belongs to; read it again or set `acting_admin`";
        Error::not_sent(ErrorKind::Config, message)
    })
}

/// What the parts of one thread have in common.
struct Thread<'a> {
    contact: Link,
    acting: RemoteRef,
    catalog: &'a Catalog,
    options: &'a SinkOptions,
    losing: &'a mut Losing,
}

impl Thread<'_> {
    /// Every part gets a time that Intercom takes, in whole seconds; then they are in order.
    fn times(&mut self, mut parts: Vec<Part>, began: Option<Timestamp>) -> Vec<Part> {
        let now = self.catalog.as_of;
        let usable = |at: Option<Timestamp>| at.filter(|t| t.as_second() > 0);
        let first = parts.iter().find_map(|p| usable(p.at)).or(usable(began)).unwrap_or(now).min(now);
        let mut last = first;
        for part in &mut parts {
            let at = match usable(part.at) {
                Some(at) if at <= now => at,
                Some(_) => {
                    self.clamped(part, "a time in the future");
                    now
                }
                None => {
                    self.clamped(part, "no time, or one before 1970: its neighbour's is taken");
                    last
                }
            };
            last = at;
            part.at = Timestamp::from_second(at.as_second()).ok();
        }
        parts.sort_by_key(|p| p.at);
        parts
    }

    fn clamped(&mut self, part: &Part, why: &str) {
        let before = part.at.map(|t| t.to_string()).unwrap_or_default();
        self.losing.values(&format!("parts[{}].at", part.key), LossRule::Clamped, why, &before, "");
    }

    /// Author, visibility, text and files of one part.
    fn part(&mut self, mut part: Part) -> Part {
        let head = self.author(&mut part);
        part.body = self.body(&part, head.as_deref());
        let remarks = self.files(&mut part);
        append(&mut part.body, &remarks);
        part
    }

    /// Finds an author that Intercom knows; returns the name for the head of the text when it isn't the real one.
    fn author(&mut self, part: &mut Part) -> Option<String> {
        let name = part.author.name.take().map(|n| cut_name(&n)).filter(|n| !n.is_empty());
        let opening_stub =
            part.role == Role::System && part.key == "stub" && part.visibility == Visibility::Public;
        if opening_stub || part.role == Role::Customer && part.visibility == Visibility::Public {
            return self.customer(part, name);
        }
        if part.role == Role::System && part.visibility == Visibility::Public {
            part.visibility = Visibility::Internal;
            self.lose(part, "author", LossRule::Recast, "a line by the system becomes an internal note");
        }
        let acting = Link::Remote(self.acting.clone());
        if name.is_none() && part.author.link.as_ref() == Some(&acting) {
            return None;
        }
        let teammate = match (&part.author.link, part.role) {
            (Some(Link::Remote(remote)), Role::Agent) => self.catalog.person(remote).filter(|p| p.active),
            _ => None,
        };
        if let Some(person) = teammate {
            self.losing.relies_on(person.key());
            // They may leave before this is written; then it heads the text.
            let name = name.unwrap_or_else(|| cut_name(&person.name));
            part.author.name = Some(Private::from(name)).filter(|n| !n.is_empty());
            return None;
        }
        if let Some(person) = self.catalog.person(&self.acting) {
            self.losing.relies_on(person.key());
        }
        let system = part.role == Role::System;
        part.author = Author { link: Some(acting), name: None };
        if !system {
            let why = "no teammate for the author: the acting one stands in, the name heads the text";
            self.lose(part, "author", LossRule::Defaulted, why);
        }
        match (name, system) {
            (Some(name), _) => Some(name),
            (None, true) => None,
            (None, false) => Some("Unknown author".to_owned()),
        }
    }

    fn customer(&mut self, part: &mut Part, name: Option<String>) -> Option<String> {
        let own = part.author.link.as_ref().is_none_or(|link| *link == self.contact);
        if !own && self.options.other_customers == OtherCustomers::AsThemselves {
            return None;
        }
        part.author = Author { link: Some(self.contact.clone()), name: None };
        if own {
            // Nobody is known behind a stand-in: the name that came with the text is all there is.
            let name = name.filter(|_| stands_in(&self.contact))?;
            let why = "no contact for the author: the stand-in writes, the name heads the text";
            self.lose(part, "author", LossRule::Defaulted, why);
            return Some(name);
        }
        let why = "only participants can reply: the thread's contact stands in, the name heads the text";
        self.lose(part, "author", LossRule::Defaulted, why);
        Some(name.unwrap_or_else(|| "Another participant".to_owned()))
    }

    fn body(&mut self, part: &Part, head: Option<&str>) -> Body {
        let mut body = match part.body.format {
            Format::Plain => Body::plain(markup::readable_text(&part.body.text).trim()),
            Format::Html => Body::html(markup::conservative(&part.body.text)),
        };
        if body.canonical().is_empty() {
            self.lose(part, "body", LossRule::Defaulted, "a message without text gets a line that says so");
            body = Body::plain(NO_TEXT);
        }
        let pictures = part.body.format == Format::Html && markup::carries(&part.body.text).picture;
        if pictures {
            self.lose(
                part,
                "body",
                LossRule::Recast,
                "pictures inside the text are left out; files stay files",
            );
        }
        match head {
            None => body,
            Some(head) => headed(body, head),
        }
    }

    /// Names that Intercom takes; what is too large is taken out and named in the text.
    fn files(&mut self, part: &mut Part) -> Vec<String> {
        let most = self.options.max_file_bytes;
        let (kept, large): (Vec<Blob>, Vec<Blob>) = part.files.drain(..).partition(|f| f.len <= most);
        let mut remarks = Vec::new();
        for file in large {
            let name = file_name(&file.name);
            self.losing.values(
                &format!("parts[{}].files", part.key),
                LossRule::Dropped,
                &format!("larger than {most} bytes: handed over by hand (sha256 {})", file.sha256),
                &file.name,
                "",
            );
            remarks.push(format!("[File not moved: {name}, {} bytes]", file.len));
        }
        for mut file in kept {
            let name = file_name(&file.name);
            if name != *file.name {
                let why = "a file name without path and control characters";
                let field = format!("parts[{}].files", part.key);
                self.losing.values(&field, LossRule::Recast, why, &file.name, &name);
                file.name = Private::from(name);
            }
            file.mime = media_type(&file.mime);
            part.files.push(file);
        }
        remarks
    }

    /// A contact opens the thread, in plain text.
    fn open(&mut self, parts: &mut Vec<Part>, ticket: &str, began: Option<Timestamp>) {
        let contact = self.contact.clone();
        let opens = |p: &Part| p.author.link.as_ref() == Some(&contact) && p.visibility == Visibility::Public;
        if !parts.first().is_some_and(opens) {
            let stub = self.stub(parts.first(), ticket, began);
            parts.insert(0, stub);
        }
        let Some(first) = parts.first_mut() else { return };
        if first.body.format == Format::Html {
            let html = first.body.text.clone();
            let has = markup::carries(&html);
            first.body = Body::plain(markup::plain(&html));
            if has != markup::Carries::default() {
                let field = format!("parts[{}].body", first.key);
                self.losing.lose(&field, LossRule::Recast, "the first message is plain text");
            }
            let wanted = self.options.keep_html_note == KeepHtmlNote::WhenMeaningful;
            if wanted && (has.table || has.picture || has.link) {
                let note = self.html_note(first, &html);
                parts.insert(1, note);
            }
        }
    }

    fn stub(&mut self, first: Option<&Part>, ticket: &str, began: Option<Timestamp>) -> Part {
        let (text, why) = match first {
            Some(first) if first.visibility == Visibility::Public => (
                "opened by the agent",
                "a conversation is opened by a contact: a stub stands before the agent's message",
            ),
            Some(_) => (
                "opened by an internal note",
                "a conversation is opened by a contact: a stub stands before the note",
            ),
            None => (
                "no messages",
                "a conversation needs a first message: a stub stands for the ticket without any",
            ),
        };
        self.losing.lose("parts[stub]", LossRule::Added, why);
        let now = self.catalog.as_of;
        let at = first.and_then(|p| p.at).or(began.filter(|t| t.as_second() > 0)).unwrap_or(now).min(now);
        Part::new(
            "stub",
            Role::System,
            Author { link: Some(self.contact.clone()), name: None },
            Timestamp::from_second(at.as_second()).ok(),
            Body::plain(format!("[Imported ticket #{} — {text}]", markup::one_line(ticket))),
        )
    }

    fn html_note(&mut self, first: &Part, html: &str) -> Part {
        self.losing.lose(
            &format!("parts[{}]", first.key),
            LossRule::Added,
            "its HTML follows as an internal note",
        );
        let author = Author { link: Some(Link::Remote(self.acting.clone())), name: None };
        let mut note =
            Part::new(format!("{}{SPLIT}html", first.key), Role::System, author, first.at, Body::html(html));
        note.visibility = Visibility::Internal;
        note
    }

    /// At most ten files a part; those of the first message follow it, because creating takes none.
    fn split(&mut self, index: usize, mut part: Part) -> Vec<Part> {
        let files = match index {
            0 => std::mem::take(&mut part.files),
            _ if part.files.len() > MOST_FILES => part.files.split_off(MOST_FILES),
            _ => Vec::new(),
        };
        let mut out = vec![part];
        for (n, chunk) in files.chunks(MOST_FILES).enumerate() {
            let first_of_opening = index == 0 && n == 0;
            let text = if first_of_opening { FILES_ABOVE } else { MORE_FILES };
            let more = Part {
                key: format!("{}{SPLIT}files{}", out[0].key, n + 1),
                body: Body::plain(text),
                files: chunk.to_vec(),
                ..out[0].clone()
            };
            out.push(more);
        }
        if out.len() > 1 {
            self.lose(
                &out[0],
                "files",
                LossRule::Recast,
                "files that a message can't hold follow it in parts of their own",
            );
        }
        out
    }

    fn lose(&mut self, part: &Part, what: &str, rule: LossRule, why: &str) {
        self.losing.lose(&format!("parts[{}].{what}", part.key), rule, why);
    }
}

/// A text with a line before it that says whose it is.
pub(super) fn headed(body: Body, name: &str) -> Body {
    match body.format {
        Format::Plain => Body::plain(format!("{name}:\n{}", body.text.as_str())),
        Format::Html => Body::html(format!("<p><b>{}:</b></p>{}", html_of_plain(name), body.text.as_str())),
    }
}

fn append(body: &mut Body, remarks: &[String]) {
    if remarks.is_empty() {
        return;
    }
    *body = match body.format {
        Format::Plain => Body::plain(format!("{}\n\n{}", body.text.as_str(), remarks.join("\n"))),
        Format::Html => {
            let lines: String = remarks.iter().map(|r| format!("<p>{}</p>", html_of_plain(r))).collect();
            Body::html(format!("{}{lines}", body.text.as_str()))
        }
    };
}

fn cut_name(name: &str) -> String {
    markup::one_line(name).chars().take(100).collect()
}

/// The last segment of whatever came as a name, of 200 characters at most, its ending kept.
fn file_name(raw: &str) -> String {
    let bare = markup::one_line(raw.rsplit(['/', '\\']).next().unwrap_or(raw));
    let name = bare.trim_matches(|c: char| c == '.' && bare.chars().all(|c| c == '.')).trim();
    if name.is_empty() {
        return "file".to_owned();
    }
    let count = name.chars().count();
    if count <= 200 {
        return name.to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= 20 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let stem: String = stem.chars().take(200 - ending.chars().count()).collect();
    format!("{stem}{ending}")
}

/// `type/subtype` without parameters, RFC 6838 section 4.2.
fn media_type(raw: &str) -> String {
    let bare = raw.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let word = |w: &str| {
        !w.is_empty()
            && w.len() <= 127
            && w.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
    };
    let fits = bare.split_once('/').is_some_and(|(kind, sub)| word(kind) && word(sub));
    if fits { bare } else { "application/octet-stream".to_owned() }
}
