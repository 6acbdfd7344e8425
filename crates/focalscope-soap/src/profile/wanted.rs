//! Which paths of answers a profile takes values from, and which are spelt nearly like them.

use super::Profile;
use std::collections::BTreeSet;

/// The paths of a profile, from below the response element.
pub(crate) struct Wanted {
    paths: BTreeSet<String>,
    /// Paths that are left out knowingly.
    ignored: BTreeSet<String>,
    /// The paths without case, `_` and `-`.
    plain: BTreeSet<String>,
}

impl Wanted {
    pub(crate) fn of(profile: &Profile) -> Wanted {
        let (mut paths, mut ignored) = (BTreeSet::new(), BTreeSet::new());
        for (logical, operation) in profile.operations.iter().filter(|(_, o)| o.is_called()) {
            let base = operation.item.as_str();
            with_parents(&mut paths, base);
            for path in [
                operation.page.as_ref().and_then(|p| p.total()),
                operation.page.as_ref().and_then(|p| p.more()),
            ] {
                path.iter().for_each(|path| with_parents(&mut paths, path));
            }
            for spec in logical.fields() {
                let Some(path) = operation.field(spec.name) else { continue };
                let within = spec.within.and_then(|group| operation.field(group));
                let steps: Vec<&str> = [Some(base), within, Some(path)]
                    .into_iter()
                    .flatten()
                    .filter(|s| !s.is_empty())
                    .collect();
                with_parents(&mut paths, &steps.join("/"));
            }
            ignored.extend(operation.ignore.iter().map(|path| format!("{base}/{path}")));
        }
        let plain = paths.iter().map(|path| plain(path)).collect();
        Wanted { paths, ignored, plain }
    }

    /// True for a path that values are taken from, or that leads to one.
    pub(crate) fn holds(&self, path: &str) -> bool {
        // The element of the response itself has a path of its own: nothing in it counts without it.
        self.paths.contains(path) || !path.contains('/') && !path.starts_with('@')
    }

    /// True for a path that no value is taken from though it is spelt like one that there is, but for case, `_` and `-`.
    pub(crate) fn nearly(&self, path: &str) -> bool {
        !self.paths.contains(path) && !self.ignored.contains(path) && self.plain.contains(&plain(path))
    }
}

fn with_parents(paths: &mut BTreeSet<String>, path: &str) {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    paths.extend(ends.map(|end| path[..end].to_owned()).filter(|p| !p.is_empty()));
}

fn plain(path: &str) -> String {
    path.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_paths_and_those_that_lead_to_them_are_known_and_near_misses_are_told_apart() {
        let wanted = Profile::built_in().unwrap().wanted();
        for path in [
            "ListTicketsResult",
            "ListTicketsResult/Total",
            "ListTicketsResult/Items/Ticket",
            "ListTicketsResult/Items/Ticket/Subject",
            "ListTicketsResult/Items/Ticket/CustomFields/CustomField/Value",
            "ListMessagesResult/Items/Message/Author/Kind",
            "ListTicketsResponse",
        ] {
            assert!(wanted.holds(path) && !wanted.nearly(path), "{path}");
        }
        assert!(wanted.nearly("ListTicketsResult/Items/Ticket/subject"));
        assert!(wanted.nearly("ListTicketsResult/Items/Ticket/Closed_At"));
        for path in [
            "ListTicketsResult/Items/Ticket/Mood",
            "ListTicketsResult/Items/Ticket/CustomFields/CustomField/Type",
        ] {
            assert!(!wanted.holds(path) && !wanted.nearly(path), "{path}");
        }
    }
}
