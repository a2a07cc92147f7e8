//! Each instruction of the interpreter ends with a jump to the next one's function. That is the optimiser's doing, and a
//! handler that lends an address spoils it silently: the built program is looked at.

use girder_tests::{girder, skip};
use std::process::Command;

#[test]
fn instructions_jump_to_each_other() {
    if !cfg!(target_arch = "x86_64") {
        return skip("reads x86-64 code");
    }
    let output = match Command::new("objdump").args(["-d", "--no-show-raw-insn", "-C"]).arg(girder::binary()).output() {
        Ok(output) if output.status.success() => output,
        _ => return skip("no objdump: install binutils"),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let (mut handlers, mut jumps) = (0, 0);
    let mut within = None;
    let mut calling = Vec::new();
    for line in text.lines() {
        if let Some(symbol) = line.strip_suffix(">:") {
            within = symbol.split_once("interp::backend::op_").map(|(_, number)| number.to_owned());
            handlers += usize::from(within.is_some());
        } else if let Some(number) = &within {
            // Through the table of handlers: an index times eight.
            let through_table = line.contains(",8)");
            jumps += usize::from(through_table && line.contains("jmp "));
            if through_table && line.contains("call ") {
                calling.push(number.clone());
            }
        }
    }
    calling.dedup();
    assert!(handlers > 500 && jumps > handlers, "{handlers} handlers, {jumps} jumps: is this the interpreter?");
    assert!(calling.is_empty(), "opcodes that call the next one: {calling:?}");
}
