//! `/macros`: read only, in two forms of text, and hidden from teammates of other teams (T62).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::contacts::acting;
use super::markup;
use super::problem::Problem;
use super::store::Macro;

/// When a macro without a time was changed: long ago.
const LONG_AGO: i64 = 1_700_000_000;

/// Macros that the owner of the token may see, newest first.
fn visible<'a>(call: &'a Call<'_>) -> Vec<&'a Macro> {
    let me = acting(call.ws);
    let mine: Vec<u64> =
        call.ws.teams.iter().filter(|team| team.admin_ids.contains(&me)).map(|team| team.id).collect();
    let seen = |it: &&Macro| it.teams.is_empty() || it.teams.iter().any(|team| mine.contains(team));
    let mut all: Vec<&Macro> = call.ws.macros.iter().filter(seen).collect();
    all.sort_by_key(|it| std::cmp::Reverse(place(it)));
    all
}

fn place(it: &Macro) -> (i64, u64) {
    (it.updated_at.unwrap_or(LONG_AGO), it.id)
}

/// The cursor is the time and id of the last macro of a page.
fn cursor(it: &Macro) -> String {
    let (at, id) = place(it);
    STANDARD.encode(format!("[{at}.0, \"{id}\"]"))
}

fn read_cursor(text: &str) -> Option<(i64, u64)> {
    let bytes = STANDARD.decode(text).ok()?;
    let parts: (f64, String) = serde_json::from_slice(&bytes).ok()?;
    Some((parts.0 as i64, parts.1.parse().ok()?))
}

pub(crate) fn list(call: &mut Call<'_>) -> Answer {
    let size = call.per_page(50, 150)?;
    let since = match call.query("updated_since") {
        None => i64::MIN,
        Some(text) => text
            .parse()
            .map_err(|_| Problem::invalid("Invalid updated_since timestamp").field("updated_since"))?,
    };
    let after = match call.query("starting_after") {
        None => None,
        Some(text) => Some(read_cursor(text).ok_or_else(|| Problem::invalid("starting_after is invalid"))?),
    };
    let mut rows = visible(call);
    rows.retain(|it| place(it).0 >= since && after.is_none_or(|after| place(it) < after));
    let shown = &rows[..rows.len().min(size)];
    let next = match shown.last().filter(|_| rows.len() > size) {
        Some(last) => json!({"starting_after": cursor(last)}),
        None => Value::Null,
    };
    let data: Vec<Value> = shown.iter().map(|it| shape(it)).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data,
        "pages": {"type": "pages", "per_page": size, "next": next}})))
}

pub(crate) fn get(call: &mut Call<'_>) -> Answer {
    let id = call.id(0);
    let found = visible(call).into_iter().find(|it| it.id.to_string() == id);
    Ok(Reply::Json(shape(found.ok_or_else(|| Problem::new(404, "not_found", "Macro not found"))?)))
}

fn shape(it: &Macro) -> Value {
    let time = |at: i64| jiff::Timestamp::from_second(at).map(|at| format!("{at:.3}")).unwrap_or_default();
    let teams: Vec<String> = it.teams.iter().map(u64::to_string).collect();
    let available =
        if it.available_on.is_empty() { vec!["inbox".to_owned()] } else { it.available_on.clone() };
    json!({"type": "macro", "id": it.id.to_string(), "name": it.name, "body": html(&it.text),
        "body_text": it.text, "created_at": time(LONG_AGO), "updated_at": time(place(it).0),
        "visible_to": if teams.is_empty() { "everyone" } else { "specific_teams" },
        "visible_to_team_ids": teams, "available_on": available})
}

/// The text as HTML, placeholders as elements.
fn html(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let mut out = String::new();
        let mut rest = paragraph;
        while let Some((before, inside, after)) = placeholder(rest) {
            out.push_str(&markup::escape(before).replace('\n', "<br>"));
            out.push_str(&element(inside));
            rest = after;
        }
        format!("<p>{out}{}</p>", markup::escape(rest).replace('\n', "<br>"))
    });
    paragraphs.collect()
}

/// What stands before, in and after the first `{{…}}`.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (inside, after) = rest.split_once("}}")?;
    Some((before, inside, after))
}

fn element(inside: &str) -> String {
    let (key, fallback) = inside.split_once('|').unwrap_or((inside, ""));
    let default = fallback.trim().strip_prefix("fallback:").map(|text| text.trim().trim_matches(['"', '\'']));
    let default = default.map(|text| format!(" default=\"{}\"", markup::escape(text))).unwrap_or_default();
    format!("<attribute key=\"{}\"{default}/>", markup::escape(key.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_elements_and_the_rest_is_escaped() {
        assert_eq!(
            html("Hi {{user.name|fallback:\"there\"}},\n\na < b {{x}} {{"),
            "<p>Hi <attribute key=\"user.name\" default=\"there\"/>,</p><p>a &lt; b <attribute key=\"x\"/> {{</p>"
        );
    }
}
