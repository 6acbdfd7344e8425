//! A company as Intercom can hold it.

use super::fields::shape_attributes;
use super::losing::Losing;
use super::markup::one_line;
use super::options::SinkOptions;
use mapping_core::{Catalog, Draft, Error, ErrorKind, LossRule, Result, Shaped, Value};

pub(super) const KIND: &str = "company_attribute";

pub(super) fn shape(draft: &Draft, catalog: &Catalog, options: &SinkOptions) -> Result<Shaped> {
    let mut losing = Losing::of(draft);
    let mut out = draft.clone();
    out.parts.clear();
    for field in ["company_id", "name", "website"] {
        let Some(value) = out.fields.remove(field) else { continue };
        let text = one_line(value.as_str().unwrap_or_default());
        let text = losing.cut(field, text, 255, "longer than a field of a company may be");
        if !text.is_empty() {
            out.fields.insert(field.into(), Value::text(text));
        }
    }
    if out.text("company_id").is_empty() {
        return Err(Error::not_sent(ErrorKind::Invalid, "a company needs a `company_id`, its key"));
    }
    shape_attributes(&mut out, KIND, catalog, options, &mut losing)?;
    let known = ["company_id", "name", "website"];
    let other = |k: &&String| !known.contains(&k.as_str()) && !k.starts_with("attribute.");
    for field in out.fields.keys().filter(other).cloned().collect::<Vec<_>>() {
        out.fields.remove(&field);
        losing.lose(&field, LossRule::Dropped, "a company has no such field");
    }
    out.fields.retain(|_, value| !value.is_empty());
    Ok(losing.done(out))
}
