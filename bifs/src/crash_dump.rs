//! `erl_crash.dump`: what the VM was like when it was told to crash (`halt/1` with a text).
//!
//! Invariant: it is written when the schedulers have stopped, by the thread that waits for them. Its format is that of
//! OTP's emulator, as far as there is something to tell.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use girder_vm::heap::Detached;
use girder_vm::heap::mem::{Category, used};
use girder_vm::process::{Process, Table, dump, table};
use girder_vm::sys::console;
use girder_vm::{Atom, RawTerm, Term, sched};

/// Why the VM crashes, once it does.
static SLOGAN: Mutex<Option<String>> = Mutex::new(None);

/// The VM is about to stop because of this.
pub(crate) fn prepare(slogan: &str) {
    SLOGAN.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| slogan.to_owned());
}

/// A process has ended without which the VM cannot go on.
pub fn system_process_exited(pid: RawTerm, reason: &Detached) {
    let name = Term::immediate(pid).map_or_else(String::new, |t| format!("{t:?}"));
    let slogan = reason.with(|r| format!("System process {name} terminated: {r:?}"));
    console::print(&format!("{slogan}\n"));
    prepare(&slogan);
    sched::halt(1);
}

/// Writes the dump if the VM was told to crash. Nobody is there any more to be told of an error.
pub fn write_if_crashed() {
    let Some(slogan) = SLOGAN.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    let env = crate::os::environment();
    let variable = |name: &[u8]| env.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
    if variable(b"ERL_CRASH_DUMP_SECONDS").is_some_and(|s| s == b"0") {
        return;
    }
    let name = variable(b"ERL_CRASH_DUMP").unwrap_or_else(|| b"erl_crash.dump".to_vec());
    let path = PathBuf::from(std::ffi::OsString::from_vec(name));
    let Ok(file) = File::create(&path) else { return };
    console::print(&format!("\nCrash dump is being written to: {}...", path.display()));
    let mut out = BufWriter::new(file);
    if out.write_all(text(&slogan).as_bytes()).and_then(|()| out.flush()).is_ok() {
        console::print("done\n");
    }
}

fn text(slogan: &str) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "=erl_crash_dump:0.5\n{}\nSlogan: {slogan}\nSystem version: {}Taints: \nAtoms: {}\n",
        crate::time::calendar::date_text(),
        crate::system_info::system_version(),
        Atom::count(),
    );
    memory(&mut out);
    for pid in Table::get().pids() {
        table::with(pid, |p| dump::paragraph(&mut out, p));
    }
    let _ = write!(out, "=loaded_modules\n{}=end\n", crate::memory_info::modules_text());
    out
}

/// What kinds of memory there are, as a paragraph.
pub(crate) fn memory_text() -> String {
    let mut out = String::new();
    memory(&mut out);
    out
}

fn memory(out: &mut String) {
    let processes = used(Category::Heap) + used(Category::Fragment) + Table::get().count() * size_of::<Process>();
    let (atom, atom_used) = Atom::memory();
    let rest = [Category::Ets, Category::Binary, Category::Literal, Category::Code, Category::System];
    let system = rest.into_iter().map(used).sum::<usize>() + atom;
    let _ = write!(
        out,
        "=memory\ntotal: {}\nprocesses: {processes}\nprocesses_used: {processes}\nsystem: {system}\natom: {atom}\natom_used: {atom_used}\nbinary: {}\ncode: {}\nets: {}\n",
        processes + system,
        used(Category::Binary),
        used(Category::Code),
        used(Category::Ets),
    );
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_dump_has_its_parts_in_order() {
        let text = super::text("it had to be");
        let parts = [
            "=erl_crash_dump:0.5\n",
            "Slogan: it had to be\n",
            "Atoms: ",
            "=memory\ntotal: ",
            "=loaded_modules\n",
            "=end\n",
        ];
        let places: Vec<_> =
            parts.iter().map(|p| text.find(p).unwrap_or_else(|| panic!("no {p:?} in {text}"))).collect();
        assert!(places.is_sorted(), "{text}");
        assert!(code_is_told(&text));
    }

    fn code_is_told(text: &str) -> bool {
        text.contains("Current code: ")
    }
}
