//! Parts of a thread: what becomes one, in which order, by whom, with which files.

use super::ObjectRule;
use super::fields::{Evaluation, STAND_IN, dropped_texts, holds};
use super::mapper::Mapper;
use super::path::Leaf;
use super::plan::{AuthorFrom, PartRule};
use super::template::Line;
use crate::model::{
    AgentId, Attachment, CallLeg, ChatLine, Contact, Direction, Message, MessageAuthor, Thread, Ticket,
};
use crate::{
    Author, Blob, Body, Draft, Error, Format, Link, Loss, LossRule, Part, Private, Result, Role, SourceRef,
    Visibility,
};
use jiff::Timestamp;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that may become a part.
#[derive(Clone, Copy)]
enum Item<'a> {
    Message(&'a Message),
    Call(&'a CallLeg),
    Chat(&'a ChatLine),
    Merged(&'a Ticket),
}

impl<'a> Item<'a> {
    fn list(self) -> &'static str {
        match self {
            Item::Message(_) => "messages",
            Item::Call(_) => "calls",
            Item::Chat(_) => "chat",
            Item::Merged(_) => "merged",
        }
    }
    fn id(self) -> &'a str {
        match self {
            Item::Message(m) => m.id.as_str(),
            Item::Call(c) => c.id.as_str(),
            Item::Chat(l) => l.id.as_str(),
            Item::Merged(t) => t.id.as_str(),
        }
    }
    fn direction(self) -> Direction {
        match self {
            Item::Message(m) => m.direction,
            Item::Call(c) => c.direction,
            Item::Chat(l) => l.direction,
            Item::Merged(_) => Direction::System,
        }
    }
    fn author(self) -> Option<&'a MessageAuthor> {
        match self {
            Item::Message(m) => Some(&m.author),
            Item::Chat(l) => Some(&l.author),
            _ => None,
        }
    }
    fn agent(self) -> Option<&'a AgentId> {
        match self {
            Item::Call(c) => c.agent.as_ref(),
            other => other.author().and_then(|a| a.agent.as_ref()),
        }
    }
    fn json(self) -> Result<Json> {
        let json = match self {
            Item::Message(m) => serde_json::to_value(m),
            Item::Call(c) => serde_json::to_value(c),
            Item::Chat(l) => serde_json::to_value(l),
            Item::Merged(t) => serde_json::to_value(t),
        };
        json.map_err(|e| Error::bug("a record could not be written as JSON").with_source(e))
    }
}

/// A part with its place in the thread.
struct Placed {
    part: Part,
    /// When it counts; the time of the one before it where it has none.
    when: Timestamp,
    at_end: bool,
    /// The list and id of what it was made of.
    of: (&'static str, String),
}

/// The parts of a thread, ordered by time, then as the source ordered them.
pub(super) fn build(
    mapper: &Mapper<'_>,
    rule: &ObjectRule,
    thread: &Thread,
    json: &Json,
    evaluation: &mut Evaluation<'_>,
) -> Result<Vec<Part>> {
    let mut builder = Builder {
        mapper,
        thread,
        placed: Vec::new(),
        unmatched: BTreeSet::new(),
        missing: BTreeSet::new(),
        unnamed: BTreeSet::new(),
        dropped: BTreeMap::new(),
        time: None,
    };
    let messages = thread.messages.iter().map(Item::Message);
    let calls = thread.calls.iter().map(Item::Call);
    let chat = thread.chat.iter().map(Item::Chat);
    let merged = thread.merged.iter().map(Item::Merged);
    let mut list = "";
    for item in messages.chain(calls).chain(chat).chain(merged) {
        if item.list() != list {
            list = item.list();
            builder.time = None;
        }
        builder.item(rule, item, json, evaluation)?;
    }
    builder.tell_lists(rule, evaluation);
    // Stable: at equal times the source's order holds.
    builder.placed.sort_by_key(|p| (p.at_end, p.when));
    let mut placed = distinct(builder.placed, evaluation);
    files(rule, thread, &mut placed, evaluation);
    Ok(placed.into_iter().map(|p| p.part).collect())
}

struct Builder<'a> {
    mapper: &'a Mapper<'a>,
    thread: &'a Thread,
    placed: Vec<Placed>,
    unmatched: BTreeSet<AgentId>,
    /// Contacts that wrote and that the source doesn't have.
    missing: BTreeSet<SourceRef>,
    /// Addresses of customers of whom the source doesn't say which contact they are.
    unnamed: BTreeSet<String>,
    /// Values that drop rules leave out, by the place of the rule.
    dropped: BTreeMap<usize, BTreeSet<String>>,
    /// The time of the item before.
    time: Option<Timestamp>,
}

impl Builder<'_> {
    fn item(
        &mut self,
        rule: &ObjectRule,
        item: Item<'_>,
        thread: &Json,
        evaluation: &mut Evaluation<'_>,
    ) -> Result<()> {
        let json = item.json()?;
        let mut any = false;
        for part in rule.plan.parts.iter().filter(|p| p.each == item.list()) {
            if holds(&part.when, &json) {
                self.part(part, item, &json, evaluation);
                any = true;
            }
        }
        if !any {
            let field = format!("{}[{}]", item.list(), item.id());
            let loss =
                Loss::new(evaluation.record.clone(), field, LossRule::Skipped, "no rule makes a part of it");
            let text = json.to_string();
            evaluation.losses.push(loss.values(text, ""));
            return Ok(());
        }
        for (i, drop) in rule.plan.part_drops.iter().enumerate() {
            if drop.each != item.list() || drop.silent {
                continue;
            }
            let like = drop.unless_like.as_ref().and_then(|p| p.find(thread).first().map(Leaf::as_text));
            let texts = dropped_texts(drop, &json).into_iter();
            let lost: Vec<String> = texts.filter(|t| like.as_ref().is_none_or(|l| !alike(l, t))).collect();
            if !lost.is_empty() {
                self.dropped.entry(i).or_default().extend(lost);
            }
        }
        Ok(())
    }

    fn part(&mut self, rule: &PartRule, item: Item<'_>, json: &Json, evaluation: &mut Evaluation<'_>) {
        let scope = self.mapper.scope();
        let mut damage = Vec::new();
        let key = rule.key.fill(json, scope, &mut damage).unwrap_or_default();
        let found = rule.times.iter().flat_map(|p| p.find(json));
        let at = found.filter_map(|leaf| leaf.as_text().parse::<Timestamp>().ok()).next();
        let field = format!("parts[{key}]");
        if at.is_none() && !rule.at_end {
            let why = "the source has no time for it; it stays behind the one before it";
            let loss = Loss::new(evaluation.record.clone(), format!("{field}.at"), LossRule::Defaulted, why);
            evaluation.losses.push(loss);
        }
        let when = at.or(self.time).or(self.thread.ticket.created_at).unwrap_or(Timestamp::MIN);
        self.time = Some(when);
        let (role, visibility, author) = self.author(rule.author, item);
        let mut fill = |lines: &[Line]| -> Vec<String> {
            lines.iter().filter_map(|l| l.fill(json, scope, &mut damage)).collect()
        };
        let body = match &rule.body {
            Some(path) => headed(fill(&rule.head), native_body(item, &path.text, json)),
            None => Body::plain(fill(&rule.lines).join("\n")),
        };
        evaluation.tell(&format!("{field}.body"), damage);
        let mut part = Part::new(key, role, author, at, body);
        part.visibility = rule.visibility.unwrap_or(visibility);
        let of = (item.list(), item.id().to_owned());
        self.placed.push(Placed { part, when, at_end: rule.at_end, of });
        self.copies(item, when, evaluation);
    }

    /// Copies of a message: a note behind it when asked for, else a loss.
    fn copies(&mut self, item: Item<'_>, when: Timestamp, evaluation: &mut Evaluation<'_>) {
        let (Item::Message(message), Some(owner)) = (item, self.placed.last()) else { return };
        if message.cc.is_empty() {
            return;
        }
        let all = message.cc.iter().map(|c| c.as_str()).collect::<Vec<_>>().join(", ");
        if !self.mapper.cc_note() {
            let field = format!("parts[{}].cc", owner.part.key);
            let why = "copies have no place on a part; `cc_note = true` keeps them in a note";
            let loss = Loss::new(evaluation.record.clone(), field, LossRule::Dropped, why);
            evaluation.losses.push(loss.values(all, ""));
            return;
        }
        let key = format!("{}#cc", owner.part.key);
        let body = Body::plain(format!("Cc: {all}"));
        let mut part = Part::new(key.clone(), Role::System, Author::default(), owner.part.at, body);
        part.visibility = Visibility::Internal;
        let at_end = owner.at_end;
        self.placed.push(Placed { part, when, at_end, of: ("cc", key) });
    }

    fn author(&mut self, from: AuthorFrom, item: Item<'_>) -> (Role, Visibility, Author) {
        match (from, item.agent()) {
            (AuthorFrom::System, _) | (AuthorFrom::Agent, None) => {
                (Role::System, Visibility::Internal, Author::default())
            }
            (AuthorFrom::Agent, Some(agent)) => {
                let author = self.agent(Some(agent), item.author());
                (Role::Agent, by_direction(item.direction(), true).1, author)
            }
            (AuthorFrom::Direction, agent) => {
                let written = item.author();
                let from_agent = agent.is_some() && written.is_none_or(|a| a.contact.is_none());
                let (role, visibility) = by_direction(item.direction(), from_agent);
                let author = match role {
                    Role::Customer => self.customer(written),
                    Role::Agent => self.agent(agent, written),
                    Role::System => Author { link: None, name: name_of(written) },
                };
                (role, visibility, author)
            }
        }
    }

    fn customer(&mut self, written: Option<&MessageAuthor>) -> Author {
        if let Some(email) = written.filter(|a| a.contact.is_none()).and_then(|a| a.email.as_ref()) {
            self.unnamed.insert(email.trim().to_lowercase());
        }
        let own = written.and_then(|a| a.contact.as_ref()).or(self.thread.ticket.contact.as_ref());
        let named = own.map(|c| c.source_ref());
        let source = named.clone().filter(|c| self.mapper.seen().has(c));
        if let (Some(missing), None) = (named, &source) {
            self.missing.insert(missing);
        }
        let source = source.unwrap_or_else(|| SourceRef::new("contact", STAND_IN));
        Author { link: Some(Link::Source(source)), name: name_of(written) }
    }

    fn agent(&mut self, agent: Option<&AgentId>, written: Option<&MessageAuthor>) -> Author {
        let link = agent.and_then(|a| self.mapper.resolution().people.get(&a.source_ref())).cloned();
        if let (Some(agent), None) = (agent, &link) {
            self.unmatched.insert(agent.clone());
        }
        let known = agent.and_then(|a| self.mapper.seen().agents.get(a)).map(|a| a.name.clone());
        let known = known.filter(|n| !n.trim().is_empty());
        let name = written.and_then(|a| a.name.clone()).filter(|n| !n.trim().is_empty()).or(known);
        let name =
            name.or_else(|| name_of(written)).or_else(|| agent.map(|a| Private::from(format!("Agent {a}"))));
        Author { link: link.map(Link::Remote), name }
    }

    /// One loss per agent and per drop rule, not one per part.
    fn tell_lists(&mut self, rule: &ObjectRule, evaluation: &mut Evaluation<'_>) {
        let record = &evaluation.record;
        for agent in &self.unmatched {
            let why = "the agent has no counterpart at the destination; the name is kept in the text";
            let loss = Loss::new(record.clone(), "parts.author", LossRule::Recast, why);
            evaluation.losses.push(loss.values(agent.source_ref().to_string(), ""));
        }
        for contact in &self.missing {
            let why = "the source has no such contact; a stand-in takes the place";
            let loss = Loss::new(record.clone(), "parts.author", LossRule::Defaulted, why);
            evaluation.losses.push(loss.values(contact.to_string(), STAND_IN));
        }
        if self.unnamed.len() > 1 {
            let why = "several addresses wrote, the source names no contact for them: all parts are the ticket's contact's";
            let loss = Loss::new(record.clone(), "parts.author", LossRule::Merged, why);
            let all = self.unnamed.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
            evaluation.losses.push(loss.values(all, ""));
        }
        for (i, texts) in &self.dropped {
            let Some(drop) = rule.plan.part_drops.get(*i) else { continue };
            let field = format!("{}.{}", drop.each, drop.path.text);
            let loss = Loss::new(record.clone(), field, LossRule::Dropped, drop.why.clone());
            let all = texts.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
            evaluation.losses.push(loss.values(all, ""));
        }
    }
}

/// The role and visibility that a direction gives.
fn by_direction(direction: Direction, from_agent: bool) -> (Role, Visibility) {
    match direction {
        Direction::In if from_agent => (Role::Agent, Visibility::Public),
        Direction::In => (Role::Customer, Visibility::Public),
        Direction::Out => (Role::Agent, Visibility::Public),
        Direction::Note => (Role::Agent, Visibility::Internal),
        Direction::System => (Role::System, Visibility::Internal),
    }
}

fn name_of(written: Option<&MessageAuthor>) -> Option<Private> {
    let written = written?;
    let named = |n: &&Private| !n.trim().is_empty();
    written.name.as_ref().filter(named).or(written.email.as_ref().filter(named)).cloned()
}

fn native_body(item: Item<'_>, path: &str, json: &Json) -> Body {
    match (item, path) {
        (Item::Message(m), "body") => m.body.clone(),
        (Item::Chat(l), "text") => Body { format: Format::Plain, text: l.text.clone() },
        _ => {
            let at = path.split('.').try_fold(json, |at, name| at.get(name));
            Body::plain(at.and_then(Json::as_str).unwrap_or_default())
        }
    }
}

/// The body below its head lines, in the format of the body.
fn headed(head: Vec<String>, body: Body) -> Body {
    if head.is_empty() {
        return body;
    }
    let head = head.join("\n");
    match body.format {
        Format::Plain => Body::plain(format!("{head}\n\n{}", &*body.text)),
        Format::Html => Body::html(format!("<p>{}</p>{}", crate::text::html_of_plain(&head), &*body.text)),
    }
}

/// Whether two subjects are one, answers and forwards of it included.
fn alike(a: &str, b: &str) -> bool {
    fn bare(text: &str) -> String {
        let mut rest = text.trim();
        while let Some((mark, after)) = rest.split_once(':') {
            let mark = mark.trim().to_lowercase();
            if !["re", "fw", "fwd", "aw", "wg", "sv", "vs"].contains(&mark.as_str()) {
                break;
            }
            rest = after.trim();
        }
        rest.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
    }
    bare(a) == bare(b)
}

/// Gives every part a key of its own. The same part twice is one.
fn distinct(placed: Vec<Placed>, evaluation: &mut Evaluation<'_>) -> Vec<Placed> {
    let mut out: Vec<Placed> = Vec::with_capacity(placed.len());
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    let mut taken: BTreeSet<String> = placed.iter().map(|p| p.part.key.clone()).collect();
    for mut p in placed {
        if let Some(i) = first.get(&p.part.key) {
            if out.get(*i).is_some_and(|o| o.part == p.part) {
                let field = format!("parts[{}]", p.part.key);
                let why = "the source gave the same part twice";
                evaluation.losses.push(Loss::new(evaluation.record.clone(), field, LossRule::Merged, why));
                continue;
            }
            let mut n = 2;
            let mut key = format!("{}~{n}", p.part.key);
            while !taken.insert(key.clone()) {
                n += 1;
                key = format!("{}~{n}", p.part.key);
            }
            p.part.key = key;
        }
        first.entry(p.part.key.clone()).or_insert(out.len());
        out.push(p);
    }
    out
}

/// Puts every file on the part that owns it; those without an owner on a note of their own.
fn files(rule: &ObjectRule, thread: &Thread, placed: &mut Vec<Placed>, evaluation: &mut Evaluation<'_>) {
    let mut owners: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (i, p) in placed.iter().enumerate() {
        owners.entry((p.of.0.to_string(), p.of.1.clone())).or_insert(i);
    }
    let owner_of = |attachment: &Attachment| {
        let message = attachment.message.as_ref().map(|id| ("messages", id.as_str()));
        let line = attachment.chat_line.as_ref().map(|id| ("chat", id.as_str()));
        let (list, id) = message.or(line)?;
        owners.get(&(list.to_owned(), id.to_owned())).copied()
    };
    let mut orphans: Vec<(&Attachment, Blob)> = Vec::new();
    for attachment in &thread.attachments {
        let owner = owner_of(attachment).and_then(|i| placed.get_mut(i));
        let place = owner.as_ref().map_or("parts[files]".to_owned(), |p| format!("parts[{}]", p.part.key));
        let field = format!("{place}.files[{}]", attachment.id);
        let name = attachment.name.as_str();
        let mut lose = |rule, why: &str, after: &str| {
            let loss = Loss::new(evaluation.record.clone(), field.clone(), rule, why);
            evaluation.losses.push(loss.values(name, after));
        };
        let Some(blob) = &attachment.blob else {
            lose(LossRule::Dropped, "the bytes are missing at the source", "");
            continue;
        };
        if attachment.inline {
            lose(LossRule::Recast, "shown inside the text at the source; a file of the part now", name);
        }
        if !attachment.extra.is_empty() {
            let why = "the source sent something about the file that has no known meaning";
            let field = format!("{field}.extra");
            evaluation.losses.push(Loss::new(evaluation.record.clone(), field, LossRule::Dropped, why));
        }
        // Two files of one content share their bytes, not their names.
        let blob = Blob { name: attachment.name.clone(), mime: attachment.mime.clone(), ..blob.clone() };
        match owner {
            Some(p) => p.part.files.push(blob),
            None => orphans.push((attachment, blob)),
        }
    }
    orphan_note(rule, orphans, placed, evaluation);
}

fn orphan_note(
    rule: &ObjectRule,
    orphans: Vec<(&Attachment, Blob)>,
    placed: &mut Vec<Placed>,
    evaluation: &mut Evaluation<'_>,
) {
    let Some((first, _)) = orphans.first() else { return };
    let record = &evaluation.record;
    let Some(head) = &rule.plan.orphan_files else {
        for (attachment, _) in &orphans {
            let field = format!("files[{}]", attachment.id);
            let why = "belongs to no message, and the mapping has no note for such files";
            let loss = Loss::new(record.clone(), field, LossRule::Dropped, why);
            evaluation.losses.push(loss.values(attachment.name.as_str(), ""));
        }
        return;
    };
    let mut key = "files".to_owned();
    while placed.iter().any(|p| p.part.key == key) {
        key.push('~');
    }
    let names = orphans.iter().map(|(a, _)| a.name.as_str());
    let body = std::iter::once(head.as_str()).chain(names).collect::<Vec<_>>().join("\n");
    let mut part = Part::new(key.clone(), Role::System, Author::default(), None, Body::plain(body));
    part.visibility = Visibility::Internal;
    let of = ("files", first.id.0.clone());
    part.files = orphans.into_iter().map(|(_, blob)| blob).collect();
    let why = "a note for files that belong to no message";
    evaluation.losses.push(Loss::new(record.clone(), format!("parts[{key}]"), LossRule::Added, why));
    placed.push(Placed { part, when: Timestamp::MAX, at_end: true, of });
}

/// The notes of a contact, as parts behind those that the draft has.
pub(super) fn notes(
    mapper: &Mapper<'_>,
    rule: &ObjectRule,
    contact: &Contact,
    draft: &mut Draft,
    evaluation: &mut Evaluation<'_>,
) -> Result<()> {
    let rules: Vec<&PartRule> = rule.plan.parts.iter().filter(|p| p.each == "notes").collect();
    for note in &contact.notes {
        let mut json = serde_json::to_value(note)
            .map_err(|e| Error::bug("a record could not be written as JSON").with_source(e))?;
        json["number"] = Json::from(draft.parts.len() + 1);
        let mut any = false;
        for part in rules.iter().filter(|p| holds(&p.when, &json)) {
            let mut damage = Vec::new();
            let mut fill = |lines: &[Line]| -> Vec<String> {
                lines.iter().filter_map(|l| l.fill(&json, mapper.scope(), &mut damage)).collect()
            };
            let key = fill(std::slice::from_ref(&part.key)).concat();
            let body = match &part.body {
                Some(_) => headed(fill(&part.head), Body::plain(note.text.as_str())),
                None => Body::plain(fill(&part.lines).join("\n")),
            };
            evaluation.tell(&format!("parts[{key}].body"), damage);
            let author = Author { link: None, name: note.author.clone().filter(|n| !n.trim().is_empty()) };
            let mut made = Part::new(key, Role::Agent, author, note.at, body);
            made.visibility = part.visibility.unwrap_or(Visibility::Internal);
            draft.parts.push(made);
            any = true;
        }
        for drop in rule.plan.part_drops.iter().filter(|d| any && d.each == "notes" && !d.silent) {
            let texts = dropped_texts(drop, &json);
            if !texts.is_empty() {
                let field = format!("notes.{}", drop.path.text);
                evaluation.lose(&field, LossRule::Dropped, &drop.why, texts.join("\n"), String::new());
            }
        }
        if !any {
            evaluation.lose(
                "notes",
                LossRule::Skipped,
                "no rule makes a part of it",
                json.to_string(),
                String::new(),
            );
        }
    }
    Ok(())
}

/// Everything of a thread that is left out with its ticket.
pub(super) fn left_behind(thread: &Thread, evaluation: &mut Evaluation<'_>) {
    let messages = thread.messages.iter().map(|m| ("messages", m.id.as_str()));
    let calls = thread.calls.iter().map(|c| ("calls", c.id.as_str()));
    let chat = thread.chat.iter().map(|l| ("chat", l.id.as_str()));
    let files = thread.attachments.iter().map(|a| ("attachments", a.id.as_str()));
    for (list, id) in messages.chain(calls).chain(chat).chain(files) {
        let field = format!("{list}[{id}]");
        let why = "left out with its ticket";
        evaluation.losses.push(Loss::new(evaluation.record.clone(), field, LossRule::Skipped, why));
    }
}
