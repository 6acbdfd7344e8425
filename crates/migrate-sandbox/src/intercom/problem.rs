//! Intercom's error envelope.

use serde_json::{Value, json};

/// A request that is refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) errors: Vec<Item>,
    pub(crate) link: Option<String>,
}

/// One entry of the envelope's list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) field: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, errors: vec![Item { code, message: message.into(), field: None }], link: None }
    }

    pub(crate) fn field(mut self, name: &str) -> Self {
        if let Some(item) = self.errors.last_mut() {
            item.field = Some(name.to_owned());
        }
        self
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "parameter_invalid", message)
    }

    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(422, "parameter_invalid", message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "not_found", "Resource Not Found")
    }

    pub(crate) fn no_user() -> Self {
        Self::new(404, "not_found", "User Not Found")
    }

    pub(crate) fn no_conversation() -> Self {
        Self::new(404, "not_found", "Conversation not found")
    }

    /// The envelope. Its request id is a UUID, null or absent in turn (T11).
    pub(crate) fn body(&self, call: u64) -> Value {
        let errors: Vec<Value> = self
            .errors
            .iter()
            .map(|item| {
                let mut entry = json!({"code": item.code, "message": item.message});
                if let Some(field) = &item.field {
                    entry["field"] = json!(field);
                }
                entry
            })
            .collect();
        let mut body = json!({"type": "error.list", "errors": errors});
        match call % 3 {
            0 => body["request_id"] = Value::Null,
            1 => body["request_id"] = json!(request_id(call)),
            _ => {}
        }
        body
    }
}

/// A UUID made of the call number.
pub(crate) fn request_id(call: u64) -> String {
    format!("5a2d0000-0000-4000-8000-{call:012x}")
}
