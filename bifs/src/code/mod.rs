//! Code as natives see it: loading and deleting modules, purging old code, looking into .beam files.

pub mod coverage;
pub mod files;
pub mod loading;
pub mod purging;
