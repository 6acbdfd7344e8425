//! Cases about categories and custom fields.

use super::loaded::Loaded;
use mapping_core::LossRule;
use migrate_sandbox::dataset::{FieldType, Ticket};
use serde_json::Value;

/// The ticket with this value of a category.
fn choosing<'a>(l: &'a Loaded, category: u64, value: &str) -> &'a Ticket {
    let chosen = |it: &Ticket| {
        it.categories.iter().any(|it| it.category == category && it.values.iter().any(|it| it == value))
    };
    l.ticket(|it| chosen(it) && l.target("ticket", it.id).is_some() && it.merged_into.is_none())
}

fn attribute<'a>(l: &'a Loaded, name: &str) -> &'a Value {
    let all = l.list("/conversations/attributes");
    let list = all.as_array().or_else(|| all["data"].as_array()).unwrap();
    list.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("no attribute {name}"))
}

fn options<'a>(l: &'a Loaded, name: &str) -> Vec<&'a str> {
    let of = attribute(l, name);
    assert_eq!(of["data_type"], "list");
    of["options"].as_array().unwrap().iter().map(|it| it["label"].as_str().unwrap()).collect()
}

pub(super) fn category_values_with_commas_and_quotes(l: &Loaded) {
    let ticket = choosing(l, 403, "The \"usual\" thing");
    let tags = l.thread(ticket).tags();
    for value in ["Late, but arrived", "Broken, sent back", "The \"usual\" thing"] {
        assert!(tags.contains(&format!("Reason of return: {value}").as_str()), "{value}: {tags:?}");
    }
    let of_it = tags.iter().filter(|it| it.starts_with("Reason of return"));
    assert_eq!(of_it.count(), 3, "none was cut at a comma");
}

pub(super) fn inactive_category(l: &Loaded) {
    let ticket = choosing(l, 404, "Spring");
    assert_eq!(*l.thread(ticket).attribute("focalscope_campaign_2019__c"), "Spring");
}

pub(super) fn category_with_1_000_values(l: &Loaded) {
    let ticket = l.ticket(|it| it.categories.iter().any(|it| it.category == 405));
    let value = &ticket.categories.iter().find(|it| it.category == 405).unwrap().values[0];
    assert_eq!(*l.thread(ticket).attribute("focalscope_spare_part__c"), value.as_str());
    // A list holds 250 options at most: more than that is kept as text.
    let of = attribute(l, "focalscope_spare_part__c");
    let held = of["options"].as_array().map_or(0, Vec::len);
    assert!(of["data_type"] == "string" || held <= 250, "{of}");
}

fn renamed(l: &Loaded) -> &Ticket {
    choosing(l, 401, "Enquiry")
}

pub(super) fn category_value_renamed(l: &Loaded) {
    let ticket = renamed(l);
    l.assert_loss(
        "ticket",
        ticket.id,
        "ticket.categories",
        LossRule::Dropped,
        "the source has no such category",
    );
    // Nothing else is put in its place.
    assert_eq!(*l.thread(ticket).attribute("focalscope_topic__c"), Value::Null);
    let mut all = options(l, "focalscope_topic__c");
    all.sort_unstable();
    assert_eq!(all, ["Complaint", "Order", "Question", "Return"]);
}

/// The ticket says the value in words: nothing but the list of values lacks it.
pub(super) fn value_that_the_list_lacks(l: &Loaded) {
    assert_eq!(*l.thread(renamed(l)).attribute("focalscope_topic__c"), "Enquiry");
}

pub(super) fn category_of_the_same_name_on_two_scopes(l: &Loaded) {
    let (billing, sales) = (choosing(l, 406, "North"), choosing(l, 407, "EMEA"));
    assert_eq!(*l.thread(billing).attribute("focalscope_region__c"), "North (Billing)");
    assert_eq!(*l.thread(sales).attribute("focalscope_region__c"), "EMEA");
    let mut all = options(l, "focalscope_region__c");
    all.sort_unstable();
    assert_eq!(all, ["EMEA", "North (Billing)", "North (Sales)", "South"], "values of both, told apart");
}

/// The ticket with this value of a custom field, and the value at the destination: words as they were.
fn assert_kept(l: &Loaded, name: &str, kind: &FieldType, value: &str) {
    let has = |it: &Ticket| {
        it.custom_fields
            .iter()
            .any(|it| it.name == name && it.kind == *kind && it.value.as_deref() == Some(value))
    };
    let ticket = l.ticket(|it| has(it) && l.target("ticket", it.id).is_some() && it.merged_into.is_none());
    let slug = format!("focalscope_{}__c", name.to_lowercase().replace(' ', "_"));
    assert_eq!(*l.thread(ticket).attribute(&slug), value);
    assert_eq!(attribute(l, &slug)["data_type"], "string", "one that disagrees makes the field a text");
}

pub(super) fn custom_field_whose_type_disagrees_with_its_values(l: &Loaded) {
    assert_kept(l, "Refund", &FieldType::Number, "about twelve");
    assert_kept(l, "Delivered", &FieldType::Date, "next week");
    assert_kept(l, "Under warranty", &FieldType::Boolean, "perhaps");
    let fields = l.file("mapping/fields.csv");
    assert!(fields.contains("Refund"), "a person can decide otherwise: {fields}");
}

pub(super) fn decimal_comma(l: &Loaded) {
    assert_kept(l, "Refund", &FieldType::Number, "1.234,56");
    assert_kept(l, "Refund", &FieldType::Number, "0,5");
}

pub(super) fn day_first_dates(l: &Loaded) {
    for date in ["31/12/2025", "07/08/2025", "7.8.2025", "2025-12-31"] {
        assert_kept(l, "Delivered", &FieldType::Date, date);
    }
}
