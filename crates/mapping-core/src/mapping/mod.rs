//! Mapping as data.
