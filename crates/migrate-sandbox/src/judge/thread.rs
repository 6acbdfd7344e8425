//! A ticket's messages and its conversation's parts.

use super::expect::{self, ExpectedFile, Said, base_name};
use super::text::{Fit, Read, Squeezed};
use super::{Court, Subject, What};
use crate::dataset::{AuthorKind, Ticket};
use crate::intercom::store::{Author, Conversation, File};

/// Something said in a conversation: the opening message, or a part with a body.
struct Line<'a> {
    body: Read,
    at: i64,
    author: Author,
    note: bool,
    files: &'a [File],
}

/// Which lines hold an expected message.
#[derive(Debug, Clone, Copy)]
struct Place {
    first: usize,
    /// More than one when the text was split.
    lines: usize,
}

/// A line and a file on it.
struct Held<'a> {
    line: usize,
    file: &'a File,
    taken: bool,
}

/// The texts of the internal notes.
pub(super) fn notes(it: &Conversation) -> impl Iterator<Item = &str> {
    it.parts.iter().filter(|part| part.kind == "note").filter_map(|part| part.body.as_deref())
}

/// The lines in the order in which a reader sees them.
fn lines(it: &Conversation) -> Vec<Line<'_>> {
    let author = Author::Contact(it.author);
    let mut all = vec![Line {
        body: Read::of_html(&it.body),
        at: it.created_at,
        author,
        note: false,
        files: &it.files,
    }];
    let mut parts: Vec<Line<'_>> = it
        .parts
        .iter()
        .filter_map(|part| {
            let body = Read::of_html(part.body.as_deref()?);
            let (at, author, note) = (part.created_at, part.author, part.kind == "note");
            Some(Line { body, at, author, note, files: &part.files })
        })
        .collect();
    parts.sort_by_key(|line| line.at);
    all.append(&mut parts);
    all
}

/// Seconds around the load within which a time from the future is brought down to "now".
const CLAMPED_WITHIN: i64 = 86_400;

fn time_fits(said: &Said<'_>, line: &Line<'_>, it: &Conversation) -> bool {
    match said.at {
        None => true,
        Some(at) if at > it.written_at => (line.at - it.written_at).abs() <= CLAMPED_WITHIN,
        Some(at) => at == line.at,
    }
}

impl<'a> Court<'a> {
    pub(super) fn compare_thread(&mut self, ticket: &'a Ticket, it: &'a Conversation) {
        let expected = expect::thread(ticket);
        let lines = lines(it);
        let mut used = vec![false; lines.len()];
        let places = self.place_all(ticket, &expected, &lines, it, &mut used);
        let mut furthest: Option<usize> = None;
        for (said, place) in expected.iter().zip(&places) {
            let subject = subject(ticket, said);
            let Some(place) = place else {
                let detail = format!(
                    "{} characters are not in the conversation",
                    said.text.squeezed.0.chars().count()
                );
                self.find(What::Lost, &subject, "body", &detail);
                continue;
            };
            let line = &lines[place.first];
            let (wanted, found) = (said.at, line.at);
            self.check(time_fits(said, line, it), &subject, "created_at", || {
                format!("{wanted:?} became {found}")
            });
            self.compare_author(ticket, said, line, &subject);
            if said.at.is_some() {
                if furthest.is_some_and(|furthest| place.first < furthest) {
                    self.find(What::OutOfOrder, &subject, "order", "stands before an earlier one");
                }
                furthest = furthest.max(Some(place.first));
            }
        }
        self.compare_files(ticket, &expected, &places, &lines, &used);
        self.compare_rest(ticket, &expected, &lines, &used, it);
        self.compare_calls(ticket, &lines, &used);
    }

    /// Finds each expected message among the lines; those without text last, as any line would do for them.
    fn place_all(
        &self,
        ticket: &Ticket,
        expected: &[Said<'_>],
        lines: &[Line<'_>],
        it: &Conversation,
        used: &mut [bool],
    ) -> Vec<Option<Place>> {
        let mut places = vec![None; expected.len()];
        let mut starting = 0;
        for with_text in [true, false] {
            for (number, said) in expected.iter().enumerate() {
                if said.text.squeezed.is_empty() == with_text {
                    continue;
                }
                places[number] = self.place(ticket, said, lines, it, used, starting);
                if let Some(place) = places[number] {
                    used[place.first..place.first + place.lines].fill(true);
                }
                while used.get(starting) == Some(&true) {
                    starting += 1;
                }
            }
        }
        places
    }

    fn place(
        &self,
        ticket: &Ticket,
        said: &Said<'_>,
        lines: &[Line<'_>],
        it: &Conversation,
        used: &[bool],
        starting: usize,
    ) -> Option<Place> {
        let free = || (starting..lines.len()).filter(|number| !used[*number]);
        let timely = |number: &usize| time_fits(said, &lines[*number], it);
        let fits = |number: &usize| said.text.fit(&lines[*number].body) == Fit::Whole;
        let by_author = |number: &usize| self.author_problem(ticket, said, &lines[*number]).is_none();
        if said.text.squeezed.is_empty() {
            let found = free().filter(timely).find(by_author).or_else(|| free().find(timely));
            return found.map(|first| Place { first, lines: 1 });
        }
        let whole = free()
            .filter(timely)
            .find(|n| fits(n) && by_author(n))
            .or_else(|| free().filter(timely).find(fits))
            .or_else(|| free().find(|n| fits(n) && by_author(n)))
            .or_else(|| free().find(fits));
        let split = || {
            free().find_map(|first| {
                let bodies = lines[first..].iter().zip(&used[first..]).take_while(|(_, used)| !**used);
                let count = said.text.split_over(bodies.map(|(line, _)| &line.body))?;
                Some(Place { first, lines: count })
            })
        };
        whole.map(|first| Place { first, lines: 1 }).or_else(split)
    }

    fn compare_author(&mut self, ticket: &Ticket, said: &Said<'_>, line: &Line<'_>, subject: &Subject<'_>) {
        let problem = self.author_problem(ticket, said, line);
        self.check(problem.is_none(), subject, "author", || problem.unwrap_or_default().into());
        if said.author.kind == AuthorKind::Agent {
            let (wanted, found) = (said.note, line.note);
            self.check(wanted == found, subject, "visibility", || format!("note: {wanted} became {found}"));
        }
    }

    /// What is wrong with a line's author.
    fn author_problem(&self, ticket: &Ticket, said: &Said<'_>, line: &Line<'_>) -> Option<&'static str> {
        match said.author.kind {
            AuthorKind::Agent => self.agent_problem(said, line),
            AuthorKind::Contact => self.contact_problem(ticket, said, line),
            _ => None,
        }
    }

    fn agent_problem(&self, said: &Said<'_>, line: &Line<'_>) -> Option<&'static str> {
        let Author::Admin(admin) = line.author else { return Some("an agent's message by somebody else") };
        let agent = said.author.id.and_then(|id| self.source.agents.get(&id).copied());
        let email = agent.and_then(|agent| agent.email.as_ref()).or(said.author.email.as_ref());
        if let Some(teammate) = email.and_then(|email| self.teammate(email)) {
            return (teammate != admin).then_some("another teammate");
        }
        // What somebody wrote before leaving stays theirs.
        if email.is_some_and(|email| self.has_left(email, admin)) {
            return None;
        }
        let placeholder = self.options.placeholder_admin.or(self.ws.admins.first().map(|owner| owner.id));
        if Some(admin) != placeholder {
            return Some("an agent without teammate, not by the placeholder");
        }
        let name = agent.map(|agent| agent.name.as_str()).filter(|name| !name.is_empty());
        let names = [name.unwrap_or_default(), said.author.name.as_str()];
        let body = &line.body.squeezed;
        let named = names.iter().any(|name| !name.is_empty() && body.contains(name));
        let nameless = names.iter().all(|name| name.is_empty());
        (!named && !nameless).then_some("the agent's name is not in the text")
    }

    fn contact_problem(&self, ticket: &Ticket, said: &Said<'_>, line: &Line<'_>) -> Option<&'static str> {
        let own = said.author.id.is_none_or(|id| ticket.contact.is_none_or(|contact| contact == id));
        if let (true, Author::Contact(_)) = (own, line.author) {
            return None;
        }
        if own {
            return Some("the customer's message by somebody else");
        }
        let person = said.author.id.and_then(|id| self.source.contacts.get(&id).copied());
        if let (Some(person), Author::Contact(index)) = (person, line.author)
            && self.matches(person).contains(&index)
        {
            return None;
        }
        let body = &line.body.squeezed;
        let marks = [said.author.name.as_str(), said.author.email.as_deref().unwrap_or_default()];
        let named = marks.iter().any(|mark| !mark.is_empty() && body.contains(mark));
        (!named).then_some("a third person's message that does not name them")
    }

    /// Each file must lie on its message, or on the parts that follow it for want of room.
    fn compare_files(
        &mut self,
        ticket: &'a Ticket,
        expected: &[Said<'_>],
        places: &[Option<Place>],
        lines: &[Line<'_>],
        used: &[bool],
    ) {
        let mut held: Vec<Held<'_>> = Vec::new();
        for (line, entry) in lines.iter().enumerate() {
            held.extend(entry.files.iter().map(|file| Held { line, file, taken: false }));
        }
        let mut hashes = Vec::new();
        for (said, place) in expected.iter().zip(places) {
            for file in &said.files {
                let hash = file.sha256();
                hashes.push(hash);
                let subject =
                    Subject { within: Some(said.place_word()), ..Subject::of(ticket, "attachment", file.id) };
                self.compare_file(&subject, file, hash, *place, used, &mut held);
            }
        }
        for left in held.iter().filter(|held| !held.taken) {
            let again = left.file.sha256.is_some_and(|hash| hashes.contains(&hash));
            let recording = ticket.calls.iter().any(|call| call.recording_url.is_some());
            if again {
                self.find(What::Doubled, &Subject::ticket(ticket), "files", "a file is there twice");
            } else if !recording {
                self.find(
                    What::FieldDifference,
                    &Subject::ticket(ticket),
                    "files",
                    "a file that the source has not",
                );
            }
        }
    }

    fn compare_file(
        &mut self,
        subject: &Subject<'_>,
        wanted: &ExpectedFile<'_>,
        hash: [u8; 32],
        place: Option<Place>,
        used: &[bool],
        held: &mut [Held<'_>],
    ) {
        let near = |line: usize| place.is_some_and(|place| belongs(line, place, used));
        let same = |it: &Held<'_>| !it.taken && it.file.size == wanted.size && it.file.sha256 == Some(hash);
        let named = |it: &Held<'_>| same_name(wanted.name, &it.file.name);
        let found = held
            .iter()
            .position(|it| same(it) && near(it.line) && named(it))
            .or_else(|| held.iter().position(|it| same(it) && near(it.line)))
            .or_else(|| held.iter().position(same));
        if let Some(found) = found {
            let it = &mut held[found];
            it.taken = true;
            let (line, good_name) = (it.line, same_name(wanted.name, &it.file.name));
            self.check(near(line) || place.is_none(), subject, "place", || "on another message".into());
            self.check(good_name, subject, "name", || "another name".into());
            return;
        }
        let other =
            held.iter_mut().find(|it| !it.taken && near(it.line) && same_name(wanted.name, &it.file.name));
        if let Some(it) = other {
            it.taken = true;
            let detail = format!("{} bytes expected, {} found, or other content", wanted.size, it.file.size);
            self.check(false, subject, "files", || detail);
            return;
        }
        self.find(What::Lost, subject, "files", &format!("a file of {} bytes", wanted.size));
    }

    /// Lines that hold no expected message: the opening stub, notes and overflow may be there, repeats may not.
    fn compare_rest(
        &mut self,
        ticket: &'a Ticket,
        expected: &[Said<'_>],
        lines: &[Line<'_>],
        used: &[bool],
        it: &Conversation,
    ) {
        let opens_itself = expected.first().is_some_and(|said| {
            said.author.kind == AuthorKind::Contact
                && ticket.contact.is_some()
                && said.author.id == ticket.contact
        });
        for (number, line) in lines.iter().enumerate().filter(|(number, _)| !used[*number]) {
            let repeats = expected.iter().find(|said| {
                let has_text = said.text.squeezed.0.chars().count() > 3;
                has_text && time_fits(said, line, it) && said.text.fit(&line.body) == Fit::Whole
            });
            // A note that repeats a message may be the original HTML of a plain form.
            if let Some(said) = repeats.filter(|said| !line.note || said.note) {
                self.find(What::Doubled, &subject(ticket, said), "body", "is there twice");
            } else if number == 0 {
                let detail = "the conversation opens with something else";
                self.check(!opens_itself, &Subject::ticket(ticket), "source", || detail.into());
            } else if !line.note && line.files.is_empty() && !line.body.squeezed.0.starts_with('[') {
                self.find(
                    What::FieldDifference,
                    &Subject::ticket(ticket),
                    "parts",
                    "a part that the source has not",
                );
            }
        }
    }

    /// Each leg of a call is a note that carries one of its marks.
    fn compare_calls(&mut self, ticket: &'a Ticket, lines: &[Line<'_>], used: &[bool]) {
        let mut taken = used.to_vec();
        for call in &ticket.calls {
            let marks = [call.uuid.as_str(), call.from.as_str(), call.to.as_str()];
            let note = call.note.as_deref().unwrap_or_default();
            let likeness = |number: usize| {
                let body = &lines[number].body.squeezed;
                let has = |mark: &str| !mark.is_empty() && body.contains(mark);
                let marked = marks.iter().filter(|mark| has(mark)).count();
                (marked > 0).then_some(marked + usize::from(has(&call.disposition)) + usize::from(has(note)))
            };
            let free = (0..lines.len()).filter(|number| !taken[*number] && lines[*number].note);
            let scored = free.filter_map(|number| Some((likeness(number)?, usize::MAX - number)));
            let found = scored.max().map(|(_, number)| usize::MAX - number);
            let subject = Subject::of(ticket, "call", call.id);
            let Some(found) = found else {
                self.find(What::Lost, &subject, "call", "no note for this leg");
                continue;
            };
            taken[found] = true;
            let body = &lines[found].body.squeezed;
            self.check(body.contains(&call.disposition), &subject, "disposition", || {
                "not in the note".into()
            });
            if let Some(note) = &call.note {
                self.check(body.contains(note), &subject, "note", || "not in the note".into());
            }
        }
    }
}

fn subject<'a>(ticket: &'a Ticket, said: &Said<'_>) -> Subject<'a> {
    match said.message {
        Some(id) => Subject::of(ticket, "message", id),
        None => Subject::of(ticket, "message", said.place_word()),
    }
}

/// Whether a line is one that holds a message, or follows it and holds no other.
fn belongs(line: usize, place: Place, used: &[bool]) -> bool {
    let end = place.first + place.lines;
    (place.first..end).contains(&line) || (line >= end && (end..=line).all(|between| !used[between]))
}

/// Names are the same without path and invisible characters; long ones may be cut, absent ones made up.
fn same_name(wanted: &str, found: &str) -> bool {
    const MAY_BE_CUT: usize = 100;
    let clean = |name: &str| Squeezed::of_plain(base_name(name)).0;
    let (wanted, found) = (clean(wanted), clean(found));
    if wanted == found || (wanted.is_empty() && !found.is_empty()) {
        return true;
    }
    let start: String = wanted.chars().take(40).collect();
    wanted.chars().count() > MAY_BE_CUT && found.starts_with(&start)
}
