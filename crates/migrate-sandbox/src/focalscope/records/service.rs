//! How SLA profiles and working hours are written.

use super::Xml;
use crate::dataset::{SlaProfile, WorkingHours};

pub(in super::super) fn sla_profile(xml: &mut Xml<'_>, profile: &SlaProfile) {
    xml.value("Id", profile.id);
    xml.text("Name", &profile.name);
    xml.nillable("FirstResponseMinutes", profile.first_response_minutes);
    xml.nillable("NextResponseMinutes", profile.next_response_minutes);
    xml.nillable("ResolutionMinutes", profile.resolution_minutes);
    xml.value("BusinessHours", profile.business_hours);
    xml.strings("StopsOn", &profile.stops_on);
    xml.strings("AppliesTo", &profile.applies_to);
    xml.strings("Escalations", &profile.escalations);
    xml.end_of("SlaProfile");
}

pub(in super::super) fn working_hours(xml: &mut Xml<'_>, profile: &WorkingHours) {
    xml.value("Id", profile.id);
    xml.text("Name", &profile.name);
    xml.value("OffsetHours", f64::from(profile.offset_minutes) / 60.0);
    xml.string("TimeZone", profile.zone.as_deref().filter(|_| !xml.knobs().hours_without_zone));
    xml.array("Intervals", "Interval", &profile.week, |xml, interval| {
        xml.value("Day", interval.day);
        xml.text("From", &interval.from);
        xml.text("To", &interval.to);
        xml.end_of("Interval");
    });
    xml.dates("Holidays", &profile.holidays);
    xml.end_of("WorkingHoursProfile");
}
