//! Bodies and bytes: real ones, or a seed from which they are drawn again whenever they are asked for.
//!
//! A help desk of 100,000 tickets then costs a few KB a ticket in memory, whatever the size of its files.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The text of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// The text itself; in JSON a string.
    Real(String),
    /// Drawn from a seed when asked for; in JSON `{"prose": {..}}`.
    Prose {
        /// What to draw.
        prose: Prose,
    },
}

/// Text to be drawn from a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prose {
    /// The same seed gives the same text.
    pub seed: u64,
    /// Number of sentences.
    pub sentences: u16,
    /// Whether to draw HTML instead of plain text.
    pub html: bool,
}

impl Text {
    /// The text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Real(text) => Cow::Borrowed(text),
            Self::Prose { prose } => Cow::Owned(prose.draw()),
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::Real(String::new())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Real(text.to_owned())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Real(text)
    }
}

const OPENERS: &[&str] = &["Hello", "Hi there", "Dear team", "Good morning", "Guten Tag", "Hej", "Bonjour"];

const SENTENCES: &[&str] = &[
    "The order has not arrived yet & the tracking page shows nothing new.",
    "Could you please check the invoice, the amount differs by 12,50 €?",
    "We restarted the device twice, the red light keeps blinking.",
    "Since Monday nobody in our office can log in.",
    "I attached what I see on my screen.",
    "Die Rechnung ist leider falsch adressiert, bitte korrigieren.",
    "Tak for hjælpen, det virker nu på både Mac og Windows.",
    "Is there a way to export more than 500 rows < 10 MB at once?",
    "Our account number is the same as before.",
    "Merci d'avance pour votre réponse.",
    "I called on Friday and was told that somebody would call back.",
    "The \"Save\" button does nothing in Firefox.",
    "Please treat this as urgent, our customers are waiting.",
    "Everything is fine again, you can close this.",
    "We have looked into this and sent you a replacement today.",
    "Please send us the serial number, it is on the back of the device.",
];

const CLOSERS: &[&str] =
    &["Best regards", "Thanks", "Kind regards", "Mit freundlichen Grüßen", "Venlig hilsen"];

impl Prose {
    /// Draws the text.
    #[must_use]
    pub fn draw(&self) -> String {
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let opener = OPENERS[rng.usize(..OPENERS.len())];
        let closer = CLOSERS[rng.usize(..CLOSERS.len())];
        let body: Vec<&str> = (0..self.sentences).map(|_| SENTENCES[rng.usize(..SENTENCES.len())]).collect();
        let reference = rng.u32(100_000..1_000_000);
        if self.html {
            let body: String = body.iter().map(|line| format!("<p>{}</p>\n", escape(line))).collect();
            format!("<p>{opener},</p>\n{body}<p>{closer}<br>Ref&nbsp;<b>{reference}</b></p>")
        } else {
            format!("{opener},\n\n{}\n\n{closer}\nRef {reference}", body.join(" "))
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The bytes themselves; in JSON `{"base64": ".."}`.
    #[serde(rename = "base64", serialize_with = "to_base64", deserialize_with = "from_base64")]
    Bytes(Vec<u8>),
    /// Drawn from a seed when asked for; in JSON `{"drawn": {"seed": .., "size": ..}}`.
    Drawn(Drawn),
}

/// Bytes to be drawn from a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Number of bytes.
    pub size: u32,
}

impl Content {
    /// The number of bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Drawn(drawn) => u64::from(drawn.size),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Drawn(drawn) => drawn.draw(),
        }
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

impl Drawn {
    /// Draws the bytes.
    #[must_use]
    pub fn draw(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.size as usize];
        fastrand::Rng::with_seed(self.seed).fill(&mut bytes);
        bytes
    }
}

/// So many bytes are drawn in one go: whole words of the source, and whole groups of base64.
const CHUNK: usize = 24 * 4096;

impl Drawn {
    /// Draws the bytes in pieces of at most 96 KiB, each but the last a multiple of three long, for files that nobody
    /// wants to hold whole.
    pub fn chunks(&self) -> impl Iterator<Item = Vec<u8>> + Send + use<> {
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let mut left = self.size as usize;
        std::iter::from_fn(move || {
            let mut bytes = vec![0; left.min(CHUNK)];
            rng.fill(&mut bytes);
            left -= bytes.len();
            (!bytes.is_empty()).then_some(bytes)
        })
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    STANDARD.decode(String::deserialize(from)?).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_again_and_another_seed_does_not() {
        let prose = Prose { seed: 3, sentences: 4, html: true };
        assert_eq!(prose.draw(), prose.draw());
        assert_ne!(prose.draw(), Prose { seed: 4, ..prose }.draw());
        let bytes = Drawn { seed: 3, size: 1000 };
        assert_eq!(bytes.draw(), bytes.draw());
        assert_ne!(bytes.draw(), Drawn { seed: 4, size: 1000 }.draw());
    }

    #[test]
    fn pieces_of_a_file_are_the_file() {
        for size in [0, 1, 98_303, 98_304, 98_305, 300_001] {
            let drawn = Drawn { seed: 9, size };
            let pieces: Vec<Vec<u8>> = drawn.chunks().collect();
            assert_eq!(pieces.concat(), drawn.draw(), "{size}");
            assert!(pieces.iter().rev().skip(1).all(|piece| piece.len().is_multiple_of(3)));
        }
    }
}
