//! Reads TOML tables key by key, so that every complaint names its line and unknown keys their nearest neighbour.

use super::path::nearest;
use crate::{Error, ErrorKind, Result};
use serde_json::Value;
use toml::de::{DeTable, DeValue};

/// Where something stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct At {
    pub(crate) line: usize,
    /// The name of the file it stands in.
    pub(crate) file: String,
}

impl At {
    /// A complaint about what stands here.
    pub(crate) fn complain(&self, what: &str, why: &str) -> Error {
        let message = match what {
            "" => format!("mapping {}, line {}: {why}", self.file, self.line),
            _ => format!("mapping {}, line {}, {what}: {why}", self.file, self.line),
        };
        Error::not_sent(ErrorKind::Config, message)
    }
}

/// The text of a mapping file with its name.
pub(crate) struct File<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}

impl File<'_> {
    fn at(&self, offset: usize) -> At {
        let before = self.text.get(..offset).unwrap_or(self.text);
        At { line: before.matches('\n').count() + 1, file: self.name.to_owned() }
    }

    /// A complaint of the TOML parser.
    pub(crate) fn refuse(&self, e: &toml::de::Error) -> Error {
        let at = self.at(e.span().map_or(0, |s| s.start));
        at.complain("", &format!("not TOML: {}", e.message()))
    }
}

/// A table of a mapping file.
pub(crate) struct Node<'a> {
    file: &'a File<'a>,
    table: &'a DeTable<'a>,
    what: String,
    pub(crate) at: At,
}

impl<'a> Node<'a> {
    /// The whole file. `known` are the keys it may have.
    pub(crate) fn root(file: &'a File<'a>, table: &'a DeTable<'a>, known: &[&str]) -> Result<Self> {
        Node { file, table, what: String::new(), at: file.at(0) }.knows(known)
    }

    fn knows(self, known: &[&str]) -> Result<Self> {
        for (key, _) in self.table.iter() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let at = self.file.at(key.span().start);
                let place =
                    if self.what.is_empty() { "at the top".to_owned() } else { format!("in {}", self.what) };
                let why = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("unknown key `{name}` {place}; did you mean `{near}`?"),
                    None => format!("unknown key `{name}` {place}; known are {}", known.join(", ")),
                };
                return Err(at.complain("", &why));
            }
        }
        Ok(self)
    }

    fn get(&self, key: &str) -> Option<(&'a DeValue<'a>, At)> {
        let found = self.table.iter().find(|(k, _)| &**k.get_ref() == key);
        found.map(|(_, v)| (v.get_ref(), self.file.at(v.span().start)))
    }

    fn wrong(&self, key: &str, at: &At, wanted: &str) -> Error {
        at.complain("", &format!("`{key}` must be {wanted}"))
    }

    /// A complaint about this table.
    pub(crate) fn complain(&self, why: &str) -> Error {
        self.at.complain(&self.what, why)
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some((DeValue::String(s), _)) => Ok(Some(s.to_string())),
            Some((_, at)) => Err(self.wrong(key, &at, "a text")),
        }
    }

    pub(crate) fn needed(&self, key: &str) -> Result<String> {
        self.text(key)?.ok_or_else(|| self.complain(&format!("`{key}` is missing")))
    }

    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some((DeValue::Boolean(b), _)) => Ok(Some(*b)),
            Some((_, at)) => Err(self.wrong(key, &at, "true or false")),
        }
    }

    pub(crate) fn number(&self, key: &str) -> Result<Option<u32>> {
        match self.get(key) {
            None => Ok(None),
            Some((DeValue::Integer(n), at)) => {
                let n = n.as_str().parse().ok();
                n.map(Some).ok_or_else(|| self.wrong(key, &at, "a whole number from 0 to 4294967295"))
            }
            Some((_, at)) => Err(self.wrong(key, &at, "a whole number")),
        }
    }

    /// A text or a list of texts.
    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<String>>> {
        match self.get(key) {
            None => Ok(None),
            Some((DeValue::String(s), _)) => Ok(Some(vec![s.to_string()])),
            Some((DeValue::Array(items), at)) => {
                let texts = items.iter().map(|i| match i.get_ref() {
                    DeValue::String(s) => Ok(s.to_string()),
                    _ => Err(self.wrong(key, &at, "a list of texts")),
                });
                texts.collect::<Result<Vec<_>>>().map(Some)
            }
            Some((_, at)) => Err(self.wrong(key, &at, "a text or a list of texts")),
        }
    }

    /// A text, a number, true or false.
    pub(crate) fn scalar(&self, key: &str) -> Result<Option<Value>> {
        match self.get(key) {
            None => Ok(None),
            Some((v, at)) => match scalar(v) {
                Some(value) => Ok(Some(value)),
                None => Err(self.wrong(key, &at, "a text, a number, true or false")),
            },
        }
    }

    pub(crate) fn scalars(&self, key: &str) -> Result<Option<Vec<Value>>> {
        match self.get(key) {
            Some((DeValue::Array(items), at)) => {
                let values = items.iter().map(|i| scalar(i.get_ref()));
                let values: Option<Vec<Value>> = values.collect();
                values
                    .map(Some)
                    .ok_or_else(|| self.wrong(key, &at, "a list of texts, numbers, true or false"))
            }
            _ => Ok(self.scalar(key)?.map(|v| vec![v])),
        }
    }

    /// Entries of this table in the order of the file, when all of them are scalars.
    pub(crate) fn entries(&self) -> Result<Vec<(String, Value)>> {
        let mut entries = Vec::new();
        for (key, value) in self.table.iter() {
            let at = self.file.at(value.span().start);
            let Some(v) = scalar(value.get_ref()) else {
                return Err(self.wrong(key.get_ref(), &at, "a text, a number, true or false"));
            };
            entries.push((key.span().start, (key.get_ref().to_string(), v)));
        }
        entries.sort_by_key(|(start, _)| *start);
        Ok(entries.into_iter().map(|(_, entry)| entry).collect())
    }

    /// Tables below this one by name, each with what it is called in complaints.
    pub(crate) fn children(&self, what: &str) -> Result<Vec<(String, Node<'a>)>> {
        let mut out = Vec::new();
        for (key, value) in self.table.iter() {
            let at = self.file.at(value.span().start);
            let DeValue::Table(table) = value.get_ref() else {
                return Err(self.wrong(key.get_ref(), &at, "a table"));
            };
            let name = key.get_ref().to_string();
            let what = format!("[{what}.{name}]");
            out.push((name, Node { file: self.file, table, what, at }));
        }
        Ok(out)
    }

    /// The table at a key; `None` as `known` allows any key.
    pub(crate) fn table(&self, key: &str, what: &str, known: Option<&[&str]>) -> Result<Option<Node<'a>>> {
        match self.get(key) {
            None => Ok(None),
            Some((DeValue::Table(table), at)) => {
                let node = Node { file: self.file, table, what: what.to_owned(), at };
                match known {
                    Some(known) => node.knows(known).map(Some),
                    None => Ok(Some(node)),
                }
            }
            Some((_, at)) => Err(self.wrong(key, &at, "a table")),
        }
    }

    /// The tables of the list at a key.
    pub(crate) fn tables(&self, key: &str, what: &str, known: &[&str]) -> Result<Vec<Node<'a>>> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some((DeValue::Array(items), at)) => {
                let nodes = items.iter().map(|item| match item.get_ref() {
                    DeValue::Table(table) => {
                        let at = self.file.at(item.span().start);
                        Node { file: self.file, table, what: what.to_owned(), at }.knows(known)
                    }
                    _ => Err(self.wrong(key, &at, "a list of tables")),
                });
                nodes.collect()
            }
            Some((_, at)) => Err(self.wrong(key, &at, "a list of tables")),
        }
    }

    /// Whether a key is there and a table.
    pub(crate) fn is_table(&self, key: &str) -> bool {
        matches!(self.get(key), Some((DeValue::Table(_), _)))
    }
}

fn scalar(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::String(s) => Some(Value::String(s.to_string())),
        DeValue::Boolean(b) => Some(Value::Bool(*b)),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(Value::from),
        // Decimal numbers stay as they are written.
        DeValue::Float(n) => Some(Value::String(n.as_str().to_owned())),
        _ => None,
    }
}
