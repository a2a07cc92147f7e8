//! Port 0, `forker`: in OTP the connection to the program that starts others. This VM starts them itself, and the port
//! is there because programs know it to be.

use girder_vm::port::{self, Driver, DriverPort, Settings};
use girder_vm::{Atom, RawTerm};

struct Forker;

impl Driver for Forker {
    fn output(&mut self, _: &mut DriverPort, _: Vec<u8>) {}
    fn locking(&self) -> &'static str {
        "driver_level"
    }
    fn permanent(&self) -> bool {
        true
    }
}

/// Opens it, as the first port.
pub(crate) fn open() {
    let settings = Settings { name: b"forker".to_vec(), ..Settings::default() };
    let start = |_: &mut DriverPort| Ok::<Box<dyn Driver>, Atom>(Box::new(Forker));
    // The table is new: there is room.
    let _ = port::open(RawTerm::pid(0), false, settings, start);
}
