//! Prepared answers as a pack to paste from: one file each, by folder, with the placeholders of the destination.

use super::desk::{Desk, file_name};
use super::{Built, files};
use crate::Failure;
use crate::sheet::Sheet;
use mapping_core::mapping::Handoff;
use mapping_core::model::{Record, StandardResponse};
use mapping_core::{Body, Format, text};

/// A prepared answer as it should be at the destination.
pub(super) struct Answer {
    pub(super) name: String,
    /// What stands before the name, where the destination has no folders.
    pub(super) folder: String,
    pub(super) format: Format,
    pub(super) text: String,
    /// Placeholders that nothing stands for.
    pub(super) unknown: Vec<String>,
}

impl Answer {
    pub(super) fn of(desk: &Desk<'_>, response: &StandardResponse) -> Answer {
        let done = desk.mapping.placeholders().translate(&response.body.text);
        Answer {
            name: response.name.clone(),
            folder: response.folder.join(" / "),
            format: response.body.format,
            text: done.text,
            unknown: done.unknown,
        }
    }
    /// Its name with its folder before it.
    pub(super) fn full_name(&self) -> String {
        if self.folder.is_empty() { self.name.clone() } else { format!("{} / {}", self.folder, self.name) }
    }
    fn plain(&self) -> String {
        match self.format {
            Format::Plain => self.text.clone(),
            Format::Html => text::plain_of_html(&self.text),
        }
    }
}

const HEAD: [&str; 13] = [
    "record",
    "folder",
    "name",
    "name there",
    "language",
    "subject",
    "queues",
    "ticketboxes",
    "visible to",
    "placeholders without equivalent",
    "files",
    "text",
    "file",
];

/// The pack: `handoff/<name>/<folder>/<name>-<id>.txt`, and `.html` beside it where the answer is HTML.
pub(super) async fn pack(desk: &Desk<'_>, handoff: &Handoff) -> Result<Built, Failure> {
    let mut built = Built::of(Sheet::new(&handoff.title, &HEAD));
    let mut missing = Sheet::new("Placeholders", &["placeholder", "record", "name"]);
    let (mut sheet, mut attached) = (std::mem::take(&mut built.sheets), Vec::new());
    desk.each("standard_response", &mut |record| {
        let Record::StandardResponse(response) = record else { return Ok(()) };
        let answer = Answer::of(desk, &response);
        let file = write(desk, handoff, &response, &answer, &mut built.files)?;
        let key = response.id.source_ref().to_string();
        attached.extend(response.attachments.iter().map(|id| (id.clone(), key.clone())));
        for name in &answer.unknown {
            missing.push([name.clone(), key.clone(), answer.name.clone()]);
        }
        if let Some(sheet) = sheet.first_mut() {
            sheet.push(row(desk, &response, &answer, file));
        }
        Ok(())
    })?;
    if !missing.rows.is_empty() {
        built.flags.push(format!(
            "Placeholders without an equivalent, which stand in the texts as they were: {}. See the sheet “Placeholders”.",
            missing.rows.len()
        ));
    }
    sheet.push(missing);
    // The pack's own folder holds the files that belong to the answers.
    let copies = files::attached(desk, handoff, attached).await?;
    sheet.extend(copies.sheets);
    built.flags.extend(copies.flags);
    built.files += copies.files;
    built.sheets = sheet;
    Ok(built)
}

fn row(desk: &Desk<'_>, response: &StandardResponse, answer: &Answer, file: String) -> Vec<String> {
    let queues = || response.queues.iter().map(|q| q.source_ref());
    let boxes = || response.ticketboxes.iter().map(|t| t.source_ref());
    let mut teams: Vec<String> = queues().chain(boxes()).map(|q| desk.proposed_team(&q)).collect();
    teams.sort();
    teams.dedup();
    vec![
        response.id.source_ref().to_string(),
        answer.folder.clone(),
        answer.name.clone(),
        answer.full_name(),
        response.language.clone().unwrap_or_default(),
        response.subject.as_ref().map(|s| s.as_str().to_owned()).unwrap_or_default(),
        desk.names(queues()),
        desk.names(boxes()),
        if teams.is_empty() { "everyone".to_owned() } else { teams.join("; ") },
        answer.unknown.join("; "),
        response.attachments.len().to_string(),
        answer.plain(),
        file,
    ]
}

fn write(
    desk: &Desk<'_>,
    handoff: &Handoff,
    response: &StandardResponse,
    answer: &Answer,
    files: &mut u64,
) -> Result<String, Failure> {
    let mut dir = format!("handoff/{}", handoff.name);
    // A deep tree of folders would make paths that no system takes.
    for folder in response.folder.iter().take(8) {
        dir = format!("{dir}/{}", file_name(folder));
    }
    let stem = format!("{dir}/{}-{}", file_name(&answer.name), file_name(response.id.as_str()));
    desk.run.write(&format!("{stem}.txt"), answer.plain().as_bytes())?;
    *files += 1;
    let shown = match answer.format {
        Format::Plain => format!("{stem}.txt"),
        Format::Html => {
            desk.run.write(&format!("{stem}.html"), page(answer).as_bytes())?;
            *files += 1;
            format!("{stem}.html")
        }
    };
    Ok(shown.trim_start_matches("handoff/").to_owned())
}

/// The answer as a page that can be opened and copied from: nothing in it runs or is loaded.
fn page(answer: &Answer) -> String {
    let title = ammonia::clean_text(&answer.name);
    format!(
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\
         <title>{title}</title></head>\n<body>\n{}\n</body></html>\n",
        ammonia::clean(&answer.text)
    )
}

/// What a reader sees of an answer, with every spelling of a placeholder the same.
pub(super) fn canonical(format: Format, text: &str) -> String {
    let seen = Body { format, text: text.into() }.canonical();
    let mut out = String::with_capacity(seen.len());
    let mut rest = seen.as_str();
    while let Some((before, behind)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((inside, after)) = behind.split_once("}}") else {
            // Nothing behind it ends one either.
            out.push_str("{{");
            rest = behind;
            break;
        };
        out.push_str("{{");
        out.push_str(&placeholder(inside));
        out.push_str("}}");
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `user.name | fallback: 'there'` as `user.name|there`; an empty stand-in is none.
fn placeholder(inside: &str) -> String {
    let (key, rest) = inside.split_once('|').unwrap_or((inside, ""));
    let word = rest.split_once(':').map_or("", |(_, word)| word).trim();
    let word = word.trim_matches(['\'', '"', '‘', '’', '“', '”']);
    match word {
        "" => key.trim().to_lowercase(),
        word => format!("{}|{word}", key.trim().to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_answer_are_the_same_and_other_words_are_not() {
        let ours =
            canonical(Format::Html, "<p>Hi {{user.first_name | fallback: 'there'}},</p><p>a &lt; b</p>");
        assert_eq!(ours, canonical(Format::Plain, "Hi {{ User.first_name|fallback:\"there\" }},\n\na < b"));
        assert_ne!(ours, canonical(Format::Plain, "Hi {{user.first_name|fallback:\"you\"}},\n\na < b"));
        assert_ne!(ours, canonical(Format::Plain, "Hi {{user.first_name | fallback: 'there'}},\n\na > b"));
        assert_eq!(canonical(Format::Plain, "{{x | fallback: ''}} {{"), "{{x}} {{");
    }

    #[test]
    fn a_page_to_copy_from_runs_nothing() {
        let answer = Answer {
            name: "</title><script>x</script>".into(),
            folder: String::new(),
            format: Format::Html,
            text: "<p onclick=x>Hi {{user.name}}<script>alert(1)</script><img src=x onerror=y></p>".into(),
            unknown: Vec::new(),
        };
        let page = page(&answer);
        assert!(
            !page.contains("<script") && !page.contains("onclick") && !page.contains("onerror"),
            "{page}"
        );
        assert!(page.contains("Hi {{user.name}}"));
    }
}
