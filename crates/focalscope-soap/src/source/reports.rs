//! Figures of reports over a window of time.

use super::Inner;
use super::fields::Noticed;
use super::records::Maker;
use super::written::MOST_ROWS;
use crate::client::Call;
use crate::profile::Logical;
use crate::soap::Value;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use mapping_core::model::Report;
use mapping_core::{Error, ErrorKind, Item, Result};

/// A window of days, in the zone of the profile.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    from: Option<Date>,
    to: Option<Date>,
}

impl Window {
    pub(crate) fn of(from: Option<Date>, to: Option<Date>) -> Result<Window> {
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            let what = "`report_from` must be before `report_to`";
            return Err(Error::not_sent(ErrorKind::Config, what));
        }
        Ok(Window { from, to })
    }

    /// The moments: by default from 12 months before the end, and up to the beginning of today.
    fn moments(self, now: Timestamp, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let to = self.to.unwrap_or_else(|| now.to_zoned(zone.clone()).date());
        let from = self.from.or_else(|| to.checked_sub(12.months()).ok())?;
        let moment = |day: Date| day.to_zoned(zone.clone()).ok().map(|z| z.timestamp());
        Some((moment(from)?, moment(to)?))
    }
}

impl Inner {
    /// Asks for the figures of a report. What the service refuses is a remark: the definition is kept in any case.
    pub(crate) async fn figures(
        &self,
        report: &mut Report,
        noticed: &mut Noticed,
        items: &mut Vec<Item>,
    ) -> Result<()> {
        let Some(operation) = self.rules.profile.called(Logical::RunReport) else { return Ok(()) };
        let Some((from, to)) = self.window.moments(Timestamp::now(), &self.rules.zone) else { return Ok(()) };
        let mut parameters = super::constant_parameters(operation);
        let given = [
            (&operation.key, report.id.to_string()),
            (&operation.from, from.to_string()),
            (&operation.to, to.to_string()),
        ];
        for (name, value) in given {
            parameters.extend(name.clone().map(|name| (name, Value::text(value))));
        }
        let mut call =
            Call::new(Logical::RunReport.name(), operation.operation.clone(), Value::record(parameters));
        call.action = operation.action.clone();
        let answer = match self.ask_patiently(&call).await {
            Ok(answer) => answer,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound
                        | ErrorKind::Invalid
                        | ErrorKind::TooLarge
                        | ErrorKind::Unsupported
                        | ErrorKind::Forbidden
                ) =>
            {
                items.push(Item::Note(format!(
                    "report {}: it could not be run: {}",
                    report.id,
                    error.message()
                )));
                return Ok(());
            }
            Err(error) => return Err(error.with("report", &report.id)),
        };
        let body = answer.body.unwrap_or(Value::Null);
        let value = if operation.item.is_empty() { Some(&body) } else { body.at(&operation.item) };
        let Some(value) = value.filter(|v| **v != Value::Null) else { return Ok(()) };
        let mut maker = Maker { rules: &self.rules, operation, noticed };
        let (figures, came) = maker.figures(value.clone(), from, to);
        if came > figures.rows.len() {
            let id = &report.id;
            items.push(Item::Note(format!(
                "report {id}: {came} rows came and the first {MOST_ROWS} are kept, the most that a report may have"
            )));
        }
        report.figures = Some(figures);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_the_twelve_months_before_today_unless_days_are_given() {
        let zone = TimeZone::get("Europe/Copenhagen").unwrap();
        let now: Timestamp = "2025-06-10T23:30:00Z".parse().unwrap();
        let (from, to) = Window::default().moments(now, &zone).unwrap();
        assert_eq!(
            (from.to_string(), to.to_string()),
            ("2024-06-10T22:00:00Z".into(), "2025-06-10T22:00:00Z".into())
        );
        let day = |text: &str| text.parse::<Date>().ok();
        let window = Window::of(day("2024-01-01"), day("2024-02-01")).unwrap();
        assert_eq!(window.moments(now, &zone).unwrap().0.to_string(), "2023-12-31T23:00:00Z");
        assert!(Window::of(day("2024-02-01"), day("2024-02-01")).is_err());
    }
}
