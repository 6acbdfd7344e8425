//! No trap is forgotten: each has a test or a written reason why it has none.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

/// How many traps the table has.
const TRAPS: u32 = 75;

/// Traps without a test, and why.
const LEFT_OUT: [(u32, &str); 0] = [];

/// Names of the tests in a file that carry the id of a trap.
fn tested(text: &str) -> BTreeSet<u32> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let marked = lines.windows(2).filter(|pair| pair[0] == "#[tokio::test]" || pair[0] == "#[test]");
    let names = marked.filter_map(|pair| pair[1].trim_start_matches("async ").strip_prefix("fn t"));
    names.filter_map(|name| name.split_once('_')?.0.parse().ok()).collect()
}

#[test]
fn every_trap_has_a_test_or_a_reason_for_having_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("intercom_") {
            found.extend(tested(&std::fs::read_to_string(path).unwrap()));
        }
    }
    let excused: BTreeSet<u32> = LEFT_OUT.iter().map(|(trap, _)| *trap).collect();
    let missing: Vec<u32> =
        (1..=TRAPS).filter(|trap| !found.contains(trap) && !excused.contains(trap)).collect();
    assert!(missing.is_empty(), "neither a test nor a reason: {missing:?}");
    assert!(excused.is_disjoint(&found), "a reason for what has a test");
    assert!(found.iter().all(|trap| (1..=TRAPS).contains(trap)), "a trap that the table has not: {found:?}");
}

#[test]
fn a_function_that_is_no_test_does_not_count() {
    assert_eq!(
        tested("#[tokio::test]\nasync fn t07_x() {}\nfn t08_y() {}\n#[test]\nfn t9_z() {}"),
        [7, 9].into()
    );
}
