//! The doctor: does a profile fit a service? Every operation, parameter and path is looked up before anything is read.

use crate::client::Call;
use crate::profile::{AuthKind, FieldKind, Logical, Operation, Profile, SessionRules};
use crate::soap::Value;
use crate::source::{Inner, LISTS, ReadTime, chosen_port, named_element, read_time};
use crate::wsdl::{
    Builtin, Catalog, Landing, Miss, Operation as SoapOperation, Payload, Port, Shape, TypeId, Wsdl,
};
use jiff::Timestamp;
use mapping_core::model::Record;
use mapping_core::{ErrorKind, Result};
use std::collections::BTreeMap;
use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For information.
    Info,
    /// Worth a look; reading goes on.
    Warning,
    /// Nothing is read until it is mended.
    Error,
}

/// Something that the doctor has to say.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// Where in the profile: `operations.list_tickets.fields.subject`.
    pub place: String,
    /// What it is.
    pub what: String,
    /// What is there instead, the nearest first.
    pub candidates: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)?;
        match self.candidates.as_slice() {
            [] => Ok(()),
            all => write!(f, " (there is {})", all.iter().take(5).cloned().collect::<Vec<_>>().join(", ")),
        }
    }
}

/// Checks a profile against a service description. Pure.
pub fn doctor(profile: &Profile, wsdl: &Wsdl) -> Vec<Finding> {
    let mut doctor = Doctor { profile, wsdl, findings: Vec::new() };
    if profile.assumption {
        doctor.say(
            Severity::Warning,
            "assumption",
            "nobody has confirmed this profile against the live service".to_owned(),
        );
    }
    match chosen_port(profile, wsdl) {
        Ok(port) => doctor.port(port),
        Err(error) => doctor.say(Severity::Error, "soap", error.to_string()),
    }
    for problem in wsdl.problems.iter().take(50) {
        doctor.say(Severity::Info, "wsdl", format!("{}: {}", problem.place, problem.what));
    }
    doctor.findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
    doctor.findings
}

struct Doctor<'a> {
    profile: &'a Profile,
    wsdl: &'a Wsdl,
    findings: Vec<Finding>,
}

/// Candidates, the nearest first.
fn nearest(wrong: &str, known: &[String]) -> Vec<String> {
    let mut scored: Vec<(f64, &String)> = known
        .iter()
        .map(|k| (strsim::normalized_damerau_levenshtein(&wrong.to_lowercase(), &k.to_lowercase()), k))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(8).map(|(_, k)| k.clone()).collect()
}

impl Doctor<'_> {
    fn say(&mut self, severity: Severity, place: impl Into<String>, what: String) {
        self.findings.push(Finding { severity, place: place.into(), what, candidates: Vec::new() });
    }

    fn miss(&mut self, place: String, what: String, wrong: &str, known: &[String]) {
        self.findings.push(Finding {
            severity: Severity::Error,
            place,
            what,
            candidates: nearest(wrong, known),
        });
    }

    fn catalog(&self) -> &Catalog {
        &self.wsdl.catalog
    }

    fn port(&mut self, port: &Port) {
        for (logical, operation) in &self.profile.operations {
            if operation.absent {
                continue;
            }
            if !logical.is_read() {
                let place = format!("operations.{}", logical.name());
                self.say(
                    Severity::Error,
                    place,
                    "this version does not read it; say `absent = true`".to_owned(),
                );
                continue;
            }
            self.operation(port, *logical, operation);
        }
        if self.profile.called(Logical::ListTickets).is_none() {
            self.say(Severity::Warning, "operations.list_tickets", "no tickets will be read".to_owned());
        }
        self.auth(port);
        for (place, empty) in [
            ("values.status", self.profile.values.status.is_empty()),
            ("values.channel", self.profile.values.channel.is_empty()),
        ] {
            if empty && self.profile.called(Logical::ListTickets).is_some() {
                self.say(
                    Severity::Error,
                    place,
                    "the table is empty, so every ticket would be a bad one".to_owned(),
                );
            }
        }
    }

    fn soap_operation<'p>(&mut self, port: &'p Port, place: &str, name: &str) -> Option<&'p SoapOperation> {
        let Some(found) = port.operation(name) else {
            let known: Vec<String> = port.operations.iter().map(|o| o.name.clone()).collect();
            self.miss(place.to_owned(), format!("the WSDL has no operation `{name}`"), name, &known);
            return None;
        };
        if let Some(why) = &found.unusable {
            self.say(Severity::Error, place, format!("the operation `{name}` can't be used: {why}"));
            return None;
        }
        Some(found)
    }

    fn operation(&mut self, port: &Port, logical: Logical, operation: &Operation) {
        let place = format!("operations.{}", logical.name());
        if operation.inline {
            return self.inline(port, logical, operation, &place);
        }
        let Some(found) = self.soap_operation(port, &place, &operation.operation) else { return };
        self.parameters(&place, logical, operation, found.input.as_ref());
        let Some(output) = &found.output else {
            return self.say(Severity::Error, place, "the operation answers with nothing".to_owned());
        };
        for (what, path) in [
            ("page.total", operation.page.as_ref().and_then(|p| p.total())),
            ("page.more", operation.page.as_ref().and_then(|p| p.more())),
        ] {
            if let Some(path) = path {
                self.walk(&format!("{place}.{what}"), output.of, path);
            }
        }
        let Some(item) = self.walk(&format!("{place}.item"), output.of, &operation.item) else { return };
        let single = matches!(
            logical,
            Logical::Ping | Logical::GetTicket | Logical::GetAttachment | Logical::RunReport
        );
        if !single && !item.repeats && !item.open {
            let what = format!("`{}` comes at most once; is it the wrapper of the items?", operation.item);
            let known = self.catalog().names_at(item.of);
            self.miss(format!("{place}.item"), what, "", &known);
        }
        if single && item.lists > 0 {
            self.say(
                Severity::Warning,
                format!("{place}.item"),
                "it may repeat; only the first is used".to_owned(),
            );
        }
        self.fields(&place, logical, operation, item.of);
    }

    /// Fields of records that come inside a ticket.
    fn inline(&mut self, port: &Port, logical: Logical, operation: &Operation, place: &str) {
        let group = match logical {
            Logical::ListMessages => "messages",
            Logical::GetCallLog => "calls",
            Logical::GetChatTranscript => "chat",
            _ => {
                return self.say(Severity::Error, place, "it can't come inside another operation".to_owned());
            }
        };
        for outer in [Logical::ListTickets, Logical::GetTicket] {
            let Some(ticket) = self.profile.called(outer) else { continue };
            let Some(path) = ticket.field(group) else { continue };
            let whole = format!("{}/{path}", ticket.item);
            let output = port.operation(&ticket.operation).and_then(|o| o.output.as_ref()).map(|o| o.of);
            if let Some(landing) = output.and_then(|of| self.catalog().walk(of, &whole).ok()) {
                self.fields(place, logical, operation, landing.of);
            }
            return;
        }
        self.say(
            Severity::Error,
            place,
            format!("no operation has `fields.{group}`, where these would come"),
        );
    }

    fn parameters(&mut self, place: &str, logical: Logical, operation: &Operation, input: Option<&Payload>) {
        let mut given: Vec<(String, &str)> = Vec::new();
        given.extend(
            operation.constants.keys().map(|name| (format!("{place}.constants.{name}"), name.as_str())),
        );
        given.extend(operation.key.as_deref().map(|name| (format!("{place}.key"), name)));
        given.extend(operation.since.as_deref().map(|name| (format!("{place}.since"), name)));
        given.extend(operation.from.as_deref().map(|name| (format!("{place}.from"), name)));
        given.extend(operation.to.as_deref().map(|name| (format!("{place}.to"), name)));
        if let Some(paging) = &operation.page {
            given.extend(paging.parameters().map(|name| (format!("{place}.page"), name)));
        }
        let needs_key = matches!(
            logical,
            Logical::GetTicket
                | Logical::ListMessages
                | Logical::GetCallLog
                | Logical::GetChatTranscript
                | Logical::GetAttachment
                | Logical::RunReport
        );
        if needs_key && operation.key.is_none() {
            self.say(Severity::Error, place, "it needs `key`, the parameter for the id".to_owned());
        }
        let fields =
            input.and_then(|i| self.catalog().complex(i.of)).map(|c| c.fields.clone()).unwrap_or_default();
        let known: Vec<String> = fields.iter().map(|f| f.name.local.to_string()).collect();
        for (at, name) in &given {
            if !known.iter().any(|k| k == name) {
                self.miss(at.clone(), format!("the operation has no parameter `{name}`"), name, &known);
            }
        }
        for field in fields.iter().filter(|f| f.min > 0 && !f.nillable) {
            if !given.iter().any(|(_, name)| *name == &*field.name.local) {
                let what = format!("the operation requires the parameter `{}`", field.name.local);
                self.say(Severity::Error, format!("{place}.constants"), what);
            }
        }
    }

    fn walk(&mut self, place: &str, from: TypeId, path: &str) -> Option<Landing> {
        match self.catalog().walk(from, path) {
            Ok(landing) => {
                if landing.open {
                    let what = format!("the schema allows anything at `{path}`, so nothing was proved");
                    self.say(Severity::Warning, place, what);
                }
                Some(landing)
            }
            Err(Miss { step, known }) => {
                let what = format!("`{path}` leads nowhere: there is no `{step}`");
                self.miss(place.to_owned(), what, &step, &known);
                None
            }
        }
    }

    fn fields(&mut self, place: &str, logical: Logical, operation: &Operation, item: TypeId) {
        for spec in logical.fields() {
            let at = format!("{place}.fields.{}", spec.name);
            let group = spec.within.map(|g| operation.field(g));
            let Some(path) = operation.field(spec.name) else {
                if spec.required && group.flatten().is_some() {
                    let what = format!("`{}` needs it", spec.within.unwrap_or_default());
                    self.say(Severity::Error, at, what);
                }
                continue;
            };
            let from = match (spec.within, group) {
                (Some(within), Some(None)) => {
                    self.say(Severity::Error, at, format!("it is inside `{within}`, which is not set"));
                    continue;
                }
                (Some(_), Some(Some(group))) => match self.catalog().walk(item, group) {
                    Ok(landing) => landing.of,
                    // Said at the group itself.
                    Err(_) => continue,
                },
                _ => item,
            };
            if let Some(landing) = self.walk(&at, from, path) {
                self.fits(&at, path, spec.kind, landing);
            }
        }
        for path in &operation.ignore {
            self.walk(&format!("{place}.ignore"), item, path);
        }
    }

    /// Whether what the schema says of a path can be the kind of field. Text can be nearly anything.
    fn fits(&mut self, place: &str, path: &str, kind: FieldKind, landing: Landing) {
        if landing.open {
            return;
        }
        let builtin = match &self.catalog().get(landing.of).shape {
            Shape::Simple(simple) => Some(simple.builtin),
            Shape::Complex(complex) if complex.text.is_some() || self.catalog().is_any(landing.of) => None,
            Shape::Complex(_) if kind == FieldKind::Group => return,
            Shape::Complex(_) => {
                let known = self.catalog().names_at(landing.of);
                let what = format!("`{path}` holds elements, where a single value is needed");
                return self.miss(place.to_owned(), what, "", &known);
            }
        };
        let wrong = match (kind, builtin) {
            (FieldKind::Time, Some(b)) => {
                !matches!(b, Builtin::DateTime | Builtin::Calendar | Builtin::String)
            }
            (FieldKind::Flag, Some(b)) => {
                matches!(b, Builtin::DateTime | Builtin::Base64 | Builtin::Calendar)
            }
            (FieldKind::Count, Some(b)) => {
                matches!(b, Builtin::DateTime | Builtin::Base64 | Builtin::Boolean)
            }
            (FieldKind::Bytes, Some(b)) => !matches!(b, Builtin::Base64 | Builtin::String),
            (_, Some(b)) => matches!(b, Builtin::Base64 | Builtin::Hex),
            (_, None) => false,
        };
        if wrong {
            let what = format!("`{path}` has a type that can't be this field: {builtin:?}");
            self.say(Severity::Error, place, what);
        } else if !landing.repeats && kind == FieldKind::Group {
            self.say(Severity::Warning, place, format!("`{path}` comes at most once"));
        }
    }

    fn auth(&mut self, port: &Port) {
        match self.profile.auth.kind {
            AuthKind::ApiKeyElement => {
                let element = self.profile.auth.element.clone();
                self.element("auth.element", element.as_deref(), self.profile.auth.field.clone().as_deref());
            }
            AuthKind::Session => match self.profile.auth.session.clone() {
                Some(session) => self.session(port, &session),
                None => self.say(Severity::Error, "auth.session", "it is missing".to_owned()),
            },
            AuthKind::None | AuthKind::Basic | AuthKind::ApiKeyHeader => {}
        }
    }

    fn session(&mut self, port: &Port, session: &SessionRules) {
        if let Some(found) = self.soap_operation(port, "auth.session.login", &session.login) {
            let known = found.input.as_ref().map(|i| self.catalog().names_at(i.of)).unwrap_or_default();
            for (place, name) in
                [("auth.session.user", &session.user), ("auth.session.password", &session.password)]
            {
                if !known.contains(name) {
                    self.miss(place.to_owned(), format!("the login has no parameter `{name}`"), name, &known);
                }
            }
            if let Some(output) = &found.output {
                self.walk("auth.session.token", output.of, &session.token);
            }
        }
        if let Some(logout) = &session.logout {
            self.soap_operation(port, "auth.session.logout", logout);
        }
        self.element("auth.session.element", Some(&session.element), session.field.as_deref());
    }

    fn element(&mut self, place: &str, name: Option<&str>, field: Option<&str>) {
        let Some(name) = name else {
            return self.say(Severity::Error, place, "it is missing".to_owned());
        };
        let known: Vec<String> = self.catalog().elements.keys().map(|n| n.local.to_string()).collect();
        let Some(found) = named_element(self.wsdl, name) else {
            return self.miss(
                place.to_owned(),
                format!("the WSDL has no single element `{name}`"),
                name,
                &known,
            );
        };
        let of = self.catalog().element(&found).map(|e| e.of);
        if let (Some(of), Some(field)) = (of, field) {
            self.walk(place, of, field);
        }
    }
}

/// What a ping says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ping {
    pub(crate) server_time: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) counts: BTreeMap<String, u64>,
}

/// Asks for server time, version and counts; nothing when the profile has no such operation.
pub(crate) async fn ping(inner: &Inner) -> Result<Ping> {
    let Some(operation) = inner.rules.profile.called(Logical::Ping) else { return Ok(Ping::default()) };
    let parameters = Value::record(crate::source::constant_parameters(operation));
    let mut call = Call::new("ping", operation.operation.clone(), parameters);
    call.action = operation.action.clone();
    let answer = inner.client.ask(&call).await?;
    let body = answer.body.unwrap_or(Value::Null);
    let item = if operation.item.is_empty() { Some(&body) } else { body.at(&operation.item) };
    let text = |name: &str| {
        let value = item?.at(operation.field(name)?)?;
        value.as_text().map(|t| t.trim().to_owned())
    };
    let mut counts = BTreeMap::new();
    let all = operation.field("counts").and_then(|p| item?.at(p)).map(Value::items).unwrap_or_default();
    for entry in all {
        let kind = operation.field("count_kind").and_then(|p| entry.at(p)).and_then(Value::as_text);
        let count = operation.field("count_value").and_then(|p| entry.at(p)).and_then(Value::as_text);
        if let (Some(kind), Some(Ok(count))) = (kind, count.map(|c| c.trim().parse::<u64>())) {
            let kinds = &inner.rules.profile.values.kind;
            counts.insert(kinds.get(kind.trim()).cloned().unwrap_or_else(|| kind.trim().to_owned()), count);
        }
    }
    Ok(Ping { server_time: text("server_time"), version: text("version"), counts })
}

/// How far the clocks may be apart before it is said.
const SKEW_SECONDS: i64 = 120;

/// Checks the live service: reach and credentials, clock and zone, counts, and the first page of each list.
pub(crate) async fn live(inner: &Inner, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |severity, place: &str, what: String| {
        findings.push(Finding { severity, place: place.to_owned(), what, candidates: Vec::new() });
    };
    let endpoint = inner.client.endpoint().to_string();
    if inner.rules.profile.called(Logical::Ping).is_none() {
        say(
            Severity::Warning,
            "operations.ping",
            "absent: clock, zone and counts can't be checked".to_owned(),
        );
    }
    match ping(inner).await {
        Err(error) => {
            let place = if error.kind() == ErrorKind::Unauthorized { "auth" } else { "service" };
            say(Severity::Error, place, format!("{endpoint}: {error}"));
            return findings;
        }
        Ok(ping) => {
            let version = ping.version.as_deref().unwrap_or("of unknown version");
            say(Severity::Info, "service", format!("{endpoint} answers: {version}"));
            if let Some(time) = &ping.server_time {
                let (severity, what) = clock(inner, time, now);
                say(severity, "times.zone", what);
            }
            let evidence = inner.zone_evidence().await;
            let zone = &inner.rules.profile.times.zone;
            match (evidence.wrong(), evidence.messages()) {
                (Some(wrong), _) => say(Severity::Error, "times.zone", wrong.said(zone)),
                (None, 0) => {
                    let what = "no message has a time without zone and a `Date` header: only the server's clock speaks";
                    say(Severity::Info, "times.zone", what.to_owned());
                }
                (None, messages) => {
                    let what = format!("{zone} agrees with the `Date` headers of {messages} messages");
                    say(Severity::Info, "times.zone", what);
                }
            }
            let counts: Vec<String> =
                ping.counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
            if !counts.is_empty() {
                say(Severity::Info, "counts", counts.join(", "));
            }
        }
    }
    let absent: Vec<&str> =
        LISTS.iter().filter(|l| inner.rules.profile.called(**l).is_none()).filter_map(|l| l.kind()).collect();
    if !absent.is_empty() {
        let what = format!(
            "the profile has no way to ask for {}: whether there are any is not known",
            absent.join(", ")
        );
        say(Severity::Warning, "operations", what);
    }
    let mut hours = Vec::new();
    let asked = inner
        .all(Logical::ListWorkingHours, |record| {
            if let Record::WorkingHours(profile) = record
                && profile.zone.is_none()
            {
                hours.push((profile.id, f64::from(profile.offset_minutes) / 60.0));
            }
        })
        .await;
    if let Err(error) = asked {
        say(Severity::Warning, "operations.list_working_hours", error.to_string());
    }
    for (id, offset) in hours {
        let what = format!(
            "working hours {id} have an offset of {offset:+} h and no zone, so summer time is not known: name an IANA \
             zone for them in mapping/hours.csv"
        );
        say(Severity::Warning, "working_hours", what);
    }
    findings
}

/// What is wrong with the zone by the server's clock. Nothing when it can't be asked.
pub(crate) async fn clock_is_off(inner: &Inner, now: Timestamp) -> Option<String> {
    let time = ping(inner).await.ok()?.server_time?;
    match clock(inner, &time, now) {
        (Severity::Error, what) => Some(what),
        _ => None,
    }
}

/// Compares the server's clock, read in the profile's zone, with ours. A difference of whole quarters of an hour is a
/// zone that is wrong rather than a clock.
fn clock(inner: &Inner, text: &str, now: Timestamp) -> (Severity, String) {
    let zone = &inner.rules.profile.times.zone;
    let (at, bare) = match read_time(text, &inner.rules.zone, &inner.rules.profile.times.no_date) {
        ReadTime::Exact(at) => (at, false),
        ReadTime::Bare(at) => (at, true),
        ReadTime::Absent | ReadTime::Unreadable => {
            return (Severity::Warning, "the server's time could not be read".to_owned());
        }
    };
    let apart = at.as_second() - now.as_second();
    if apart.abs() <= SKEW_SECONDS {
        let read = if bare { format!("read in {zone}") } else { "with its own offset".to_owned() };
        return (Severity::Info, format!("the server's clock, {read}, is {apart} s from ours"));
    }
    let quarter = (apart as f64 / 900.0).round() as i64 * 900;
    if bare && (apart - quarter).abs() <= SKEW_SECONDS && apart.abs() <= 15 * 3600 {
        let hours = quarter as f64 / 3600.0;
        let what = format!(
            "times without zone are read in {zone}, which makes the server's clock {hours:+} h off: the zone is wrong"
        );
        return (Severity::Error, what);
    }
    (Severity::Warning, format!("the server's clock is {apart} s from ours"))
}
