//! The guides: what it becomes, where, and what to look at first; and the index of all of them.

use super::Built;
use crate::HandedOver;
use mapping_core::mapping::Handoff;
use std::fmt::Write;

/// The guide of one hand-off.
pub(super) fn guide(handoff: &Handoff, built: &Built, files: &[String]) -> String {
    let mut out = format!("# {}\n\n", md(&handoff.title));
    let _ = writeln!(
        out,
        "Row {} of the map. {} records of `{}`.\n",
        md(&handoff.row),
        built.records(),
        handoff.from
    );
    let _ = writeln!(out, "- **Becomes:** {}\n- **Where:** {}", md(&handoff.destination), md(&handoff.place));
    if let Some(note) = &handoff.note {
        let _ = writeln!(out, "- **Note:** {}", md(note));
    }
    out.push('\n');
    if !built.flags.is_empty() {
        out.push_str("## Look at this first\n\n");
        built.flags.iter().for_each(|flag| {
            let _ = writeln!(out, "- {}", md(flag));
        });
        out.push('\n');
    }
    out.push_str("## How\n\n");
    let _ = writeln!(out, "1. Open {}. Each row is one record of the source.", files.join(" or "));
    let _ = writeln!(out, "2. Go to {}.", md(&handoff.place));
    let _ = writeln!(
        out,
        "3. Make a {} for each row, with what stands in its columns.",
        md(&handoff.destination)
    );
    match &handoff.check {
        Some(_) => out.push_str(
            "4. Run `handoff --check`: it reads back what was made and names what is equal, different and missing.\n",
        ),
        None => out.push_str(
            "4. Have a second person compare a few rows: the platform doesn’t show these by its API, so no program can.\n",
        ),
    }
    if !handoff.nearest.is_empty() {
        out.push_str("\n## The nearest things\n\n| words | nearest there |\n| --- | --- |\n");
        for near in &handoff.nearest {
            let _ = writeln!(out, "| {} | {} |", md(&near.words.join(", ")), md(&near.suggest));
        }
    }
    out
}

/// `handoff/README.md`.
pub(crate) fn readme(name: &str, all: &[HandedOver]) -> String {
    let mut out = format!(
        "# Hand-over of {}\n\nWhat no API takes, or takes only in part, is done by people. Each line has a workbook, the \
         same as CSV, and a guide. They hold names and texts of the help desk: keep them private.\n\n\
         | what | row | records | becomes | where | files |\n| --- | --- | ---: | --- | --- | --- |\n",
        md(name)
    );
    for one in all {
        let guide = format!("[guide]({}.md)", one.name);
        let further = if one.further > 0 { format!(", {} further", one.further) } else { String::new() };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {guide}{further} |",
            md(&one.title),
            md(&one.row),
            one.records,
            md(&one.destination),
            md(&one.place)
        );
    }
    let flagged: Vec<&HandedOver> = all.iter().filter(|one| !one.flags.is_empty()).collect();
    if !flagged.is_empty() {
        out.push_str("\n## Look at this first\n\n");
        for one in flagged {
            one.flags.iter().for_each(|flag| {
                let _ = writeln!(out, "- {}: {}", md(&one.title), md(flag));
            });
        }
    }
    out.push_str("\nAfterwards `handoff --check` compares what was made, as far as the platform shows it.\n");
    out
}

/// Text from outside within Markdown: on one line, and nothing in it is markup.
fn md(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
