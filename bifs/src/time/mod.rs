//! Time: clocks and units, calendar, timers.

pub mod calendar;
pub mod clock;
pub mod timer;
