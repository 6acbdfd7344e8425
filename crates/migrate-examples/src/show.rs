//! How a program shows what happens: bars on a terminal, lines elsewhere, JSON objects when asked.
//!
//! Results go to standard output, everything else to standard error. With `--json` every line of standard output is
//! one JSON object.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use migrate_engine::{Event, Failure, Finding, Observer, Severity};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines about one phase where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);
/// The most records of one kind of trouble that are named one by one; the report names all.
const NAMED: u64 = 5;

/// Where and how things are shown. One for the whole program; verbs tell it through [`Observer`].
pub struct Show {
    form: Form,
    color: bool,
    state: Mutex<State>,
}

enum Form {
    Bars(MultiProgress),
    Lines,
    Json,
    Nothing,
}

#[derive(Default)]
struct State {
    bars: BTreeMap<String, ProgressBar>,
    last_line: Option<Instant>,
    quarantined: u64,
    differences: u64,
}

impl Show {
    /// JSON when asked, bars on a terminal, lines elsewhere. `NO_COLOR` is respected.
    pub fn new(json: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let form = if json {
            Form::Json
        } else if terminal {
            Form::Bars(MultiProgress::with_draw_target(ProgressDrawTarget::stderr()))
        } else {
            Form::Lines
        };
        let color = terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Show { form, color, state: Mutex::default() }
    }

    /// Shows nothing, for a program that reads the reports instead.
    pub fn nothing() -> Self {
        Show { form: Form::Nothing, color: false, state: Mutex::default() }
    }

    /// True when every line of standard output is to be a JSON object.
    pub fn is_json(&self) -> bool {
        matches!(self.form, Form::Json)
    }

    /// A heading for the step that begins.
    pub fn heading(&self, text: &str) {
        *self.state() = State::default();
        if self.is_json() {
            self.object(&serde_json::json!({"event": "step", "step": text}));
        } else {
            self.line("");
            self.line(&self.paint("1", text));
        }
    }

    /// A line for a person; nothing with `--json`.
    pub fn say(&self, text: &str) {
        if !self.is_json() {
            self.line(&format!("  {text}"));
        }
    }

    /// A table of names and values for a person; nothing with `--json`.
    pub fn pairs<'a>(&self, pairs: impl IntoIterator<Item = (&'a str, String)>) {
        let pairs: Vec<_> = pairs.into_iter().collect();
        let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in pairs {
            self.say(&format!("{name:width$}  {value}"));
        }
    }

    /// A report: one JSON object `{"event":"report","verb":…,"report":…}` with `--json`, else nothing.
    pub fn report(&self, verb: &str, report: &impl Serialize) {
        if self.is_json() {
            self.object(&serde_json::json!({"event": "report", "verb": verb, "report": report}));
        }
    }

    /// One JSON object on a line of its own.
    pub fn object(&self, object: &impl Serialize) {
        if let Ok(text) = serde_json::to_string(object) {
            print_line(&text);
        }
    }

    /// What checks found; the good ones in one line.
    pub fn findings(&self, findings: &[Finding]) {
        let good = findings.iter().filter(|f| f.severity == Severity::Good).count();
        for finding in findings.iter().filter(|f| f.severity != Severity::Good) {
            let (color, word) = match finding.severity {
                Severity::Problem => ("31", "problem"),
                Severity::Warning => ("33", "warning"),
                _ => ("2", "note"),
            };
            self.say(&format!("{} {}: {}", self.paint(color, word), finding.subject, finding.what));
            if !finding.mend.is_empty() {
                self.say(&format!("        → {}", finding.mend));
            }
        }
        if good > 0 {
            self.say(&format!("{good} checks passed"));
        }
    }

    /// What ended a verb early.
    pub fn failure(&self, failure: &Failure) {
        if self.is_json() {
            self.object(&serde_json::json!({
                "event": "failure", "exit": failure.exit.code(), "error": failure.error.to_string(),
                "details": failure.details,
            }));
        }
        eprint_line(&format!("{}: {failure}", self.paint("31", "error")));
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn line(&self, text: &str) {
        match &self.form {
            Form::Bars(bars) => bars.suspend(|| print_line(text)),
            Form::Nothing => {}
            _ => print_line(text),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bar(&self, bars: &MultiProgress, phase: &str, total: Option<u64>) {
        let style =
            ProgressStyle::with_template("  {msg:24} {bar:30} {pos:>7}/{len:7} {per_sec:>12} {eta:>5} left");
        let bar = bars.add(ProgressBar::new(total.unwrap_or(0)));
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(phase.to_owned());
        self.state().bars.insert(phase.to_owned(), bar);
    }

    fn show_bars(&self, bars: &MultiProgress, event: &Event) {
        match event {
            Event::PhaseStarted { phase, total } => self.bar(bars, phase, *total),
            Event::Progress { phase, done, total } => {
                if let Some(bar) = self.state().bars.get(phase) {
                    total.iter().for_each(|total| bar.set_length(*total));
                    bar.set_position(*done);
                }
            }
            Event::PhaseFinished { phase, done } => {
                if let Some(bar) = self.state().bars.remove(phase) {
                    bar.finish_and_clear();
                }
                self.say(&format!("{phase}: {done}"));
            }
            other => self.show_trouble(other),
        }
    }

    fn show_lines(&self, event: &Event) {
        match event {
            Event::Progress { phase, done, total } => {
                let mut state = self.state();
                if state.last_line.is_some_and(|last| last.elapsed() < LINE_EVERY) {
                    return;
                }
                let first = state.last_line.replace(Instant::now()).is_none();
                drop(state);
                if !first {
                    let of = total.map(|t| format!(" of {t}")).unwrap_or_default();
                    self.say(&format!("{phase}: {done}{of} …"));
                }
            }
            Event::PhaseFinished { phase, done } => self.say(&format!("{phase}: {done}")),
            other => self.show_trouble(other),
        }
    }

    fn show_trouble(&self, event: &Event) {
        let text = match event {
            Event::Quarantined { record, why } => {
                let mut state = self.state();
                state.quarantined += 1;
                match state.quarantined {
                    n if n <= NAMED => format!("quarantined {record}: {why}"),
                    n if n == NAMED + 1 => "quarantined: more; the report names all".to_owned(),
                    _ => return,
                }
            }
            Event::Differs { record, field } => {
                let mut state = self.state();
                state.differences += 1;
                match state.differences {
                    n if n <= NAMED * 4 => format!("differs {record}: {field}"),
                    n if n == NAMED * 4 + 1 => "differs: more; the report names all".to_owned(),
                    _ => return,
                }
            }
            Event::Note { text } => text.clone(),
            _ => return,
        };
        self.say(&self.paint("33", &text));
    }
}

impl Observer for Show {
    fn event(&self, event: Event) {
        match &self.form {
            Form::Json => self.object(&event),
            Form::Bars(bars) => self.show_bars(bars, &event),
            Form::Lines => self.show_lines(&event),
            Form::Nothing => {}
        }
    }
}

/// A line of output; a closed pipe is no reason to fail.
fn print_line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn eprint_line(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
