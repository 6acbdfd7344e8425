//! Cases about categories and custom fields.

use super::super::Desk;
use super::super::people::{
    BOX_BILLING, BOX_SALES, CATEGORY_MANY, CATEGORY_REGION_BILLING, CATEGORY_REGION_SALES, CATEGORY_TOPIC,
};
use crate::dataset::{Category, CustomField, Dataset, FieldType, Ticket, TicketCategory};

const MANY: usize = 1000;

/// The value was called so until somebody changed the list.
const OLD_VALUE: &str = "Enquiry";

fn choose(ticket: &mut Ticket, category: u64, value: &str) {
    ticket.categories.retain(|chosen| chosen.category != category);
    ticket.categories.push(TicketCategory { category, values: vec![value.to_owned()] });
}

fn add(desk: &mut Desk, category: Category) {
    if desk.dataset.categories.iter().all(|known| known.id != category.id) {
        desk.dataset.categories.push(category);
    }
}

pub(super) fn many_values(desk: &mut Desk) {
    let Some(index) = desk.take(|_| true) else { return };
    let value = |number: usize| format!("Part {number:04}");
    add(
        desk,
        Category {
            id: CATEGORY_MANY,
            name: "Spare part".into(),
            values: (1..=MANY).map(value).collect(),
            active: true,
            ..Category::default()
        },
    );
    let number = desk.rng.usize(1..=MANY);
    choose(&mut desk.dataset.tickets[index], CATEGORY_MANY, &value(number));
}

pub(super) fn has_many_values(desk: &Dataset) -> bool {
    desk.categories.iter().any(|category| category.values.len() >= MANY)
}

pub(super) fn renamed(desk: &mut Desk) {
    if let Some(ticket) = desk.ticket(|_| true) {
        choose(ticket, CATEGORY_TOPIC, OLD_VALUE);
    }
}

pub(super) fn has_renamed(desk: &Dataset) -> bool {
    let gone = |chosen: &TicketCategory| {
        let category = desk.categories.iter().find(|category| category.id == chosen.category);
        category.is_some_and(|category| chosen.values.iter().any(|value| !category.values.contains(value)))
    };
    desk.tickets.iter().any(|ticket| ticket.categories.iter().any(gone))
}

pub(super) fn two_scopes(desk: &mut Desk) {
    let scopes = [
        (CATEGORY_REGION_BILLING, BOX_BILLING, ["North", "South"]),
        (CATEGORY_REGION_SALES, BOX_SALES, ["EMEA", "North"]),
    ];
    for (id, scope, values) in scopes {
        let Some(index) = desk.take(|ticket| ticket.ticketbox == Some(scope)) else { continue };
        choose(&mut desk.dataset.tickets[index], id, values[0]);
        let values = values.map(str::to_owned).to_vec();
        add(
            desk,
            Category { id, name: "Region".into(), values, scope: Some(scope), active: true, multi: false },
        );
    }
}

pub(super) fn has_two_scopes(desk: &Dataset) -> bool {
    let same = |one: &Category, other: &Category| one.name == other.name && one.scope != other.scope;
    desk.categories.iter().any(|one| desk.categories.iter().any(|other| same(one, other)))
}

/// Puts fields on one ticket each.
fn fill(desk: &mut Desk, fields: &[(&str, FieldType, &str)]) {
    for (name, kind, value) in fields {
        let Some(ticket) = desk.ticket(|_| true) else { return };
        ticket.custom_fields.retain(|field| field.name != *name);
        let value = Some((*value).to_owned());
        ticket.custom_fields.push(CustomField { name: (*name).into(), kind: kind.clone(), value });
    }
}

fn filled(desk: &Dataset, kind: &FieldType, has: impl Fn(&str) -> bool) -> bool {
    let fields = desk.tickets.iter().flat_map(|ticket| &ticket.custom_fields);
    fields.filter(|field| field.kind == *kind).any(|field| field.value.as_deref().is_some_and(&has))
}

pub(super) fn type_disagrees(desk: &mut Desk) {
    fill(
        desk,
        &[
            ("Refund", FieldType::Number, "about twelve"),
            ("Delivered", FieldType::Date, "next week"),
            ("Under warranty", FieldType::Boolean, "perhaps"),
        ],
    );
}

pub(super) fn has_type_disagrees(desk: &Dataset) -> bool {
    let no_digit = |text: &str| !text.contains(|c: char| c.is_ascii_digit());
    filled(desk, &FieldType::Number, no_digit)
        && filled(desk, &FieldType::Date, no_digit)
        && filled(desk, &FieldType::Boolean, |text| text == "perhaps")
}

pub(super) fn decimal_comma(desk: &mut Desk) {
    fill(desk, &[("Refund", FieldType::Number, "1.234,56"), ("Refund", FieldType::Number, "0,5")]);
}

pub(super) fn has_decimal_comma(desk: &Dataset) -> bool {
    filled(desk, &FieldType::Number, |text| text.contains(','))
}

/// One that can be nothing else, one that could be month-first, one with dots, one as it should be.
pub(super) fn day_first(desk: &mut Desk) {
    let dates = ["31/12/2025", "07/08/2025", "7.8.2025", "2025-12-31"];
    fill(desk, &dates.map(|date| ("Delivered", FieldType::Date, date)));
}

pub(super) fn has_day_first(desk: &Dataset) -> bool {
    filled(desk, &FieldType::Date, |text| text == "31/12/2025")
}
