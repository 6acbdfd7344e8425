//! A contact as Intercom can hold it.

use super::fields::shape_attributes;
use super::losing::Losing;
use super::markup::{self, one_line};
use super::options::{ExternalId, SinkOptions};
use super::shape_thread::headed;
use jiff::Timestamp;
use mapping_core::text::html_of_plain;
use mapping_core::{
    Author, Body, Catalog, Draft, Error, ErrorKind, Format, Link, LossRule, Result, Shaped, Value, Visibility,
};

pub(super) const KIND: &str = "contact_attribute";
/// The catalog's word on whether the workspace gives its contacts external ids of its own.
pub(super) const EXTERNAL_ID_IN_USE: &str = "external_id_in_use";

pub(super) fn shape(draft: &Draft, catalog: &Catalog, options: &SinkOptions) -> Result<Shaped> {
    let mut losing = Losing::of(draft);
    let mut out = draft.clone();
    shape_notes(&mut out, catalog, options, &mut losing)?;
    out.fields.insert("role".into(), Value::text("user"));
    shape_email(&mut out, &mut losing);
    shape_external_id(&mut out, catalog, options, &mut losing)?;
    shape_name(&mut out, &mut losing);
    shape_phone(&mut out, &mut losing);
    shape_time(&mut out, catalog, &mut losing);
    shape_attributes(&mut out, KIND, catalog, options, &mut losing)?;
    let known = ["role", "email", "external_id", "name", "phone", "signed_up_at", "company"];
    if out.field("company").as_link().is_none() && out.fields.remove("company").is_some_and(|v| !v.is_empty())
    {
        losing.lose("company", LossRule::Dropped, "a company that is no link");
    }
    let unknown: Vec<String> = out
        .fields
        .keys()
        .filter(|k| !known.contains(&k.as_str()) && !k.starts_with("attribute."))
        .cloned()
        .collect();
    for field in unknown {
        out.fields.remove(&field);
        losing.lose(&field, LossRule::Dropped, "a contact has no such field");
    }
    out.fields.retain(|_, value| !value.is_empty() && value.as_str() != Some(""));
    Ok(losing.done(out))
}

/// Notes are by teammates, and carry the time at which they are written to Intercom.
fn shape_notes(out: &mut Draft, catalog: &Catalog, options: &SinkOptions, losing: &mut Losing) -> Result<()> {
    for part in &mut out.parts {
        let field = |what: &str| format!("parts[{}].{what}", part.key);
        let html = match part.body.format {
            Format::Plain => html_of_plain(&part.body.text),
            Format::Html => part.body.text.as_str().to_owned(),
        };
        let mut body = Body::html(markup::conservative(&html));
        if body.canonical().is_empty() {
            body = Body::html("<p>[no text]</p>");
        }
        let name = part.author.name.take().map(|n| one_line(&n)).filter(|n| !n.is_empty());
        let teammate = match &part.author.link {
            Some(Link::Remote(remote)) => catalog.person(remote).filter(|p| p.active),
            _ => None,
        };
        if let Some(person) = teammate {
            losing.relies_on(person.key());
            // They may leave before this is written; then it heads the text.
            part.author.name = Some(name.unwrap_or_else(|| one_line(&person.name)).into());
        } else {
            let acting = super::shape_thread::acting(catalog, options)?;
            if part.author.link != Some(Link::Remote(acting.clone())) {
                let why = "no teammate for the author: the acting one stands in, the name heads the text";
                losing.lose(&field("author"), LossRule::Defaulted, why);
                body = headed(body, name.as_deref().unwrap_or("Unknown author"));
            }
            part.author = Author { link: Some(Link::Remote(acting)), name: None };
        }
        for file in part.files.drain(..) {
            let why =
                format!("notes on contacts have no files: handed over by hand (sha256 {})", file.sha256);
            losing.values(&format!("parts[{}].files", part.key), LossRule::Dropped, &why, &file.name, "");
        }
        part.body = body;
        part.at = None;
        part.visibility = Visibility::Internal;
    }
    Ok(())
}

fn shape_email(out: &mut Draft, losing: &mut Losing) {
    let Some(value) = out.fields.remove("email") else { return };
    let raw = value.as_str().unwrap_or_default();
    let email = raw.trim().to_lowercase();
    if email.is_empty() {
        return;
    }
    if is_email(&email) {
        out.fields.insert("email".into(), Value::text(email));
    } else {
        losing.values("email", LossRule::Dropped, "not an e-mail address that Intercom takes", raw, "");
    }
}

/// A local part, one `@`, a domain with a dot; 254 bytes at most (RFC 5321, section 4.5.3.1.3).
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"()[]\\".contains(c));
    let labels = domain.split('.').all(|l| !l.is_empty() && !l.starts_with('-') && !l.ends_with('-'));
    clean && !local.is_empty() && !local.contains('@') && domain.contains('.') && labels && text.len() <= 254
}

/// A user needs an address or an external id. Where the workspace has external ids of its own, a contact with an
/// address gets ours as an attribute.
fn shape_external_id(
    out: &mut Draft,
    catalog: &Catalog,
    options: &SinkOptions,
    losing: &mut Losing,
) -> Result<()> {
    let id =
        out.fields.remove("external_id").and_then(|v| v.as_str().map(one_line)).filter(|id| !id.is_empty());
    let has_email = out.fields.contains_key("email");
    let wanted = match options.external_id {
        ExternalId::Always => true,
        ExternalId::Never => false,
        ExternalId::Auto => catalog.facts.get(EXTERNAL_ID_IN_USE).map(String::as_str) != Some("true"),
    };
    match id {
        Some(id) if wanted || !has_email => {
            out.fields.insert("external_id".into(), Value::text(id));
        }
        Some(id) => {
            let attribute = &options.contact_id_attribute;
            if catalog.field(KIND, attribute).is_some() {
                let short = id.rsplit(':').next().unwrap_or(&id).to_owned();
                out.fields.entry(format!("attribute.{attribute}")).or_insert_with(|| Value::text(short));
            } else {
                let why = "the workspace uses external ids of its own and has no attribute for the source's";
                losing.values("external_id", LossRule::Dropped, why, &id, "");
            }
        }
        None if !has_email => {
            let message = "a contact needs an e-mail address or an external id, and the record has neither";
            return Err(Error::not_sent(ErrorKind::Invalid, message));
        }
        None => {}
    }
    Ok(())
}

fn shape_name(out: &mut Draft, losing: &mut Losing) {
    let Some(value) = out.fields.remove("name") else { return };
    let name = one_line(value.as_str().unwrap_or_default());
    let name = losing.cut("name", name, 255, "longer than a name may be");
    out.fields.insert("name".into(), Value::text(name));
}

fn shape_phone(out: &mut Draft, losing: &mut Losing) {
    let Some(value) = out.fields.remove("phone") else { return };
    let raw = value.as_str().unwrap_or_default().trim();
    if raw.is_empty() {
        return;
    }
    match e164(raw) {
        Some(phone) => {
            if phone != raw {
                losing.values("phone", LossRule::Recast, "written in E.164 form", raw, &phone);
            }
            out.fields.insert("phone".into(), Value::text(phone));
        }
        None => {
            losing.values(
                "phone",
                LossRule::Dropped,
                "not a telephone number with a country code (E.164)",
                raw,
                "",
            );
        }
    }
}

/// `+` and 7 to 15 digits (ITU-T E.164), from the ways in which people write it.
fn e164(raw: &str) -> Option<String> {
    // A trunk zero in brackets isn't dialled with a country code.
    let raw = raw.replace("(0)", "");
    let bare: String =
        raw.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}')).collect();
    let digits = bare.strip_prefix('+').or_else(|| bare.strip_prefix("00"))?;
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    (fits && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

fn shape_time(out: &mut Draft, catalog: &Catalog, losing: &mut Losing) {
    let Some(value) = out.fields.remove("signed_up_at") else { return };
    let Value::Time(at) = value else { return };
    let seconds = at.as_second();
    if seconds <= 0 || at > catalog.as_of {
        let why = "not a time at which somebody can have signed up";
        losing.values("signed_up_at", LossRule::Dropped, why, &at.to_string(), "");
    } else if let Ok(at) = Timestamp::from_second(seconds) {
        out.fields.insert("signed_up_at".into(), Value::Time(at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_numbers_that_intercom_would_refuse_are_told_apart() {
        for good in ["a@b.example", "o'neil+x@sub.b.example", "ü@b.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "a@b", "a@@b.c", "a b@c.d", "<a@b.c>", "a@b..c", "a@.c", "a@b.c.", "a@-b.c"] {
            assert!(!is_email(bad), "{bad}");
        }
        assert_eq!(e164("+49 (0) 30 / 123-4567").as_deref(), Some("+49301234567"));
        assert_eq!(e164("0049 30 1234567").as_deref(), Some("+49301234567"));
        for bad in ["030 123456", "ext 12", "+1", "+12345678901234567", "+0123456789"] {
            assert_eq!(e164(bad), None, "{bad}");
        }
    }
}
