//! From decoded values to what a help desk has written down and set up: answers, targets, hours, articles, reports, rules,
//! boards, accounts.

use super::fields::{Bad, Fields};
use super::records::{FileInfo, Maker, custom, files, small};
use crate::soap::Value;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use mapping_core::model::{
    AttachmentId, Automation, ChannelAccount, Figures, KbArticle, KbCategory, Record, Report, SlaPolicy,
    StandardResponse, Wallboard, WeeklyInterval, WorkingHours,
};
use mapping_core::{Body, Format, Private};

/// The most rows of a report that are kept.
pub(crate) const MOST_ROWS: usize = 10_000;

impl Maker<'_> {
    pub(crate) fn standard_response(&mut self, value: Value) -> Result<(Record, Vec<FileInfo>), Bad> {
        let formats = &self.rules.profile.values.format;
        let mut f = self.fields(value);
        let id = f.need_id("id")?;
        let format = f.word("format", formats)?.unwrap_or(Format::Plain);
        let mut files = files(&mut f)?;
        let response = StandardResponse {
            attachments: named("standard_response", &id, &mut files),
            id: id.into(),
            name: f.any_text("name"),
            folder: f.list("folder"),
            subject: f.text("subject"),
            body: Body { format, text: f.any_text("body").into() },
            queues: f.list("queues").into_iter().map(Into::into).collect(),
            ticketboxes: f.list("ticketboxes").into_iter().map(Into::into).collect(),
            language: f.id("language"),
            extra: f.rest(),
        };
        Ok((response.into(), files))
    }

    pub(crate) fn sla_policy(&mut self, value: Value) -> Result<Record, Bad> {
        let mut f = self.fields(value);
        let policy = SlaPolicy {
            id: f.need_id("id")?.into(),
            name: f.any_text("name"),
            first_response_minutes: small(f.count("first_response")),
            next_response_minutes: small(f.count("next_response")),
            resolution_minutes: small(f.count("resolution")),
            business_hours: f.flag("business_hours")?.unwrap_or(false),
            stops_on: f.list("stops_on"),
            applies_to: f.list("applies_to"),
            escalations: f.list("escalations"),
            extra: f.rest(),
        };
        Ok(policy.into())
    }

    pub(crate) fn working_hours(&mut self, value: Value) -> Result<Record, Bad> {
        let days = &self.rules.profile.values.weekday;
        let mut f = self.fields(value);
        let id = f.need_id("id")?;
        let (offset, zone) = (f.id("offset_hours"), f.id("zone"));
        let offset_minutes = match offset {
            Some(text) => minutes_of(&text)
                .ok_or_else(|| Bad("the value of `offset_hours` is no number of hours".to_owned()))?,
            None if zone.is_some() => 0,
            None => return Err(Bad("it has neither `offset_hours` nor `zone`".to_owned())),
        };
        let week = f.group("intervals", |i| {
            Ok(WeeklyInterval {
                weekday: i.need_word("interval_day", days)?.number(),
                from: time_of_day(i, "interval_from")?,
                to: time_of_day(i, "interval_to")?,
            })
        });
        let holidays = f.list("holidays").iter().map(|text| day(text)).collect::<Result<_, Bad>>()?;
        let hours = WorkingHours {
            id: id.into(),
            name: f.any_text("name"),
            offset_minutes,
            zone,
            week: week.into_iter().collect::<Result<_, Bad>>()?,
            holidays,
            extra: f.rest(),
        };
        Ok(hours.into())
    }

    pub(crate) fn kb_category(&mut self, value: Value) -> Result<Record, Bad> {
        let mut f = self.fields(value);
        let category = KbCategory {
            id: f.need_id("id")?.into(),
            parent: f.id("parent").map(Into::into),
            title: f.any_text("title").into(),
            extra: f.rest(),
        };
        Ok(category.into())
    }

    pub(crate) fn kb_article(&mut self, value: Value) -> Result<(Record, Vec<FileInfo>), Bad> {
        let formats = &self.rules.profile.values.format;
        let mut f = self.fields(value);
        let id = f.need_id("id")?;
        let format = f.word("format", formats)?.unwrap_or(Format::Html);
        let mut files = files(&mut f)?;
        let article = KbArticle {
            attachments: named("kb_article", &id, &mut files),
            id: id.into(),
            title: f.any_text("title").into(),
            body: Body { format, text: f.any_text("body").into() },
            categories: f.list("categories").into_iter().map(Into::into).collect(),
            // An article of which nobody says that customers may read it is for agents.
            internal: f.flag("internal")?.unwrap_or(true),
            published: f.flag("published")?.unwrap_or(false),
            language: f.id("language"),
            author: f.text("author_name"),
            author_agent: f.id("author_id").map(Into::into),
            translation_of: f.id("translation_of").map(Into::into),
            tags: f.list("tags"),
            url: f.text("url"),
            created_at: f.time("created_at"),
            modified_at: f.time("modified_at"),
            custom: custom(&mut f),
            extra: f.rest(),
        };
        Ok((article.into(), files))
    }

    /// A report's definition; its figures are asked for afterwards.
    pub(crate) fn report(&mut self, value: Value) -> Result<Report, Bad> {
        let mut f = self.fields(value);
        Ok(Report {
            id: f.need_id("id")?.into(),
            name: f.any_text("name"),
            template: shown(&mut f, "template"),
            parameters: f.list("parameters"),
            format: shown(&mut f, "format"),
            schedule: shown(&mut f, "schedule"),
            delivery: shown(&mut f, "delivery"),
            figures: None,
            extra: f.rest(),
        })
    }

    /// The figures of a report, at most [`MOST_ROWS`] rows, and how many rows there were.
    pub(crate) fn figures(&mut self, value: Value, from: Timestamp, to: Timestamp) -> (Figures, usize) {
        let mut f = self.fields(value);
        let columns = f.cells("columns");
        let mut rows =
            f.group("rows", |row| row.cells("row_values").into_iter().map(Private::from).collect::<Vec<_>>());
        let came = rows.len();
        rows.truncate(MOST_ROWS);
        f.rest();
        (Figures { from, to, columns, rows }, came)
    }

    pub(crate) fn automation(&mut self, value: Value) -> Result<Record, Bad> {
        let kinds = &self.rules.profile.values.automation;
        let mut f = self.fields(value);
        let automation = Automation {
            id: f.need_id("id")?.into(),
            name: f.any_text("name"),
            kind: f.word("kind", kinds)?.unwrap_or_default(),
            trigger: shown(&mut f, "trigger"),
            scope: shown(&mut f, "scope"),
            order: small(f.count("order")),
            enabled: f.flag("enabled")?.unwrap_or(true),
            conditions: f.list("conditions"),
            actions: f.list("actions"),
            extra: f.rest(),
        };
        Ok(automation.into())
    }

    pub(crate) fn wallboard(&mut self, value: Value) -> Result<Record, Bad> {
        let mut f = self.fields(value);
        let board = Wallboard {
            id: f.need_id("id")?.into(),
            name: f.any_text("name"),
            metrics: f.list("metrics"),
            audience: shown(&mut f, "audience"),
            extra: f.rest(),
        };
        Ok(board.into())
    }

    pub(crate) fn channel_account(&mut self, value: Value) -> Result<Record, Bad> {
        let mut f = self.fields(value);
        let account = ChannelAccount {
            id: f.need_id("id")?.into(),
            channel: f.need_id("channel")?,
            address: f.any_text("address").into(),
            incoming_host: f.id("incoming_host"),
            incoming_port: port(&mut f, "incoming_port")?,
            protocol: f.id("protocol"),
            outgoing_host: f.id("outgoing_host"),
            outgoing_port: port(&mut f, "outgoing_port")?,
            ticketbox: f.id("ticketbox").map(Into::into),
            queue: f.id("queue").map(Into::into),
            poll_minutes: small(f.count("poll_minutes")),
            last_success: f.time("last_success"),
            last_error: shown(&mut f, "last_error"),
            enabled: f.flag("enabled")?.unwrap_or(true),
            extra: f.rest(),
        };
        Ok(account.into())
    }
}

/// A text of the help desk's own settings; an empty one is none.
fn shown(f: &mut Fields<'_>, name: &str) -> Option<String> {
    f.text(name).map(|text| text.as_str().to_owned())
}

/// Gives each file without an id one of its owner's, and lists all of them.
fn named(kind: &str, owner: &str, files: &mut [FileInfo]) -> Vec<AttachmentId> {
    let name = |(place, file): (usize, &mut FileInfo)| {
        let id = file.id.get_or_insert_with(|| format!("{kind}/{owner}/{}", place + 1));
        AttachmentId::from(id.clone())
    };
    files.iter_mut().enumerate().map(name).collect()
}

/// `1`, `-3.5`, `5.75`: hours, as minutes. Nothing for what is no offset on Earth.
fn minutes_of(hours: &str) -> Option<i32> {
    let minutes = hours.parse::<f64>().ok()? * 60.0;
    let whole = minutes.round();
    ((minutes - whole).abs() < 0.01 && whole.abs() <= 14.0 * 60.0).then_some(whole as i32)
}

/// `09:00`, `09:00:00`; `24:00` is midnight, the end of the day.
fn time_of_day(f: &mut Fields<'_>, name: &str) -> Result<Time, Bad> {
    let text = f.need_id(name)?;
    let text = if text.starts_with("24:00") { "00:00" } else { text.as_str() };
    text.parse().map_err(|_| Bad(format!("the value of `{name}` is no time of day")))
}

/// A day, with or without the time and the offset that some services add to it.
fn day(text: &str) -> Result<Date, Bad> {
    let text = text.trim();
    let day = text.get(..10).unwrap_or(text);
    day.parse().map_err(|_| Bad("a value of `holidays` is no day".to_owned()))
}

fn port(f: &mut Fields<'_>, name: &str) -> Result<Option<u16>, Bad> {
    match f.count(name) {
        None | Some(0) => Ok(None),
        Some(number) => u16::try_from(number)
            .map(Some)
            .map_err(|_| Bad(format!("the value of `{name}` is larger than a port can be"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_to_the_minute_and_nonsense_is_refused() {
        for (text, minutes) in [("1", 60), ("-3.5", -210), ("5.75", 345), ("0", 0), ("12.75", 765)] {
            assert_eq!(minutes_of(text), Some(minutes), "{text}");
        }
        for bad in ["", "CET", "1.01", "25", "NaN", "inf"] {
            assert_eq!(minutes_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn holidays_may_come_with_a_time_or_an_offset() {
        for text in ["2025-12-25", "2025-12-25Z", "2025-12-25+01:00", "2025-12-25T00:00:00"] {
            assert_eq!(day(text).unwrap(), jiff::civil::date(2025, 12, 25), "{text}");
        }
        assert!(day("25/12/2025").is_err());
    }
}
