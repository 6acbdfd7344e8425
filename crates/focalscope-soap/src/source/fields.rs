//! Takes logical fields out of a decoded record; what is left is what has no place.

use super::times::{self, Read};
use super::zone::Evidence;
use crate::profile::{self, Operation, Profile};
use crate::soap::{Report, Value};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mapping_core::Private;
use mapping_core::model::Extra;
use std::collections::BTreeMap;

/// The rules by which every record is read.
pub(crate) struct Rules {
    pub(crate) profile: Profile,
    pub(crate) zone: TimeZone,
}

/// What was noticed while records were read, until it is reported.
#[derive(Default)]
pub(crate) struct Noticed {
    pub(crate) unmapped: BTreeMap<String, u64>,
    pub(crate) bare_times: u64,
    pub(crate) unreadable_times: BTreeMap<String, u64>,
    /// What `Date` headers say of the zone.
    pub(crate) zone: Evidence,
}

impl Noticed {
    pub(crate) fn merge(&mut self, other: Noticed) {
        for (path, count) in other.unmapped {
            Report::count(&mut self.unmapped, path, count);
        }
        for (path, count) in other.unreadable_times {
            Report::count(&mut self.unreadable_times, path, count);
        }
        self.bare_times += other.bare_times;
        self.zone.merge(other.zone);
    }
}

/// Why a record can't be used. Names fields and words of value tables, never other content.
#[derive(Debug)]
pub(crate) struct Bad(pub(crate) String);

/// A record from which fields are taken.
pub(crate) struct Fields<'a> {
    rules: &'a Rules,
    operation: &'a Operation,
    value: Value,
    /// Path of the record inside the item; empty for the item itself.
    within: String,
    extra: Extra,
    noticed: &'a mut Noticed,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(
        rules: &'a Rules,
        operation: &'a Operation,
        value: Value,
        noticed: &'a mut Noticed,
    ) -> Self {
        Fields { rules, operation, value, within: String::new(), extra: Extra::new(), noticed }
    }

    /// Removes the value of a field. A group that is a single value is taken as it is.
    fn take(&mut self, name: &str) -> Option<Value> {
        let path = self.operation.field(name)?;
        self.value.take(path).filter(|v| *v != Value::Null)
    }

    fn string(&mut self, name: &str) -> Option<String> {
        let value = self.take(name)?;
        let text = value.as_text().map(std::borrow::Cow::into_owned);
        if text.is_none() && !is_empty(&value) {
            // A record or a list where a text was expected: kept, not dropped.
            let path = self.operation.field(name).unwrap_or(name).to_owned();
            self.keep(&path, value.to_json());
        }
        text
    }

    /// A short text without white space around it; an empty one is none.
    pub(crate) fn id(&mut self, name: &str) -> Option<String> {
        self.string(name).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())
    }

    pub(crate) fn need_id(&mut self, name: &str) -> Result<String, Bad> {
        self.id(name).ok_or_else(|| Bad(format!("it has no `{name}`")))
    }

    /// Text as it is; an empty one is none.
    pub(crate) fn text(&mut self, name: &str) -> Option<Private> {
        self.string(name).filter(|t| !t.is_empty()).map(Private::from)
    }

    /// Text as it is, empty when there is none.
    pub(crate) fn any_text(&mut self, name: &str) -> String {
        self.string(name).unwrap_or_default()
    }

    pub(crate) fn time(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.string(name)?;
        match times::read(&text, &self.rules.zone, &self.rules.profile.times.no_date) {
            Read::Exact(at) => Some(at),
            Read::Bare(at) => {
                self.noticed.bare_times += 1;
                Some(at)
            }
            Read::Absent => None,
            Read::Unreadable => {
                let path = self.operation.field(name).unwrap_or(name).to_owned();
                let full = self.full(&path);
                Report::note(&mut self.noticed.unreadable_times, full);
                self.keep(&path, serde_json::Value::String(text));
                None
            }
        }
    }

    /// A time whose zone a `Date` header, which has one, can prove.
    pub(crate) fn time_by(&mut self, name: &str, header: &str) -> Option<Timestamp> {
        let bare = self.noticed.bare_times;
        let at = self.time(name)?;
        let header = self.string(header);
        if self.noticed.bare_times > bare
            && let Some(header) = header
        {
            self.noticed.zone.take(at, &header);
        }
        Some(at)
    }

    pub(crate) fn count(&mut self, name: &str) -> Option<u64> {
        let text = self.id(name)?;
        let number = text.parse::<u64>().ok();
        if number.is_none() {
            let path = self.operation.field(name).unwrap_or(name).to_owned();
            self.keep(&path, serde_json::Value::String(text));
        }
        number
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Bad> {
        let Some(text) = self.id(name) else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => match profile::look_up(&self.rules.profile.values.boolean, &text) {
                Some(flag) => Ok(Some(flag)),
                None => Err(unknown_word(name, &text)),
            },
        }
    }

    /// A word of a value table. One that isn't there is no guess's matter.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &str,
        table: &BTreeMap<String, T>,
    ) -> Result<Option<T>, Bad> {
        let Some(text) = self.id(name) else { return Ok(None) };
        profile::look_up(table, &text).map(Some).ok_or_else(|| unknown_word(name, &text))
    }

    pub(crate) fn need_word<T: Copy>(&mut self, name: &str, table: &BTreeMap<String, T>) -> Result<T, Bad> {
        self.word(name, table)?.ok_or_else(|| Bad(format!("it has no `{name}`")))
    }

    /// The texts of a list; empty ones left out. What is no text is kept with what has no place.
    pub(crate) fn list(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.take(name) else { return Vec::new() };
        self.texts(name, &value).into_iter().filter(|t| !t.trim().is_empty()).collect()
    }

    /// The texts of a list with its empty ones: the cells of a row.
    pub(crate) fn cells(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.operation.field(name).and_then(|path| self.value.take(path)) else {
            return Vec::new();
        };
        self.texts(name, &value)
    }

    /// One text for each item, empty for what is none.
    fn texts(&mut self, name: &str, value: &Value) -> Vec<String> {
        let mut all = Vec::new();
        for item in value.items() {
            let text = item.as_text().map(|t| t.into_owned());
            if text.is_none() && !is_empty(item) {
                let path = self.operation.field(name).unwrap_or(name).to_owned();
                self.keep(&path, item.to_json());
            }
            all.push(text.unwrap_or_default());
        }
        all
    }

    /// The records of a group. `read` takes the fields of each; what it leaves joins what has no place.
    pub(crate) fn group<T>(&mut self, name: &str, mut read: impl FnMut(&mut Fields<'_>) -> T) -> Vec<T> {
        let Some(path) = self.operation.field(name).map(str::to_owned) else { return Vec::new() };
        let Some(value) = self.take(name) else { return Vec::new() };
        let within = if self.within.is_empty() { path } else { format!("{}/{path}", self.within) };
        let items = match value {
            Value::List(items) => items,
            single => vec![single],
        };
        let mut all = Vec::new();
        for value in items.into_iter().filter(|v| *v != Value::Null) {
            let mut fields = Fields {
                rules: self.rules,
                operation: self.operation,
                value,
                within: within.clone(),
                extra: Extra::new(),
                noticed: self.noticed,
            };
            all.push(read(&mut fields));
            for (path, value) in fields.rest() {
                append(&mut self.extra, path, value);
            }
        }
        all
    }

    /// The whole values of a group, for records that another operation's fields describe.
    pub(crate) fn raw_group(&mut self, name: &str) -> Vec<Value> {
        match self.take(name) {
            None => Vec::new(),
            Some(Value::List(items)) => items.into_iter().filter(|v| *v != Value::Null).collect(),
            Some(single) => vec![single],
        }
    }

    /// The blob a field was streamed to.
    pub(crate) fn blob(&mut self, name: &str) -> Option<Value> {
        self.take(name)
    }

    /// The text of the record itself, for a list of plain values where records were expected.
    pub(crate) fn own_text(&mut self) -> Option<String> {
        let text = self.value.as_text().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())?;
        self.value = Value::Null;
        Some(text)
    }

    fn full(&self, path: &str) -> String {
        let base = if self.operation.item.is_empty() {
            self.operation.operation.clone()
        } else {
            self.operation.item.clone()
        };
        if self.within.is_empty() {
            format!("{base}/{path}")
        } else {
            format!("{base}/{}/{path}", self.within)
        }
    }

    fn relative(&self, path: &str) -> String {
        if self.within.is_empty() { path.to_owned() } else { format!("{}/{path}", self.within) }
    }

    fn keep(&mut self, path: &str, value: serde_json::Value) {
        // The names in a path come from the answer: a service that names elements after ids makes new ones without end.
        let full = self.full(path);
        Report::note(&mut self.noticed.unmapped, full);
        let path = self.relative(path);
        append(&mut self.extra, path, value);
    }

    /// What has no place, by path inside the item; counted.
    pub(crate) fn rest(&mut self) -> Extra {
        let left = std::mem::replace(&mut self.value, Value::Null);
        let mut open = vec![(String::new(), left)];
        while let Some((path, value)) = open.pop() {
            if is_empty(&value) || self.operation.ignore.contains(&self.relative(&path)) {
                continue;
            }
            match value {
                Value::Record(record) => {
                    for (name, value) in record.fields.into_iter().chain(record.extra) {
                        let path = if path.is_empty() { name.to_string() } else { format!("{path}/{name}") };
                        open.push((path, value));
                    }
                }
                value => {
                    let path = if path.is_empty() { "#text".to_owned() } else { path };
                    self.keep(&path, value.to_json());
                }
            }
        }
        std::mem::take(&mut self.extra)
    }
}

fn unknown_word(name: &str, word: &str) -> Bad {
    // A word of the service's vocabulary helps whoever mends the profile. A text that is no such word may be a
    // customer's: a path that leads to the wrong place brings those here.
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/');
    let is_word =
        word.chars().count() <= 30 && word.split_whitespace().count() <= 3 && word.chars().all(plain);
    let shown = if is_word { format!("`{word}`") } else { format!("of {} characters", word.chars().count()) };
    Bad(format!("the value {shown} of `{name}` is not in the profile's table; add it to `values`"))
}

fn append(extra: &mut Extra, path: String, value: serde_json::Value) {
    match extra.get_mut(&path) {
        None => {
            extra.insert(path, value);
        }
        Some(serde_json::Value::Array(all)) => all.push(value),
        Some(one) => *one = serde_json::Value::Array(vec![one.take(), value]),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(t) => t.trim().is_empty(),
        Value::List(items) => items.iter().all(is_empty),
        Value::Record(r) => r.fields.iter().chain(&r.extra).all(|(_, v)| is_empty(v)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_a_list_that_is_no_text_is_kept() {
        let profile = Profile::built_in().unwrap();
        let rules = Rules { zone: profile.times.time_zone().unwrap(), profile };
        let operation = rules.profile.called(profile::Logical::ListSlaPolicies).unwrap();
        let path = operation.field("stops_on").unwrap();
        let (list, element) = path.split_once('/').unwrap_or((path, ""));
        let odd = Value::record([("a", Value::text("odd"))]);
        let items = Value::List(vec![Value::text("plain"), odd]);
        let items = if element.is_empty() { items } else { Value::record([(element, items)]) };
        let (mut noticed, value) = (Noticed::default(), Value::record([(list, items)]));
        let mut fields = Fields::new(&rules, operation, value, &mut noticed);
        assert_eq!(fields.list("stops_on"), ["plain"]);
        let rest = fields.rest();
        assert_eq!(rest.values().next(), Some(&serde_json::json!({"a": "odd"})), "{:?}", rest.keys());
    }

    #[test]
    fn paths_that_grow_with_the_data_are_counted_within_a_bound() {
        let mut noticed = Noticed::default();
        for record in 0..2_000 {
            let unmapped = BTreeMap::from([(format!("tickets/field_{record}"), 1)]);
            noticed.merge(Noticed { unmapped, ..Noticed::default() });
        }
        assert!(noticed.unmapped.len() <= 1_001, "{}", noticed.unmapped.len());
        assert_eq!(noticed.unmapped.values().sum::<u64>(), 2_000, "none is lost from the count");
    }
}
