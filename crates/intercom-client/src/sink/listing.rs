//! Everything of a kind: marks of batches, and what people made by hand.

use super::IntercomSink;
use super::schema::MARK;
use crate::api::{Macro, Query};
use futures_util::TryStreamExt as _;
use mapping_core::text::canonical;
use mapping_core::{
    Catalog, Draft, Format, Link, Marked, Observed, RemoteRef, Result, SourceRef, Value, Window,
};

impl IntercomSink {
    /// Every tag that a migration's batch goes by, whoever made it. One search each.
    pub(super) async fn find_marks(&self, there: &Catalog) -> Result<Vec<Marked>> {
        let label = |name: &str| {
            let (start, label) = name.split_at_checked(MARK.len())?;
            start.eq_ignore_ascii_case(MARK).then(|| label.to_owned())
        };
        let mut marks = Vec::new();
        for (tag, label) in there.tags.iter().filter_map(|tag| Some((tag, label(&tag.name)?))) {
            let query = Query::is("tag_ids", tag.remote.id.as_str());
            let page = self.client.conversations().search(&query, 1, None).await?;
            let shown = page.items.len() as u64;
            let example = page.items.first().map(|it| RemoteRef::new("conversation", it.id.as_str()));
            let records = page.total.unwrap_or(shown).max(shown);
            marks.push(Marked { mark: tag.remote.clone(), label, records, example });
        }
        Ok(marks)
    }

    pub(super) async fn list_objects(&self, kind: &str) -> Result<Option<Vec<Observed>>> {
        Ok(Some(match kind {
            "team" => self.client.teams().list().await?.into_iter().map(team).collect(),
            "macro" => {
                let all: Vec<Macro> = self.client.macros().list_all().try_collect().await?;
                all.into_iter().map(saved_reply).collect()
            }
            "office_hours" => {
                let mut all = Vec::new();
                for it in self.client.office_hours().list().await? {
                    all.push(self.whole_schedule(it).await?);
                }
                all
            }
            "collection" => self.collections().await?.iter().map(super::read::collection).collect(),
            "article" => {
                let addresses = self.addresses().await?;
                let public = self.articles().await?;
                let inner = self.internal_articles().await?;
                let public = public.iter().map(|it| super::read::article(it, addresses));
                public.chain(inner.iter().map(|it| super::read::internal_article(it, addresses))).collect()
            }
            _ => return Ok(None),
        }))
    }
}

/// An empty draft for something that was found, named after itself.
pub(super) fn named(at: &RemoteRef) -> Draft {
    Draft::new(at.kind.clone(), SourceRef::new(at.kind.clone(), at.id.clone()))
}

/// Something that was seen whole.
pub(super) fn whole(draft: Draft) -> Observed {
    Observed { draft, window: Window::Whole, version: None }
}

/// Links to objects of the destination.
pub(super) fn links<'a>(kind: &'static str, ids: impl IntoIterator<Item = &'a str>) -> Value {
    Value::List(ids.into_iter().map(|id| Value::Link(Link::Remote(RemoteRef::new(kind, id)))).collect())
}

/// A macro: its text with placeholders as people type them, and the teams that see it.
fn saved_reply(it: Macro) -> Observed {
    let text = it.body_text.as_deref().map(|t| canonical(Format::Plain, t)).unwrap_or_default();
    let draft = named(&RemoteRef::new("macro", it.id.as_str()))
        .with("name", it.name)
        .with("body", text)
        .with("visible_to", it.visible_to.unwrap_or_else(|| "everyone".to_owned()))
        .with("teams", links("team", it.visible_to_team_ids.iter().map(|id| id.as_str())));
    let version = it.updated_at.map(|t| t.to_string());
    Observed { version, ..whole(draft) }
}

fn team(team: crate::api::Team) -> Observed {
    let draft = named(&RemoteRef::new("team", team.id.as_str())).with("name", team.name);
    whole(draft.with("members", links("admin", team.admin_ids.iter().map(|id| id.as_str()))))
}
