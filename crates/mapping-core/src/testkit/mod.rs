//! In-memory pair and suites.
