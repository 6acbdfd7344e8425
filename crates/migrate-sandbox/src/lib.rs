#![doc = include_str!("../README.md")]

pub mod clock;
pub mod dataset;
pub mod focalscope;
pub mod generator;
pub mod intercom;
pub mod journal;
pub mod judge;
pub mod mail;
