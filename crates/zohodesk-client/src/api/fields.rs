//! `/fields`: fields of a module (`tickets`, `contacts`, `accounts`). The values of picklists belong to
//! [`layouts`](super::layouts).

use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json, nothing};
use crate::id::FieldId;
use crate::page::all_data;
use crate::wire::{answer, body, count, flag, handle, text};
use http::Method;

answer! {
    /// A field of a module.
    FieldDefinition(FieldId) {
        /// The name in calls. Desk derives it from the label; read it, never compute it.
        api_name "text": Option<String>;
        /// The name that people see.
        display_label "text": Option<String>;
        /// Whether the portal's owner made it.
        is_custom_field "flag": Option<bool>;
        /// Whether it must be filled in.
        is_mandatory "flag": Option<bool>;
        /// Most characters or digits.
        max_length "count": Option<u64>;
    }
}

impl FieldDefinition {
    /// The type in lower case, such as `text` or `picklist`. Desk's letter case varies, and the types of system fields are
    /// not to be trusted.
    pub fn kind(&self) -> Option<String> {
        self.extra.get("type").and_then(serde_json::Value::as_str).map(str::to_ascii_lowercase)
    }
}

body! {
    /// A field to be made. Its values, if it is a picklist, are set in each layout.
    NewField {
        /// A word of help: 200 characters at most.
        tool_tip "toolTip": &str;
        /// Whether a change of it counts as activity.
        tracks_activity "isTrackLastActivityTime": bool;
        /// Whether it is stored encrypted.
        encrypted "isEncryptedField": bool;
    }
}

impl NewField {
    fn of(kind: &str, label: &str) -> Self {
        let mut new = Self::default();
        new.0.0.insert("displayLabel".to_owned(), label.into());
        new.0.0.insert("type".to_owned(), kind.into());
        new
    }
    fn with(mut self, key: &str, value: u64) -> Self {
        self.0.0.insert(key.to_owned(), value.into());
        self
    }
    /// One line of text: 1 to 255 characters.
    pub fn text(label: &str, most: u64) -> Self {
        Self::of("Text", label).with("maxLength", most)
    }
    /// Lines of text.
    pub fn text_area(label: &str) -> Self {
        Self::of("Textarea", label)
    }
    /// A whole number of 1 to 9 digits: too small for many ids.
    pub fn number(label: &str, digits: u64) -> Self {
        Self::of("Number", label).with("maxLength", digits)
    }
    /// A number of 1 to 16 digits, of which 0 to 9 are behind the point.
    pub fn decimal(label: &str, digits: u64, places: u64) -> Self {
        Self::of("Decimal", label).with("maxLength", digits).with("decimalPlaces", places)
    }
    /// True or false.
    pub fn boolean(label: &str) -> Self {
        Self::of("Boolean", label)
    }
    /// A day.
    pub fn date(label: &str) -> Self {
        Self::of("Date", label)
    }
    /// A moment.
    pub fn date_time(label: &str) -> Self {
        Self::of("DateTime", label)
    }
    /// An e-mail address.
    pub fn email(label: &str) -> Self {
        Self::of("Email", label)
    }
    /// An address in the web.
    pub fn url(label: &str) -> Self {
        Self::of("URL", label)
    }
    /// A telephone number of 1 to 255 characters.
    pub fn phone(label: &str, most: u64) -> Self {
        Self::of("Phone", label).with("maxLength", most)
    }
    /// One value of several.
    pub fn picklist(label: &str) -> Self {
        Self::of("Picklist", label)
    }
    /// Some values of several.
    pub fn multiselect(label: &str) -> Self {
        Self::of("Multiselect", label)
    }
}

/// `GET /fields`: all of a module; the list has no pages.
pub fn list(to: &Endpoint, module: &str) -> Ask<Vec<FieldDefinition>> {
    let query = [("module", module.to_owned())];
    Ask::new(to, "fields.list", Does::List(0), (Method::GET, &["fields"], &query), Payload::None, all_data)
}

/// `GET /fields/{id}`.
pub fn get(to: &Endpoint, id: &FieldId) -> Ask<FieldDefinition> {
    Ask::new(to, "fields.get", Does::Get, (Method::GET, &["fields", id.as_str()], &[]), Payload::None, json)
}

/// `POST /fields`.
pub fn create(to: &Endpoint, module: &str, new: &NewField) -> Ask<FieldDefinition> {
    let query = [("module", module.to_owned())];
    Ask::new(to, "fields.create", Does::Create, (Method::POST, &["fields"], &query), body(new), json)
}

/// `DELETE /fields/{id}`, with its values in every record.
pub fn delete(to: &Endpoint, id: &FieldId) -> Ask<()> {
    let call = (Method::DELETE, &["fields", id.as_str()][..], &[][..]);
    Ask::new(to, "fields.delete", Does::Overwrite, call, Payload::None, nothing)
}

handle! {
    /// Fields of the portal.
    FieldDefinitions {
        list(module: &str) -> Vec<FieldDefinition>;
        get(id: &FieldId) -> FieldDefinition;
        create(module: &str, new: &NewField) -> FieldDefinition;
        delete(id: &FieldId) -> ();
    }
}
