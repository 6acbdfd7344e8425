//! Reads the body of a request and remembers which keys were asked for; the rest is what the endpoint ignores.

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::problem::{Item, Problem};

/// The keys of one JSON object.
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    prefix: String,
    asked: RefCell<Vec<&'a str>>,
    errors: RefCell<Vec<Item>>,
    ignored: RefCell<Vec<String>>,
}

impl<'a> Fields<'a> {
    /// Reads the whole body, which must be an object.
    pub(crate) fn of(body: &'a Value) -> Result<Self, Problem> {
        match body {
            Value::Object(map) => Ok(Self::over(map, String::new())),
            _ => Err(Problem::invalid("The body must be a JSON object")),
        }
    }

    fn over(map: &'a Map<String, Value>, prefix: String) -> Self {
        Self {
            map,
            prefix,
            asked: RefCell::new(Vec::new()),
            errors: RefCell::new(Vec::new()),
            ignored: RefCell::new(Vec::new()),
        }
    }

    /// The value as it came; null counts as absent.
    pub(crate) fn any(&self, key: &str) -> Option<&'a Value> {
        self.present(key).filter(|value| !value.is_null())
    }

    /// The value as it came, null included.
    pub(crate) fn present(&self, key: &str) -> Option<&'a Value> {
        let (name, value) = self.map.get_key_value(key)?;
        self.asked.borrow_mut().push(name);
        Some(value)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        let value = self.any(key)?;
        value.as_str().or_else(|| self.wrong(key, "a string"))
    }

    /// All keys of the object, in its order.
    pub(crate) fn keys(&self) -> Vec<&'a str> {
        self.map.keys().map(String::as_str).collect()
    }

    /// An id: a string of digits or letters, or a number (T69).
    pub(crate) fn id(&self, key: &str) -> Option<String> {
        match self.any(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => self.wrong(key, "a string"),
        }
    }

    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        let value = self.any(key)?;
        value.as_i64().or_else(|| self.wrong(key, "an integer"))
    }

    pub(crate) fn boolean(&self, key: &str) -> Option<bool> {
        let value = self.any(key)?;
        value.as_bool().or_else(|| self.wrong(key, "a boolean"))
    }

    pub(crate) fn list(&self, key: &str) -> Option<&'a Vec<Value>> {
        let value = self.any(key)?;
        value.as_array().or_else(|| self.wrong(key, "an array"))
    }

    pub(crate) fn object(&self, key: &str) -> Option<&'a Map<String, Value>> {
        let value = self.any(key)?;
        value.as_object().or_else(|| self.wrong(key, "an object"))
    }

    /// Reads an object inside this one; what goes wrong there counts here.
    pub(crate) fn inside<T>(&self, key: &str, read: impl FnOnce(&Fields<'a>) -> T) -> Option<T> {
        let inner = Fields::over(self.object(key)?, format!("{}{key}.", self.prefix));
        let result = read(&inner);
        self.absorb(inner);
        Some(result)
    }

    /// Reads each object of a list; an entry that is no object is an error.
    pub(crate) fn each<T>(&self, key: &str, mut read: impl FnMut(&Fields<'a>) -> T) -> Option<Vec<T>> {
        let mut results = Vec::new();
        for entry in self.list(key)? {
            let Some(map) = entry.as_object() else {
                self.wrong::<()>(key, "an array of objects");
                return None;
            };
            let inner = Fields::over(map, format!("{}{key}[].", self.prefix));
            results.push(read(&inner));
            self.absorb(inner);
        }
        Some(results)
    }

    fn absorb(&self, inner: Fields<'a>) {
        inner.close();
        self.errors.borrow_mut().append(&mut inner.errors.borrow_mut());
        self.ignored.borrow_mut().append(&mut inner.ignored.borrow_mut());
    }

    /// Notes that a key that must be there is not.
    pub(crate) fn require<T>(&self, key: &str, value: Option<T>) -> Option<T> {
        let absent = value.is_none() && self.map.get(key).is_none_or(Value::is_null);
        if absent {
            self.error("parameter_not_found", format!("{key} is a required parameter"), key);
        }
        value
    }

    pub(crate) fn invalid(&self, key: &str, message: impl Into<String>) {
        self.error("parameter_invalid", message.into(), key);
    }

    fn error(&self, code: &'static str, message: String, key: &str) {
        let field = Some(format!("{}{key}", self.prefix));
        self.errors.borrow_mut().push(Item { code, message, field });
    }

    fn wrong<T>(&self, key: &str, wanted: &str) -> Option<T> {
        self.invalid(key, format!("{key} must be {wanted}"));
        None
    }

    fn close(&self) {
        let asked = self.asked.borrow();
        let rest = self.map.keys().filter(|key| !asked.contains(&key.as_str()));
        self.ignored.borrow_mut().extend(rest.map(|key| format!("{}{key}", self.prefix)));
    }

    /// Ends the reading: every error at once, or the keys that nobody asked for.
    pub(crate) fn finish(self) -> Result<Vec<String>, Problem> {
        self.close();
        let errors = self.errors.into_inner();
        if errors.is_empty() {
            return Ok(self.ignored.into_inner());
        }
        Err(Problem { status: 400, errors, link: None })
    }
}
