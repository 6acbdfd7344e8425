//! Proposals for what no rule can know: who is who, and which queue is which team.

use super::schema_proposals::{self, FieldProposal, HoursProposal, PersonProposal, SetProposal};
use super::{Mapping, Observations};
use crate::model::AgentState;
use crate::{Catalog, Private, RemoteRef, SourceRef, Team};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counterparts of people and queues at the destination, as a person confirmed them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// Teammates by agent (`agent:7`).
    pub people: BTreeMap<SourceRef, RemoteRef>,
    /// Teams by queue or ticketbox (`queue:3`, `ticketbox:9`).
    pub teams: BTreeMap<SourceRef, RemoteRef>,
}

/// How sure a proposal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nothing was found.
    None,
    /// Something may fit; a person decides.
    Low,
    /// It fits, with a remark.
    High,
    /// It is the same.
    Certain,
}

/// A proposed counterpart of one record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// The record.
    pub source: SourceRef,
    /// Its name, for the person who confirms.
    pub source_name: Private,
    /// The proposed counterpart.
    pub remote: Option<RemoteRef>,
    /// Its name.
    pub remote_name: Option<Private>,
    /// Why.
    pub reason: String,
    /// How sure.
    pub confidence: Confidence,
}

/// What [`propose`] found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Proposals {
    /// Agents, in order of their ids.
    pub people: Vec<Proposal>,
    /// Queues, then ticketboxes, in order of their ids.
    pub teams: Vec<Proposal>,
    /// Custom fields by kind of record and name.
    pub fields: Vec<FieldProposal>,
    /// Sets of categories by name.
    pub categories: Vec<SetProposal>,
    /// Profiles of working hours.
    pub hours: Vec<HoursProposal>,
    /// Contacts that may be one person on several channels. They are never merged unasked.
    pub persons: Vec<PersonProposal>,
}

impl Proposals {
    /// What would hold if nobody corrected anything: proposals that are at least [`Confidence::High`].
    pub fn resolution(&self) -> Resolution {
        let sure = |list: &[Proposal]| {
            list.iter()
                .filter(|p| p.confidence >= Confidence::High)
                .filter_map(|p| Some((p.source.clone(), p.remote.clone()?)))
                .collect()
        };
        Resolution { people: sure(&self.people), teams: sure(&self.teams) }
    }
}

/// Compares what was observed with what the destination has.
///
/// Agents match by e-mail address whatever its case, never by name alone; queues and ticketboxes by name whatever its
/// case and white space. Two candidates are no match.
///
/// Custom fields and sets of categories go where the mapping puts them; a narrower type that all values fit, or an
/// attribute that is there already, is proposed and waits for a person.
pub fn propose(mapping: &Mapping, seen: &Observations, to: &Catalog) -> Proposals {
    let agents = seen.agents.values();
    let people =
        agents.map(|a| person(a.id.source_ref(), &a.name, a.email.as_deref(), a.state, to)).collect();
    let queues = seen.queues.values().map(|q| team(q.id.source_ref(), &q.name, &to.teams));
    let boxes = seen.ticketboxes.values().map(|b| team(b.id.source_ref(), &b.name, &to.teams));
    Proposals {
        people,
        teams: queues.chain(boxes).collect(),
        fields: schema_proposals::fields(mapping, seen, to),
        categories: schema_proposals::sets(mapping, seen, to),
        hours: schema_proposals::hours(mapping, seen),
        persons: schema_proposals::persons(seen),
    }
}

fn person(
    source: SourceRef,
    name: &Private,
    email: Option<&str>,
    state: AgentState,
    to: &Catalog,
) -> Proposal {
    let open = |reason: &str, confidence| Proposal {
        source: source.clone(),
        source_name: name.clone(),
        remote: None,
        remote_name: None,
        reason: reason.to_owned(),
        confidence,
    };
    let with = |p: &crate::Person, reason: &str, confidence| Proposal {
        remote: Some(p.remote.clone()),
        remote_name: Some(p.name.clone()),
        ..open(reason, confidence)
    };
    let Some(email) = email.map(fold).filter(|e| !e.is_empty()) else {
        let same = only(to.people.iter().filter(|p| p.active && fold(&p.name) == fold(name)));
        return match same {
            Some(p) => with(p, "no e-mail address at the source; same name", Confidence::Low),
            None => open("no e-mail address at the source", Confidence::None),
        };
    };
    let mut found = to.people.iter().filter(|p| p.email.as_deref().is_some_and(|e| fold(e) == email));
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => open("several teammates have this e-mail address", Confidence::Low),
        (Some(p), None) if !p.active => {
            with(p, "same e-mail address, but can't be given work", Confidence::Low)
        }
        (Some(p), None) if state == AgentState::Active => with(p, "same e-mail address", Confidence::Certain),
        (Some(p), None) => with(p, "same e-mail address; the account is off at the source", Confidence::High),
        _ => open("no teammate has this e-mail address", Confidence::None),
    }
}

fn team(source: SourceRef, name: &str, teams: &[Team]) -> Proposal {
    let mut found = teams.iter().filter(|t| fold(&t.name) == fold(name));
    let (remote, reason, confidence) = match (found.next(), found.next()) {
        (Some(_), Some(_)) => (None, "several teams have this name", Confidence::Low),
        (Some(t), None) if t.name == name => (Some(t), "same name", Confidence::Certain),
        (Some(t), None) => (Some(t), "same name but for case or white space", Confidence::High),
        _ => (None, "no team has this name", Confidence::None),
    };
    Proposal {
        source,
        source_name: Private::from(name),
        remote: remote.map(|t| t.remote.clone()),
        remote_name: remote.map(|t| Private::from(t.name.as_str())),
        reason: reason.to_owned(),
        confidence,
    }
}

fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

pub(super) fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Person;
    use crate::model::{Agent, Extra, Queue};

    fn built_in() -> Mapping {
        Mapping::built_in("focalscope-to-intercom").unwrap()
    }

    fn agent(id: &str, name: &str, email: Option<&str>, state: AgentState) -> Agent {
        Agent {
            id: id.into(),
            login: name.into(),
            name: name.into(),
            email: email.map(Private::from),
            state,
            groups: vec![],
            extension: None,
            extra: Extra::new(),
        }
    }
    fn mate(id: &str, name: &str, email: &str) -> Person {
        Person {
            remote: RemoteRef::new("admin", id),
            name: name.into(),
            email: Some(email.into()),
            active: true,
        }
    }
    fn queue(id: &str, name: &str) -> Queue {
        Queue {
            id: id.into(),
            name: name.into(),
            ticketboxes: vec![],
            members: vec![],
            max_tickets: None,
            rules: vec![],
            extra: Extra::new(),
        }
    }

    #[test]
    fn agents_match_by_address_whatever_its_case_and_never_surely_by_name() {
        let mut seen = Observations::default();
        for a in [
            agent("1", "Ada", Some(" ADA@example.com"), AgentState::Active),
            agent("2", "Bob", None, AgentState::Active),
            agent("3", "Cid", Some("cid@example.com"), AgentState::Deleted),
            agent("4", "Dan", Some("dan@example.com"), AgentState::Active),
        ] {
            seen.observe(&a.into());
        }
        let to = Catalog {
            people: vec![
                mate("10", "A.", "ada@example.com"),
                mate("11", "bob", "robert@example.com"),
                mate("12", "Cid", "cid@example.com"),
            ],
            ..Catalog::default()
        };
        let found = propose(&built_in(), &seen, &to);
        let sure: Vec<Confidence> = found.people.iter().map(|p| p.confidence).collect();
        assert_eq!(sure, [Confidence::Certain, Confidence::Low, Confidence::High, Confidence::None]);
        let ids: Vec<String> = found.resolution().people.keys().map(ToString::to_string).collect();
        assert_eq!(ids, ["agent:1", "agent:3"]);
    }

    #[test]
    fn two_teams_of_one_name_are_no_match() {
        let mut seen = Observations::default();
        seen.observe(&queue("1", "Billing").into());
        seen.observe(&queue("2", "sales ").into());
        let team = |id: &str, name: &str| Team {
            remote: RemoteRef::new("team", id),
            name: name.into(),
            members: vec![],
        };
        let to = Catalog {
            teams: vec![team("5", "Billing"), team("6", "BILLING"), team("7", "Sales")],
            ..Catalog::default()
        };
        let found = propose(&built_in(), &seen, &to);
        assert_eq!(found.teams[0].remote, None);
        assert_eq!(found.teams[1].remote, Some(RemoteRef::new("team", "7")));
        assert_eq!(found.resolution().teams.len(), 1);
    }
}
