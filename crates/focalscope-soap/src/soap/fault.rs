//! Faults, in the shapes of both versions and in the mixtures that servers send.

use super::{Record, SoapVersion, Value};
use std::fmt;

/// The code of a fault: a name, whose prefix is often not declared and so not relied on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FaultCode {
    /// As it was written: `soap:Client.Auth`, `Client`, `500`.
    pub written: String,
    /// Without its prefix: `Client.Auth`.
    pub local: String,
}

/// A SOAP fault. `Display` and `Debug` show its codes and its [`summary`](Fault::summary): servers put stack traces, host
/// names and sometimes a customer's data into the text. The whole is in the fields.
#[derive(Clone, PartialEq, Default)]
pub struct Fault {
    /// The version of the envelope it came in.
    pub version: Option<SoapVersion>,
    /// The code: `faultcode`, or `Code/Value`.
    pub code: FaultCode,
    /// Subcodes of SOAP 1.2, outermost first.
    pub subcodes: Vec<FaultCode>,
    /// The text: `faultstring`, or the first `Reason/Text`.
    pub reason: String,
    /// `faultactor`, or `Role`.
    pub actor: Option<String>,
    /// What stands in `detail` or `Detail`, and what stood beside the known children.
    pub detail: Record,
}

impl Fault {
    /// The first line of the text, cut to 160 characters, without what may be a customer's or a host's: quoted pieces,
    /// addresses, URLs and long numbers become `…`.
    pub fn summary(&self) -> String {
        let line = self.reason.trim().lines().next().unwrap_or("").trim();
        let mut unquoted = String::new();
        let mut quote = None;
        for c in line.chars().filter(|c| !c.is_control()) {
            match (quote, c) {
                (Some(q), c) if str::contains(q, c) => {
                    quote = None;
                    unquoted.push('…');
                }
                (Some(_), _) => {}
                (None, c) => match closing(c) {
                    Some(closing) => quote = Some(closing),
                    None => unquoted.push(c),
                },
            }
        }
        let private = |word: &str| {
            word.contains('@')
                || word.contains("://")
                || word.chars().filter(char::is_ascii_digit).count() >= 6
        };
        let words: Vec<&str> =
            unquoted.split_whitespace().map(|word| if private(word) { "…" } else { word }).collect();
        let clean = words.join(" ");
        let cut: String = clean.chars().take(160).collect();
        if cut.len() < clean.len() { format!("{cut}…") } else { cut }
    }

    /// Every code it carries: its own, its subcodes, and the texts of short leaf elements of the detail, where many
    /// services put the code that matters.
    pub fn codes(&self) -> Vec<String> {
        let mut codes = vec![self.code.local.clone()];
        codes.extend(self.subcodes.iter().map(|c| c.local.clone()));
        let mut open: Vec<&Value> =
            self.detail.fields.iter().chain(&self.detail.extra).map(|(_, v)| v).collect();
        while let Some(value) = open.pop() {
            match value {
                Value::Record(record) => {
                    open.extend(record.fields.iter().chain(&record.extra).map(|(_, v)| v));
                }
                Value::List(items) => open.extend(items),
                leaf => {
                    codes.extend(leaf.as_text().filter(|t| t.len() <= 64).map(|t| t.trim().to_owned()));
                }
            }
        }
        codes.retain(|c| !c.is_empty());
        codes
    }

    /// Reads the children of a `Fault` element, by local name and in either shape.
    pub(crate) fn from_value(value: Value, version: Option<SoapVersion>) -> Fault {
        let mut fault = Fault { version, ..Fault::default() };
        let Value::Record(record) = value else { return fault };
        for (name, value) in record.fields.into_iter().chain(record.extra) {
            let text = || value.as_text().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
            match &*name {
                "faultcode" => fault.set_code(text()),
                "faultstring" => {
                    if let Some(text) = text() {
                        fault.reason = text;
                    }
                }
                "faultactor" | "Role" | "Node" => fault.actor = text().or(fault.actor),
                "Code" => fault.read_code(&value),
                "Reason" => {
                    let first = value.at("Text").and_then(|t| t.items().first()?.as_text());
                    if let Some(text) = first {
                        fault.reason = text.trim().to_owned();
                    }
                }
                "detail" | "Detail" => match value {
                    Value::Record(mut detail) => {
                        fault.detail.fields.append(&mut detail.fields);
                        fault.detail.extra.append(&mut detail.extra);
                    }
                    Value::Null => {}
                    other => fault.detail.fields.push(("#text".into(), other)),
                },
                _ => fault.detail.extra.push((name, value)),
            }
        }
        fault
    }

    fn set_code(&mut self, written: Option<String>) {
        if let Some(written) = written {
            self.code = code(&written);
        }
    }

    fn read_code(&mut self, value: &Value) {
        self.set_code(value.at("Value").and_then(Value::as_text).map(|t| t.trim().to_owned()));
        let mut at = value.at("Subcode");
        for _ in 0..32 {
            let Some(sub) = at else { break };
            if let Some(text) = sub.at("Value").and_then(Value::as_text) {
                self.subcodes.push(code(text.trim()));
            }
            at = sub.at("Subcode");
        }
    }
}

/// What ends a quotation that this character begins, in the manners of several languages.
fn closing(opening: char) -> Option<&'static str> {
    Some(match opening {
        '"' => "\"",
        '\'' => "'",
        '`' => "`'",
        '“' => "”",
        '„' => "“”",
        '‘' => "’",
        '‚' => "‘’",
        '«' => "»",
        '»' => "«»",
        '‹' => "›",
        _ => return None,
    })
}

fn code(written: &str) -> FaultCode {
    let local = written.rsplit_once(':').map_or(written, |(_, local)| local);
    FaultCode { written: written.to_owned(), local: local.to_owned() }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault {}", super::short(&self.code.written))?;
        for sub in &self.subcodes {
            write!(f, "/{}", super::short(&sub.written))?;
        }
        let summary = self.summary();
        if summary.is_empty() { Ok(()) } else { write!(f, ": {summary}") }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_in_any_manner_is_left_out() {
        for (open, close) in
            [("\"", "\""), ("'", "'"), ("`", "'"), ("“", "”"), ("„", "“"), ("‘", "’"), ("‚", "‘"), ("»", "«")]
        {
            let reason = format!("Kunde {open}Erika Muster{close} fehlt");
            let fault = Fault { reason, ..Fault::default() };
            assert_eq!(fault.summary(), "Kunde … fehlt", "{open}");
        }
    }
}
