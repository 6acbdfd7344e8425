//! `/layouts`: which fields a form shows, and the values of picklists.
//!
//! Changing sections means reading a layout, changing it and writing all of them: sections that are left out may vanish.

use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json, nothing};
use crate::id::{DepartmentId, FieldId, LayoutId, LayoutSectionId, link};
use crate::page::{At, Page, Paging, ask, data};
use crate::wire::{Fields, answer, begun_empty, body, flag, handle, or_default, query, text};
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

answer! {
    /// A layout. Lists leave its sections out.
    Layout(LayoutId) {
        /// Its name.
        layout_name "text": Option<String>;
        /// The name that people see.
        layout_display_name "text": Option<String>;
        /// The module: `tickets`, `contacts` …
        module "text": Option<String>;
        /// The department.
        department_id "link": Option<DepartmentId>;
        /// Whether records get it unless they name another.
        is_default_layout "flag": Option<bool>;
        /// Its sections.
        sections "or_default": Vec<LayoutSection>;
    }
}

/// A section of a layout.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LayoutSection {
    /// Its id.
    pub id: LayoutSectionId,
    /// Its name.
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    /// Its name as a key of translations.
    #[serde(default, rename = "i18NLabel", deserialize_with = "text")]
    pub i18n_label: Option<String>,
    /// Whether the portal's owner made it.
    #[serde(default, deserialize_with = "flag")]
    pub is_custom_section: Option<bool>,
    /// Its fields.
    #[serde(default, deserialize_with = "or_default")]
    pub fields: Vec<LayoutField>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// A field in a layout.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LayoutField {
    /// Its id.
    pub id: FieldId,
    /// The name in calls.
    #[serde(default, deserialize_with = "text")]
    pub api_name: Option<String>,
    /// The name that people see.
    #[serde(default, deserialize_with = "text")]
    pub display_label: Option<String>,
    /// Whether it must be filled in.
    #[serde(default, deserialize_with = "flag")]
    pub is_mandatory: Option<bool>,
    /// The values of a picklist, each as text or as an object with `value`.
    #[serde(default, deserialize_with = "or_default")]
    pub allowed_values: Vec<Value>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

impl LayoutField {
    /// The values of a picklist as texts.
    pub fn values(&self) -> Vec<&str> {
        self.allowed_values
            .iter()
            .filter_map(|value| value.as_str().or_else(|| value.get("value").and_then(Value::as_str)))
            .collect()
    }
    /// As a layout's change takes it.
    fn kept(&self) -> Value {
        let mut out = Map::from_iter([("id".to_owned(), Value::from(self.id.as_str()))]);
        if let Some(mandatory) = self.is_mandatory {
            out.insert("isMandatory".to_owned(), mandatory.into());
        }
        let values = self.values();
        if !values.is_empty() {
            out.insert("allowedValues".to_owned(), values.into());
        }
        for key in ["defaultValue", "isNested", "sortBy", "restoreOnReplyValues"] {
            if let Some(value) = self.extra.get(key).filter(|value| !value.is_null()) {
                out.insert(key.to_owned(), value.clone());
            }
        }
        Value::Object(out)
    }
}

body! {
    /// Fields of a layout to be written; what isn't set stays as it is.
    LayoutUpdate {
        /// The name that people see: 150 characters at most.
        display_name "layoutDisplayName": &str;
        /// The department.
        department "departmentId": &DepartmentId;
        /// The module.
        module "module": &str;
    }
}
begun_empty!(LayoutUpdate);

impl LayoutUpdate {
    /// All sections of a layout that was read, with these fields added to the section that has this id. A field that is in
    /// the layout already is left where it is.
    pub fn adding(mut self, layout: &Layout, section: &LayoutSectionId, fields: &[FieldId]) -> Self {
        let there = |id: &FieldId| layout.sections.iter().any(|s| s.fields.iter().any(|f| f.id == *id));
        let sections = layout.sections.iter().map(|kept| {
            let mut written: Vec<Value> = kept.fields.iter().map(LayoutField::kept).collect();
            if kept.id == *section {
                let new = fields.iter().filter(|id| !there(id));
                written.extend(new.map(|id| json!({"id": id, "isMandatory": false})));
            }
            let mut out = Map::from_iter([("id".to_owned(), Value::from(kept.id.as_str()))]);
            out.extend(kept.name.iter().map(|name| ("name".to_owned(), name.as_str().into())));
            out.extend(kept.i18n_label.iter().map(|label| ("i18NLabel".to_owned(), label.as_str().into())));
            out.extend(kept.is_custom_section.map(|custom| ("isCustomSection".to_owned(), custom.into())));
            out.insert("fields".to_owned(), written.into());
            Value::Object(out)
        });
        let sections: Vec<Value> = sections.collect();
        self.0.0.insert("sections".to_owned(), sections.into());
        self
    }
}

body! {
    /// A field in a layout to be changed.
    LayoutFieldUpdate {
        /// All values of a picklist, in order: 120 characters each at most. Values that are left out are gone. A nested
        /// value is written `A :: B :: C`.
        values "allowedValues": &[&str];
        /// The value that is meant when none is given.
        default_value "defaultValue": &str;
        /// `alphabetical` or `userDefined`.
        sort_by "sortBy": &str;
        /// Whether it must be filled in.
        mandatory "isMandatory": bool;
        /// Whether the values are nested.
        nested "isNested": bool;
    }
}
begun_empty!(LayoutFieldUpdate);

query! {
    /// Which layouts of a module.
    LayoutQuery {
        /// Those of this department.
        department "departmentId": &DepartmentId;
        /// `active` (unless set), `inactive` or `all`.
        status "status": &str;
        /// The one with this name.
        named "layoutName": &str;
    }
}

/// `GET /layouts`: one page of those of a module.
pub fn list(to: &Endpoint, module: &str, query: &LayoutQuery, at: At) -> Ask<Page<Layout>> {
    let mut query = query.parameters();
    query.push(("module", module.to_owned()));
    ask(to, "layouts.list", (&["layouts"], query), (Paging::LAYOUTS, at), data)
}

/// `GET /layouts/{id}`, with its sections and the values of picklists.
pub fn get(to: &Endpoint, id: &LayoutId) -> Ask<Layout> {
    Ask::new(to, "layouts.get", Does::Get, (Method::GET, &["layouts", id.as_str()], &[]), Payload::None, json)
}

/// `PATCH /layouts/{id}`.
pub fn update(to: &Endpoint, id: &LayoutId, fields: &LayoutUpdate) -> Ask<Layout> {
    let call = (Method::PATCH, &["layouts", id.as_str()][..], &[][..]);
    Ask::new(to, "layouts.update", Does::Overwrite, call, body(fields), json)
}

/// `PATCH /layouts/{id}/fields/{id}`.
pub fn update_field(
    to: &Endpoint,
    id: &LayoutId,
    field: &FieldId,
    change: &LayoutFieldUpdate,
) -> Ask<LayoutField> {
    let call = (Method::PATCH, &["layouts", id.as_str(), "fields", field.as_str()][..], &[][..]);
    Ask::new(to, "layouts.update_field", Does::Overwrite, call, body(change), json)
}

/// `POST /layouts/{id}/fields/{id}/unassociate`: takes a field out of the layout.
pub fn remove_field(to: &Endpoint, id: &LayoutId, field: &FieldId) -> Ask<()> {
    let path = ["layouts", id.as_str(), "fields", field.as_str(), "unassociate"];
    Ask::new(to, "layouts.remove_field", Does::Overwrite, (Method::POST, &path, &[]), Payload::None, nothing)
}

handle! {
    /// Layouts of the portal.
    Layouts {
        list(module: &str, query: &LayoutQuery, at: At) -> Page<Layout>;
        get(id: &LayoutId) -> Layout;
        update(id: &LayoutId, fields: &LayoutUpdate) -> Layout;
        update_field(id: &LayoutId, field: &FieldId, change: &LayoutFieldUpdate) -> LayoutField;
        remove_field(id: &LayoutId, field: &FieldId) -> ();
        @all list_all(module: &str, query: &LayoutQuery) -> Layout = list by LAYOUTS;
    }
}
