//! From the stage to shaped drafts: the same inputs make the same drafts, whenever they are made.

use crate::lists::{self, Lists};
use crate::store::{PlanRow, Stage, thread};
use crate::{Failure, Filters, Run};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mapping_core::mapping::{Choices, Input, Mapped, Mapper, Mapping, ObjectRule, Observations, Resolution};
use mapping_core::model::{Record, Thread, Ticket};
use mapping_core::{
    Catalog, Change, Dialect, Draft, Error, ErrorKind, Loss, Result, Shaped, Sink, SourceRef, Step,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the rule of drafts that stand in for records that aren't there.
pub(crate) const STAND_IN: &str = "stand-in";
/// The name of the rule of the draft that marks a batch.
pub(crate) const BATCH: &str = "batch";
/// The name of the rule of schema drafts.
pub(crate) const SCHEMA: &str = "schema";
/// The kind whose records are mapped with everything that belongs to them.
pub(crate) const TICKET: &str = "ticket";

/// Everything that drafts are made with, besides the stage. A plan keeps it, so that what was planned can be made
/// again, whatever people change in the files later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Inputs {
    /// The text of the built-in map.
    pub(crate) map: String,
    /// The text of `mapping.toml`.
    pub(crate) overlay: String,
    /// Who and what stands for whom.
    #[serde(with = "pairs")]
    pub(crate) resolution: Resolution,
    /// What people decided about custom fields, categories and hours.
    #[serde(default)]
    pub(crate) choices: Choices,
    /// `[filters]`.
    pub(crate) filters: Filters,
    /// `skip.csv`: record → reason.
    pub(crate) skip: BTreeMap<String, String>,
    /// The step vocabulary.
    pub(crate) dialect: Dialect,
    /// The destination as it was.
    pub(crate) catalog: Catalog,
}

/// A resolution as lists of pairs: JSON's maps have plain strings as keys.
mod pairs {
    use mapping_core::mapping::Resolution;
    use mapping_core::{RemoteRef, SourceRef};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Pairs {
        people: Vec<(SourceRef, RemoteRef)>,
        teams: Vec<(SourceRef, RemoteRef)>,
    }

    pub(super) fn serialize<S: Serializer>(resolution: &Resolution, to: S) -> Result<S::Ok, S::Error> {
        let Resolution { people, teams } = resolution.clone();
        Pairs { people: people.into_iter().collect(), teams: teams.into_iter().collect() }.serialize(to)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Resolution, D::Error> {
        let Pairs { people, teams } = Pairs::deserialize(from)?;
        Ok(Resolution { people: people.into_iter().collect(), teams: teams.into_iter().collect() })
    }
}

impl Inputs {
    /// What the files of the run directory say now.
    pub(crate) fn now(run: &Run, dialect: Dialect, catalog: Catalog) -> Result<Self, Failure> {
        let lists = Lists::read(run)?;
        Ok(Inputs {
            map: built_in(run)?.to_owned(),
            overlay: run.read("mapping.toml")?.unwrap_or_default(),
            resolution: lists.resolution(&catalog)?,
            choices: lists.choices()?,
            filters: run.config().filters.clone(),
            skip: lists::read_skips(run)?,
            dialect,
            catalog,
        })
    }

    /// The map, with the person's own rules and decisions laid over it.
    pub(crate) fn mapping(&self) -> Result<Mapping> {
        Ok(self.rules()?.with_choices(self.choices.clone()))
    }

    fn rules(&self) -> Result<Mapping> {
        let base = Mapping::parse(&self.map)?;
        if self.overlay.trim().is_empty() { Ok(base) } else { base.overlay(&self.overlay) }
    }

    /// What makes other drafts now than then, in words; what changed without a consequence isn't named.
    pub(crate) fn changes_since(&self, then: &Inputs) -> Result<Vec<String>> {
        let mut changed = Vec::new();
        if self.dialect != then.dialect {
            changed.push("the program writes in another way than the one that planned".to_owned());
        }
        if self.catalog.account != then.catalog.account || self.catalog.platform != then.catalog.platform {
            changed.push(format!(
                "the destination is {} ({}), the plan was made for {} ({})",
                self.catalog.account, self.catalog.platform, then.catalog.account, then.catalog.platform
            ));
        }
        if self.rules()? != then.rules()? {
            changed.push("mapping.toml or the built-in map".to_owned());
        }
        let both = [
            ("mapping/agents.csv", &self.resolution.people, &then.resolution.people),
            ("mapping/queues.csv", &self.resolution.teams, &then.resolution.teams),
        ];
        for (file, now, then) in both {
            changed.extend(differing(file, now, then, ToString::to_string));
        }
        let (now, then_chosen) = (&self.choices, &then.choices);
        let (a, b) = (by_field(now), by_field(then_chosen));
        changed.extend(differing("mapping/fields.csv", &a, &b, Clone::clone));
        let set = |name: &String| format!("category_set:{name}");
        let (a, b) = (&now.categories, &then_chosen.categories);
        changed.extend(differing("mapping/categories.csv", a, b, set));
        changed.extend(differing("mapping/hours.csv", &now.hours, &then_chosen.hours, Clone::clone));
        if self.filters != then.filters {
            changed.push("migration.toml: [filters]".to_owned());
        }
        if self.skip != then.skip {
            changed.push("skip.csv".to_owned());
        }
        Ok(changed)
    }
}

fn by_field(choices: &Choices) -> BTreeMap<String, &mapping_core::mapping::FieldChoice> {
    let all = choices.fields.iter().flat_map(|(kind, names)| names.iter().map(move |n| (kind, n)));
    all.map(|(kind, (name, choice))| (format!("field:{kind}/{name}"), choice)).collect()
}

/// The file with the lines that say something else now than then, at most twenty.
fn differing<K: Ord, V: PartialEq>(
    file: &str,
    now: &BTreeMap<K, V>,
    then: &BTreeMap<K, V>,
    name: impl Fn(&K) -> String,
) -> Option<String> {
    let keys = now.keys().chain(then.keys());
    let mut names: Vec<String> = keys.filter(|k| now.get(*k) != then.get(*k)).map(name).collect();
    names.sort();
    names.dedup();
    names.truncate(20);
    (!names.is_empty()).then(|| format!("{file}: {}", names.join(", ")))
}

fn built_in(run: &Run) -> Result<&'static str, Failure> {
    Mapping::built_in_text(&run.config().mapping).ok_or_else(|| {
        Error::not_sent(ErrorKind::Config, "migration.toml: there is no built-in map of this name")
            .with("mapping", &run.config().mapping)
            .into()
    })
}

/// The map of a run without a destination.
pub(crate) fn mapping_of(run: &Run) -> Result<Mapping, Failure> {
    let base = Mapping::parse(built_in(run)?)?;
    let rules = match run.read("mapping.toml")? {
        Some(text) if !text.trim().is_empty() => {
            base.overlay(&text).map_err(|e| e.with("file", "mapping.toml"))?
        }
        _ => base,
    };
    Ok(rules.with_choices(Lists::read(run)?.choices()?))
}

/// What the stage holds that rules need; kept until the stage changes.
pub(crate) async fn observe(run: &Run) -> Result<Observations, Failure> {
    const NAME: &str = "observations";
    // Another number when something new is observed: what was kept before lacks it.
    const OBSERVED: u32 = 2;
    let revision = run.stage().revision()?;
    let stamp = format!("{OBSERVED} {revision} ");
    let kept = run.ledger().value(NAME)?;
    if let Some(json) = kept.as_deref().and_then(|k| k.strip_prefix(&stamp))
        && let Ok(seen) = serde_json::from_str(json)
    {
        return Ok(seen);
    }
    let mut seen = Observations::default();
    let kinds = [
        "agent",
        "working_hours",
        "queue",
        "ticketbox",
        "company",
        "category",
        "contact",
        TICKET,
        "kb_category",
        "kb_article",
    ];
    for kind in kinds {
        let mut after = 0;
        loop {
            let page = run.stage().records(kind, after, 500)?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            page.iter().for_each(|staged| seen.observe(&staged.record));
        }
    }
    if let Ok(json) = serde_json::to_string(&seen) {
        run.ledger().set_value(NAME, &format!("{stamp}{json}")).await?;
    }
    Ok(seen)
}

/// What became of one input: a shaped draft with its steps, or why there is none.
pub(crate) enum Made {
    /// It can be written.
    Draft(Box<Finished>),
    /// A rule leaves it out.
    Skipped(String, Vec<Loss>),
    /// It can't be written.
    Refused(Error),
}

/// A draft that is ready to be written.
pub(crate) struct Finished {
    pub(crate) shaped: Shaped,
    /// The losses of mapping and shaping.
    pub(crate) losses: Vec<Loss>,
    pub(crate) steps: Vec<Step>,
}

/// Makes drafts.
pub(crate) struct Drafts<'a> {
    stage: &'a dyn Stage,
    sink: &'a dyn Sink,
    mapping: Mapping,
    seen: Observations,
    inputs: Inputs,
}

impl<'a> Drafts<'a> {
    pub(crate) async fn new(run: &'a Run, sink: &'a dyn Sink, inputs: Inputs) -> Result<Self, Failure> {
        let (mapping, seen) = (inputs.mapping()?, observe(run).await?);
        Ok(Drafts { stage: run.stage(), sink, mapping, seen, inputs })
    }
    pub(crate) fn mapping(&self) -> &Mapping {
        &self.mapping
    }
    pub(crate) fn seen(&self) -> &Observations {
        &self.seen
    }
    pub(crate) fn inputs(&self) -> &Inputs {
        &self.inputs
    }
    pub(crate) fn sink(&self) -> &dyn Sink {
        self.sink
    }
    pub(crate) fn mapper(&self) -> Mapper<'_> {
        Mapper::new(&self.mapping, &self.inputs.resolution, &self.seen)
    }

    /// Why a filter or `skip.csv` leaves a ticket out.
    pub(crate) fn left_out(&self, ticket: &Ticket) -> Option<String> {
        if let Some(reason) = self.inputs.skip.get(&ticket.id.source_ref().to_string()) {
            return Some(format!("skip.csv: {reason}"));
        }
        let day: Date = ticket.created_at?.to_zoned(TimeZone::UTC).date();
        let filters = &self.inputs.filters;
        if filters.created_from.is_some_and(|from| day < from) {
            return Some("created before filters.created_from".to_owned());
        }
        filters
            .created_before
            .is_some_and(|end| day >= end)
            .then(|| "created after filters.created_before".to_owned())
    }

    /// The draft of a ticket with everything that belongs to it.
    pub(crate) fn of_thread(&self, rule: &ObjectRule, thread: &Thread) -> Made {
        self.finish(self.mapper().map(rule, Input::Thread(thread)))
    }

    /// The draft of records with one natural key.
    pub(crate) fn of_records(&self, rule: &ObjectRule, records: &[Record]) -> Made {
        match self.with_files(records) {
            Ok(None) => self.finish(self.mapper().map(rule, Input::Records(records))),
            Ok(Some(all)) => self.finish(self.mapper().map(rule, Input::Records(&all))),
            Err(e) => Made::Refused(e),
        }
    }

    /// The records with the files of those that are articles; `None` when there are none.
    fn with_files(&self, records: &[Record]) -> Result<Option<Vec<Record>>> {
        let mut files = Vec::new();
        for record in records {
            let Record::KbArticle(article) = record else { continue };
            for id in &article.attachments {
                files.extend(self.stage.record(&id.source_ref())?);
            }
        }
        Ok((!files.is_empty()).then(|| records.iter().cloned().chain(files).collect()))
    }

    fn finish(&self, mapped: Result<Mapped>) -> Made {
        match mapped {
            Ok(Mapped { draft: Some(draft), losses, .. }) => self.shape(&draft, losses),
            Ok(Mapped { skipped, losses, .. }) => {
                Made::Skipped(skipped.unwrap_or_else(|| "no rule makes anything of it".to_owned()), losses)
            }
            Err(e) => Made::Refused(e),
        }
    }

    /// The draft as the destination will hold it.
    pub(crate) fn shape(&self, draft: &Draft, mut losses: Vec<Loss>) -> Made {
        let shaped = match self.sink.shape(draft, &self.inputs.catalog) {
            Ok(shaped) => shaped,
            Err(e) => return Made::Refused(e),
        };
        match self.sink.steps(&Change::first(&shaped.draft)) {
            Ok(steps) => {
                losses.extend(shaped.losses.iter().cloned());
                Made::Draft(Box::new(Finished { shaped, losses, steps }))
            }
            Err(e) => Made::Refused(e),
        }
    }

    /// Makes the draft of a planned row again.
    pub(crate) fn again(&self, row: &PlanRow) -> Result<Finished> {
        let made = match row.rule.as_str() {
            STAND_IN => {
                let draft = self.mapper().stand_in(&row.record).ok_or_else(|| gone(&row.record))?;
                self.shape(&draft, Vec::new())
            }
            BATCH => {
                let draft = self.sink.batch_mark(&row.record.id).ok_or_else(|| gone(&row.record))?;
                self.shape(&draft, Vec::new())
            }
            SCHEMA => {
                let wanted = self.mapping.schema_drafts(&self.seen);
                let draft =
                    wanted.iter().find(|d| d.source == row.record).ok_or_else(|| gone(&row.record))?;
                self.shape(draft, Vec::new())
            }
            _ => self.again_by_rule(row)?,
        };
        match made {
            Made::Draft(finished) => Ok(*finished),
            Made::Skipped(..) => Err(gone(&row.record)),
            Made::Refused(e) => Err(e),
        }
    }

    fn again_by_rule(&self, row: &PlanRow) -> Result<Made> {
        let rules = self.mapping.objects().iter();
        let rule = rules
            .into_iter()
            .find(|r| r.row == row.rule && r.to == row.kind && r.from == row.record.kind)
            .ok_or_else(|| gone(&row.record))?;
        let staged = self.stage.record(&row.record)?.ok_or_else(|| gone(&row.record))?;
        if let Record::Ticket(ticket) = staged {
            return Ok(self.of_thread(rule, &thread(self.stage, ticket)?));
        }
        // The group as it was planned: the record and those it stands for, in the order of their ids.
        let mut names: Vec<&SourceRef> = std::iter::once(&row.record).chain(&row.aliases).collect();
        names.sort_by_key(|r| (r.id.len(), r.id.clone()));
        let mut records = Vec::with_capacity(names.len());
        for name in names {
            records.push(self.stage.record(name)?.ok_or_else(|| gone(name))?);
        }
        Ok(self.of_records(rule, &records))
    }
}

fn gone(record: &SourceRef) -> Error {
    Error::not_sent(ErrorKind::NotFound, "the plan names a record that can't be made any more; plan again")
        .with("record", record)
}
