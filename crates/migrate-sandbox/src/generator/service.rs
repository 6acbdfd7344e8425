//! Ordinary promises and working hours.

use jiff::civil::{Date, date};

use super::Desk;
use crate::dataset::{Interval, Priority, SlaProfile, WorkingHours};

/// Hours with the name of a zone.
pub(super) const HOURS_OFFICE: u64 = 1;
/// Hours without end.
const HOURS_ALWAYS: u64 = 2;
/// Hours with nothing but an offset.
pub(super) const HOURS_OFFSET_ONLY: u64 = 3;

pub(super) fn fill(desk: &mut Desk) {
    desk.dataset.sla_profiles = profiles();
    desk.dataset.working_hours = hours();
}

/// One for every folder, and one for each priority.
fn profiles() -> Vec<SlaProfile> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let mut all = vec![SlaProfile {
        id: 1,
        name: "Standard".into(),
        first_response_minutes: Some(240),
        next_response_minutes: Some(480),
        resolution_minutes: None,
        business_hours: true,
        stops_on: words(&["replied", "closed", "on hold"]),
        applies_to: words(&["ticketbox: Customers"]),
        escalations: words(&[
            "After 75 %: colour the ticket yellow",
            "After 100 %: mail to group Supervisors",
        ]),
    }];
    let targets = [
        (Priority::Low, 1440, 10_080),
        (Priority::Normal, 480, 4320),
        (Priority::High, 120, 1440),
        (Priority::Urgent, 30, 240),
    ];
    for (id, (priority, first, end)) in (2..).zip(targets) {
        all.push(SlaProfile {
            id,
            name: format!("{priority} priority"),
            first_response_minutes: Some(first),
            next_response_minutes: (priority != Priority::Low).then_some(first * 2),
            resolution_minutes: Some(end),
            business_hours: priority != Priority::Urgent,
            stops_on: words(&["closed", "moved"]),
            applies_to: vec![format!("priority: {priority}")],
            escalations: if priority == Priority::Urgent {
                words(&["After 50 %: assign to agent Anna Berg"])
            } else {
                Vec::new()
            },
        });
    }
    all
}

fn week(days: std::ops::RangeInclusive<u8>, hours: &[(&str, &str)]) -> Vec<Interval> {
    let of =
        |day| hours.iter().map(move |(from, to)| Interval { day, from: (*from).into(), to: (*to).into() });
    days.flat_map(of).collect()
}

fn hours() -> Vec<WorkingHours> {
    let holidays: Vec<Date> =
        vec![date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1), date(2026, 12, 25)];
    let mut office = week(0..=3, &[("09:00", "17:00")]);
    office.extend(week(4..=4, &[("09:00", "12:00"), ("12:30", "15:30")]));
    vec![
        WorkingHours {
            id: HOURS_OFFICE,
            name: "Office hours".into(),
            offset_minutes: 60,
            zone: Some("Europe/Copenhagen".into()),
            week: office,
            holidays: holidays.clone(),
        },
        WorkingHours {
            id: HOURS_ALWAYS,
            name: "Round the clock".into(),
            offset_minutes: 0,
            zone: Some("Etc/UTC".into()),
            week: week(0..=6, &[("00:00", "24:00")]),
            holidays: Vec::new(),
        },
        WorkingHours {
            id: HOURS_OFFSET_ONLY,
            name: "Hotline".into(),
            offset_minutes: 60,
            zone: None,
            week: week(0..=5, &[("08:00", "20:00")]),
            holidays,
        },
    ]
}
