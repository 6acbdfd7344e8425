//! A set of texts whose memory does not grow with them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Bits of the filter of message ids for each message; and the most of all.
const BITS_A_MESSAGE: u64 = 16;
const MOST_BITS: u64 = 1 << 28;

/// A set of texts in a fixed amount of memory. It never denies what it holds; what it doesn't hold it takes for held once
/// in some thousand times.
pub(super) struct Filter {
    bits: Vec<u64>,
}

impl Filter {
    pub(super) fn for_records(count: u64) -> Filter {
        let bits = (count.saturating_mul(BITS_A_MESSAGE)).clamp(1 << 12, MOST_BITS);
        Filter { bits: vec![0; usize::try_from(bits.div_ceil(64)).unwrap_or(1)] }
    }
    fn places(&self, text: &str) -> impl Iterator<Item = (usize, u64)> + use<> {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let first = hasher.finish();
        text.len().hash(&mut hasher);
        let second = hasher.finish() | 1;
        let size = self.bits.len() as u64 * 64;
        (0..7u64).map(move |n| {
            let bit = first.wrapping_add(second.wrapping_mul(n)) % size;
            (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
        })
    }
    pub(super) fn add(&mut self, text: &str) {
        for (word, bit) in self.places(text) {
            self.bits[word] |= bit;
        }
    }
    pub(super) fn has(&self, text: &str) -> bool {
        self.places(text).all(|(word, bit)| self.bits[word] & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_never_denies_what_it_holds_and_seldom_claims_what_it_does_not() {
        let mut filter = Filter::for_records(5_000);
        (0..5_000).for_each(|n| filter.add(&format!("{n}@example.com")));
        assert!((0..5_000).all(|n| filter.has(&format!("{n}@example.com"))));
        let wrong = (5_000..25_000).filter(|n| filter.has(&format!("{n}@example.com"))).count();
        assert!(wrong < 40, "{wrong} of 20000");
    }
}
