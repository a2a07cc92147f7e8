//! What the VM asks of the operating system, behind safe functions.

pub mod calendar;
pub mod clock;
pub mod console;
pub mod descriptor;
pub mod errno;
pub mod fd;
pub mod priority;
pub mod program;
pub mod signals;
pub mod socket;
pub mod spawn;
pub mod ticks;
pub mod usage;
