//! Mapping as data: rules in TOML that turn records into drafts.
//!
//! A mapping is read and looked up as a whole: a key, path, transform, value or destination field that doesn't exist is
//! an error with its line and the nearest thing that does. After that nothing can fail but a record of the wrong kind.
//! Everything here is pure: no I/O, no clock; equal inputs make equal drafts.
//!
//! ```
//! use mapping_core::mapping::{Input, Mapper, Mapping, Observations, Resolution};
//! use mapping_core::model::{Contact, Record};
//!
//! let mapping = Mapping::parse(r#"
//!     name = "example"
//!
//!     [destination.person]             # an object of the destination, and what its fields take
//!     registry = "person_attribute"    # where its `attribute.…` fields are defined
//!     fields = { email = "text", name = "text" }
//!
//!     [[row]]                          # what a plan tells people, hand-offs included
//!     id = "P1"
//!     source = "Contact"
//!     destination = "Person"
//!     fidelity = "lossy"               # 1:1, 1:many, lossy, hand-off
//!
//!     [[object]]
//!     row = "P1"
//!     from = "contact"
//!     to = "person"
//!     key = { path = "emails", transform = ["email", "first"] }
//!
//!     [[object.field]]
//!     to = "email"
//!     path = "emails"
//!     transform = ["email", "first"]
//!
//!     [[object.field]]
//!     to = "attribute.vip"
//!     type = "list"
//!     path = "custom.Tier"
//!     table = { gold = "Yes", silver = "Yes", bronze = "No" }
//!     default = "No"
//! "#)?;
//!
//! let mut contact = Contact::new("7".into());
//! contact.emails = vec!["Ada <ADA@example.com>".into()];
//! contact.custom.insert("Tier".into(), "gold".into());
//! contact.address = Some("1 Main Street".into());
//! let record = Record::from(contact);
//!
//! let mut seen = Observations::default();
//! seen.observe(&record);
//! let resolution = Resolution::default();
//! let mapper = Mapper::new(&mapping, &resolution, &seen);
//! let rule = mapping.object("contact").ok_or("no rules for contacts")?;
//! let mapped = mapper.map(rule, Input::Records(&[record]))?;
//! let draft = mapped.draft.ok_or("left out")?;
//! assert_eq!(draft.key.as_deref(), Some("ada@example.com"));
//! assert_eq!(draft.text("attribute.vip"), "Yes");
//! // No rule moves the address: it is a loss, not a silence.
//! assert!(mapped.losses.iter().any(|l| l.field == "address"));
//!
//! let e = mapping.overlay("[[object]]\nfrom = \"contact\"\n[[object.field]]\nto = \"name\"\npath = \"nmae\"").unwrap_err();
//! assert!(e.message().contains("the nearest is `name`"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The format
//!
//! | table | says |
//! | --- | --- |
//! | `[options]` | `default_country`, `cc_note`, `contacts`, `publish_articles`, `article_links`, `default_collection`; see [`Options`] |
//! | `[table.NAME]` | a value table: the source's word = the destination's value. The order is that of a list's options |
//! | `[destination.KIND]` | `registry`, and `fields` with their types: `text`, `integer`, `decimal`, `boolean`, `datetime`, `date`, `list`, `link`, `links`, `texts` |
//! | `[[row]]` | a row of the object mapping: `id`, `source`, `destination`, `fidelity`, `note` |
//! | `[placeholders]` | `form` of the placeholders in prepared answers (`%{}%`), and `table`: what stands for each |
//! | `[[handoff]]` | what people do by hand: `name`, `row`, `from`, `title`, `destination`, `place`, `check`, `note`, and `[[handoff.nearest]]` with `words` and `suggest`; see [`Handoff`] |
//! | `[[acknowledge]]` | what no API silences: `id`, `text`, `place` |
//! | `[[object]]` | the rules for a kind of record: `row`, `from` (`company`, `contact`, `kb_article`, `kb_category`, `ticket`, `working_hours`), `to`, `fidelity`, `key` (the natural key), `moves` (`all`, or `linked`: only what something that moves links to; else as the option `contacts` says) |
//! | `[object.tree]` | records with a parent of their own kind: `parent`, the fields `link` and `name`, `depth`, `separator`; deeper ones keep their path in the name, cycles are cut |
//! | `[object.document]` | a text in several languages: `body`, `locale`, `root` (what it is a translation of), `default_locale`, `per_locale` (fields that become `title.da`), `line`s below it (`text`, `unless` a field has a value), `custom` (a table below it), `files`, `macros` |
//! | `[[object.skip]]` | `name`, `why`, `when`: records that are left out |
//! | `[[object.field]]` | a rule for a field; below |
//! | `[[object.want]]` | an attribute (`name`, `type`, `description`) that must exist though no rule fills it |
//! | `[object.custom]` | every custom field without a rule of its own: `path`, `to` with `{slug}`, `exclude`, `max_chars` |
//! | `[object.categories]` | sets with one value per ticket → list attribute (`single`, `without_set`); with several → tags (`multi`, `tag`); with more values than `most_options` (250) → a text |
//! | `[[object.drop]]` | `path`, `why`, `when`, `silent`: what is left out and why |
//! | `[object.parts]` | `orphan_files`: the head of the note for files that belong to no message |
//! | `[[object.parts.part]]` | what becomes a part; below |
//! | `[[object.parts.drop]]` | `each`, `path`, `why`, `silent`, `unless_like` (not when equal to that path, answers and forwards included) |
//!
//! **A field** has an identity, `to`: a field of the destination or `attribute.NAME`. Its value is a constant (`value`) or
//! the first of the `path`s that has one, sent through `transform`, then through `table` (a name, or a table written in
//! place); `default` stands in for what is missing or unknown, with a loss. `when` is a list of conditions that must all
//! hold, each with a `path` and `is`, `not`, `exists` or `differs` (another path), or an `option` (`publish_articles`, `cc_note`)
//! and `is` or `not`. `[[object.field.case]]` has `when` and
//! a value of its own; the first case that holds wins. For attributes: `type` (text if not said), `options`,
//! `description`, `max_chars`, `existing = true` (never provisioned), `wanted_if = "renumbered"` (only when some ticket's
//! number isn't its id). `link` is `source` (the record itself; a `default` means the stand-in), `person` and `team` (by
//! [`Resolution`]), `tag` (to tags of the names at the path; `with_batch = true` adds the batch's mark) or `batch`.
//! `decided = true`: what a person decided for the record wins ([`Choices`]). `needed` says what to do about a record
//! without a value: it is refused. `merge` says which value wins when several records become one: `first`, `id` (as `first`,
//! the others are aliases), `min`, `any`. `kept = true`: what `first` and `last` leave out is kept elsewhere.
//!
//! **A path** goes through the JSON form of [`Contact`](crate::model::Contact) or, for tickets, of
//! [`Thread`](crate::model::Thread): `ticket.status`, `calls.note` (of all calls), `emails.0`, `ticket.custom.Order No.`.
//!
//! **Transforms** of each value: `trim`, `lower`, `upper`, `one_line`, `html_to_text`, `email`, `e164` and `e164_or_raw`
//! (with a country: `e164(DK)`), `date` (`date(%d.%m.%Y)`), `seconds` (of `1:30`), `number` (blanks taken out),
//! `decimal_comma`, `truncate(n)`, `prefix(text)`, `name` (of an agent, queue, ticketbox, company or category by its id),
//! `table(name)`. `minute` (`2024-01-31 10:00 UTC`), `zone` (the name of a time zone). Of all values together: `first`, `last`, `rest`,
//! `others(email)` and `others(e164)` (as written, without the one that `email, first` keeps as it is), `join(between)`,
//! `sum`, `count`, `week_minutes` (weekly intervals from Monday 00:00).
//!
//! **A part** has a `name` (its identity), `each` (`messages`, `calls`, `chat`, `merged`; of contacts `notes`), a `key`, times in `at` (the
//! first there is), and either a `body` path, perhaps with `head` lines above it, or `lines`. A line may hold `{path}`, `{path,other}`, `{path|transform}`; a
//! line whose places are all empty is left out. `author` is `direction` (in: the customer, out and note: the agent,
//! system: nobody), `agent` or `system`; `visibility` is `direction` (notes and system internal), `public` or
//! `internal`; `place = "end"` puts it behind everything. Parts are ordered by time, then as the source ordered them.
//!
//! **An overlay** is a file of the same format with only what changes. A rule replaces the one of its identity as a whole;
//! `remove = true` takes it out. Value tables and options change entry by entry.
//!
//! # What is promised
//!
//! A value of a record is in the draft or in a loss; a path that no rule mentions is dropped with a loss.
//! Exceptions are written down as `silent` and `unless_like` drops, plus three: the second of a message's two times, the
//! author's address where a name or a contact says who it is, and ids, declared sizes and content ids of files. A rule that isn't used because
//! its `when` doesn't hold makes no loss. Lengths, formats and times that a platform refuses are for
//! [`Sink::shape`](crate::Sink::shape), which knows them.

mod check;
mod choices;
mod compile;
mod custom_use;
mod documents;
mod fields;
mod handoff;
mod mapper;
mod names;
mod observe;
mod parts;
mod path;
mod phone;
mod plan;
mod propose;
mod read;
mod rule;
mod schema;
mod schema_proposals;
mod spec;
mod template;
#[cfg(test)]
mod tests;
mod toml_node;
mod transform;
mod tree;
mod week;

pub use check::{Finding, Severity};
pub use choices::{Choices, FieldChoice, SetChoice, type_words, typed_by_words};
pub use custom_use::{CustomUse, ValueForm};
pub use handoff::{Acknowledgement, FINDINGS, Handoff, Nearest, Placeholders, Translated};
pub use mapper::{Input, Mapped, Mapper};
pub use observe::{ArticleSeen, HoursSeen, KbNode, Observations, locale};
pub use propose::{Confidence, Proposal, Proposals, Resolution, propose};
pub use rule::{ContactScope, Fidelity, ObjectRule, Options, Row};
pub use schema_proposals::{FieldProposal, HoursProposal, PersonProposal, SetProposal};

use crate::Result;
use compile::{Compiled, compile};
use spec::Spec;
use toml_node::File;

/// The JSON Schema of mapping files, for editors; what a file means is checked when it is read.
pub const SCHEMA: &str = include_str!("../../schemas/mapping.schema.json");

/// The mappings that come with this crate, by name.
const BUILT_IN: [(&str, &str); 1] =
    [("focalscope-to-intercom", include_str!("../../mappings/focalscope-to-intercom.toml"))];

/// The rules that turn records into drafts: read, looked up and complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    name: String,
    options: Options,
    rows: Vec<Row>,
    objects: Vec<ObjectRule>,
    handoffs: Vec<Handoff>,
    acknowledgements: Vec<Acknowledgement>,
    placeholders: Placeholders,
    choices: Choices,
    spec: Spec,
}

impl Mapping {
    /// A mapping that comes with this crate: `focalscope-to-intercom`.
    pub fn built_in(name: &str) -> Option<Mapping> {
        Self::built_in_text(name).and_then(|text| Self::read("built-in", text).ok())
    }

    /// The text of a mapping that comes with this crate.
    pub fn built_in_text(name: &str) -> Option<&'static str> {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// Reads a whole mapping.
    ///
    /// # Errors
    /// `Config`, with line and rule, for anything that isn't understood: a key, a path, a transform, a type, a value
    /// that the source doesn't have, a second rule for the same field.
    pub fn parse(text: &str) -> Result<Mapping> {
        Self::read("file", text)
    }

    fn read(name: &str, text: &str) -> Result<Mapping> {
        Self::of(Spec::read(&File { name, text })?)
    }

    /// This mapping with a person's changes laid over it, in the same format. A rule replaces the one with its
    /// identity (object and destination field); `remove = true` takes it out; options and entries of value tables
    /// are laid over one by one.
    ///
    /// # Errors
    /// As [`parse`](Mapping::parse), and for removing what isn't there.
    pub fn overlay(&self, text: &str) -> Result<Mapping> {
        let mut spec = self.spec.clone();
        spec.lay(Spec::read(&File { name: "overlay", text })?)?;
        Self::of(spec)
    }

    fn of(spec: Spec) -> Result<Mapping> {
        let Compiled { options, rows, objects, handoffs, acknowledgements, placeholders } = compile(&spec)?;
        let name = spec.name.clone().unwrap_or_default();
        let choices = Choices::default();
        Ok(Mapping { name, options, rows, objects, handoffs, acknowledgements, placeholders, choices, spec })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Every row of the object mapping, hand-offs included.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
    /// The settings.
    pub fn options(&self) -> &Options {
        &self.options
    }
    /// The rules by kind of record, in dependency order.
    pub fn objects(&self) -> &[ObjectRule] {
        &self.objects
    }
    /// Whether records of a rule are moved though nothing that moves links to them.
    pub fn moves_alone(&self, rule: &ObjectRule) -> bool {
        rule.plan.moves_alone.unwrap_or(self.options.contacts == ContactScope::All)
    }
    /// What people do by hand.
    pub fn handoffs(&self) -> &[Handoff] {
        &self.handoffs
    }
    /// What no API silences: acknowledged by name before anything is written.
    pub fn acknowledgements(&self) -> &[Acknowledgement] {
        &self.acknowledgements
    }
    /// Placeholders of prepared answers.
    pub fn placeholders(&self) -> &Placeholders {
        &self.placeholders
    }
    /// The rules for a kind of source record.
    pub fn object(&self, from: &str) -> Option<&ObjectRule> {
        self.objects.iter().find(|o| o.from == *from)
    }
}
