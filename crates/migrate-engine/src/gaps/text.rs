//! Text that was broken before it was read.

use mapping_core::model::Record;

/// Lost characters and misread places in the texts of a record.
pub(super) fn flaws(record: &Record) -> (u64, u64) {
    let texts: Vec<&str> = match record {
        Record::Ticket(t) => t.subject.iter().map(|s| s.as_str()).collect(),
        Record::Message(m) => m.subject.iter().map(|s| s.as_str()).chain([m.body.text.as_str()]).collect(),
        Record::ChatLine(l) => vec![l.text.as_str()],
        Record::Contact(c) => c.name.iter().map(|s| s.as_str()).collect(),
        Record::KbArticle(a) => vec![a.title.as_str(), a.body.text.as_str()],
        Record::StandardResponse(r) => vec![r.body.text.as_str()],
        _ => Vec::new(),
    };
    texts.into_iter().fold((0, 0), |(replaced, misread), text| {
        let lost = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count() as u64;
        (replaced + lost, misread + misread_places(text))
    })
}

/// Where UTF-8 was read as Windows-1252 or Latin-1: `Ã` or `Â` before a character that no word has there, and `â€`.
fn misread_places(text: &str) -> u64 {
    let mut count = 0;
    let mut before = None;
    for c in text.chars() {
        count += u64::from(match before {
            Some('Ã' | 'Â') => matches!(c, '\u{80}'..='\u{BF}' | '‚'..='„' | '€' | '™' | 'œ' | 'ž' | 'Ÿ'),
            Some('â') => c == '€',
            _ => false,
        });
        before = Some(c);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misread_text_is_told_from_text_in_other_languages() {
        for broken in ["fÃ¼r", "SÃ¸ren", "itâ€™s", "Â£5", "cafÃ©"] {
            assert_eq!(misread_places(broken), 1, "{broken}");
        }
        for fine in ["für", "São Paulo", "CÂMARA", "MAÇÃ", "€5", "naïve â Ã"] {
            assert_eq!(misread_places(fine), 0, "{fine}");
        }
    }
}
