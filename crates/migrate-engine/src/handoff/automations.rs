//! Rules and sequences: what sets each off, what it does, the nearest thing, and whether it would fire on loaded records.

use super::Built;
use super::desk::{Desk, cell, yes};
use crate::Failure;
use crate::sheet::Sheet;
use mapping_core::mapping::Handoff;
use mapping_core::model::{Automation, AutomationKind, Record};

/// What a load does at the destination, with the words by which rules name it.
const MOMENTS: [(&str, &[&str]); 5] = [
    (
        "when a loaded thread is made",
        &["new", "creat", "receiv", "incoming", "arriv", "inbound", "open", "message"],
    ),
    ("when a loaded thread is closed", &["clos", "resolv", "solved", "status", "state"]),
    ("when a loaded thread is assigned", &["assign", "queue", "moved", "transfer", "rout"]),
    (
        "when the values of a loaded record are set",
        &["field", "categor", "priority", "tag", "updat", "chang"],
    ),
    (
        "later, since loaded threads look new",
        &["hour", "minute", "day", "idle", "inactiv", "overdue", "sla", "time"],
    ),
];

pub(super) fn rules(desk: &Desk<'_>, handoff: &Handoff) -> Result<Built, Failure> {
    let head = [
        "record",
        "name",
        "kind",
        "on",
        "scope",
        "order",
        "trigger",
        "conditions",
        "actions",
        "nearest there",
        "would it fire on loaded records",
    ];
    let mut built = Built::of(Sheet::new("Rules", &head));
    let mut firing = 0;
    desk.each("automation", &mut |record| {
        let Record::Automation(rule) = record else { return Ok(()) };
        let fires = fires(&rule);
        firing += u64::from(fires.starts_with("yes"));
        let row = [
            rule.id.source_ref().to_string(),
            rule.name.clone(),
            match rule.kind {
                AutomationKind::Rule => "rule",
                AutomationKind::Sequence => "sequence",
            }
            .to_owned(),
            yes(rule.enabled),
            cell(rule.scope.as_ref()),
            cell(rule.order),
            cell(rule.trigger.as_ref()),
            rule.conditions.join("; "),
            rule.actions.join("; "),
            near(handoff, &rule),
            fires,
        ];
        built.sheets[0].push(row);
        Ok(())
    })?;
    if firing > 0 {
        built.flags.push(format!(
            "Would fire on loaded records: {firing}. Make them after the move, or exempt those records."
        ));
    }
    Ok(built)
}

/// By what it does first, then by what sets it off: two rules with one trigger are different things.
fn near(handoff: &Handoff, rule: &Automation) -> String {
    let kind = if rule.kind == AutomationKind::Sequence { "sequence" } else { "" };
    let texts = [
        kind.to_owned(),
        rule.name.clone(),
        rule.actions.join(" "),
        rule.conditions.join(" "),
        cell(rule.trigger.as_ref()),
    ];
    let found = texts.iter().filter(|t| !t.is_empty()).find_map(|t| handoff.nearest(t));
    found.unwrap_or("nothing near: see the guide").to_owned()
}

/// Whether the same rule at the destination would act on what a load writes; rather once too often.
fn fires(rule: &Automation) -> String {
    if !rule.enabled {
        return "no: it is off".to_owned();
    }
    if rule.kind == AutomationKind::Sequence {
        return "yes, for loaded people who meet its conditions".to_owned();
    }
    let trigger = rule.trigger.as_deref().unwrap_or_default().to_lowercase();
    let words = if trigger.trim().is_empty() { rule.conditions.join(" ").to_lowercase() } else { trigger };
    match MOMENTS.iter().find(|(_, known)| known.iter().any(|w| words.contains(w))) {
        Some((when, _)) => format!("yes, {when}"),
        None => "perhaps: what sets it off isn’t known".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mapping_core::model::Extra;

    fn rule(trigger: &str, enabled: bool) -> Automation {
        Automation {
            id: "1".into(),
            name: "A".into(),
            kind: AutomationKind::Rule,
            trigger: Some(trigger.into()),
            scope: None,
            order: None,
            enabled,
            conditions: Vec::new(),
            actions: Vec::new(),
            extra: Extra::new(),
        }
    }

    #[test]
    fn a_rule_that_a_load_would_set_off_is_said_to_fire() {
        assert_eq!(fires(&rule("On new ticket", true)), "yes, when a loaded thread is made");
        assert_eq!(fires(&rule("Ticket closed", true)), "yes, when a loaded thread is closed");
        assert_eq!(fires(&rule("On new ticket", false)), "no: it is off");
        assert!(fires(&rule("Full moon", true)).starts_with("perhaps"));
        assert!(fires(&Automation { kind: AutomationKind::Sequence, ..rule("x", true) }).starts_with("yes"));
    }
}
