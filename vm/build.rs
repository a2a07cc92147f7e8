//! Turns `src/interp/instrs.tab` into the interpreter's opcode numbers, layouts and dispatch.
//!
//! Each row names an instruction family, its operands and its handler; every combination of operand kinds becomes one
//! opcode whose arm decodes the operands and calls the handler. See the table's head for the notation.

use std::fmt::Write as _;
use std::path::Path;

/// One way to hold an operand.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    SrcX,
    SrcY,
    SrcConst,
    DstX,
    DstY,
    Label,
    Half,
    Word32,
    Word64,
}

impl Kind {
    fn width(self) -> usize {
        match self {
            Kind::SrcX | Kind::SrcY | Kind::DstX | Kind::DstY | Kind::Half => 1,
            Kind::Label | Kind::Word32 => 2,
            Kind::SrcConst | Kind::Word64 => 4,
        }
    }
    fn letter(self) -> &'static str {
        match self {
            Kind::SrcX | Kind::DstX => "x",
            Kind::SrcY | Kind::DstY => "y",
            Kind::SrcConst => "k",
            _ => "",
        }
    }
    fn name(self) -> &'static str {
        match self {
            Kind::SrcX => "SrcX",
            Kind::SrcY => "SrcY",
            Kind::SrcConst => "SrcConst",
            Kind::DstX => "DstX",
            Kind::DstY => "DstY",
            Kind::Label => "Label",
            Kind::Half => "Half",
            Kind::Word32 => "Word32",
            Kind::Word64 => "Word64",
        }
    }
}

fn operand_kinds(spec: &str) -> Vec<Kind> {
    let (class, kinds) = spec.split_once(':').unwrap_or((spec, ""));
    match class {
        "s" => kinds
            .chars()
            .map(|c| match c {
                'x' => Kind::SrcX,
                'y' => Kind::SrcY,
                'k' => Kind::SrcConst,
                _ => panic!("bad source kind {c} in {spec}"),
            })
            .collect(),
        "d" => kinds
            .chars()
            .map(|c| match c {
                'x' => Kind::DstX,
                'y' => Kind::DstY,
                _ => panic!("bad destination kind {c} in {spec}"),
            })
            .collect(),
        "f" => vec![Kind::Label],
        "h" => vec![Kind::Half],
        "u" => vec![Kind::Word32],
        "w" => vec![Kind::Word64],
        _ => panic!("bad operand {spec}"),
    }
}

/// Places operands into 16-bit lanes; lane 0 is the opcode. Returns first lanes and the size in words.
fn layout(kinds: &[Kind]) -> (Vec<usize>, usize) {
    let mut used = vec![true, false, false, false];
    let mut at = Vec::new();
    for k in kinds {
        let width = k.width();
        let mut lane = 0;
        loop {
            if lane + width > used.len() {
                used.extend([false; 4]);
            }
            if used[lane..lane + width].iter().all(|u| !u) {
                break;
            }
            lane += width;
        }
        used[lane..lane + width].fill(true);
        at.push(lane);
    }
    (at, used.len() / 4)
}

fn main() {
    let table = Path::new("src/interp/instrs.tab");
    println!("cargo:rerun-if-changed={}", table.display());
    println!("cargo:rerun-if-changed=build.rs");
    let text = std::fs::read_to_string(table).expect("the instruction table is part of the crate");
    let mut families = String::new();
    let mut variants = String::new();
    let mut arms = String::new();
    let mut functions = String::new();
    let mut number = 0usize;
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let mut words = line.split_whitespace();
        let name = words.next().expect("a row has a name");
        let mut operands = Vec::new();
        let mut trailing = false;
        let mut handler = "";
        let mut twins = false;
        while let Some(w) = words.next() {
            if w == "=" {
                handler = words.next().expect("a handler follows =");
                (twins, handler) = handler.strip_prefix('~').map_or((false, handler), |h| (true, h));
            } else if w == "*" {
                trailing = true;
            } else {
                operands.push(operand_kinds(w));
            }
        }
        let mut combos: Vec<Vec<Kind>> = vec![vec![]];
        for o in &operands {
            combos = combos
                .into_iter()
                .flat_map(|c| {
                    o.iter().map(move |k| {
                        let mut c = c.clone();
                        c.push(*k);
                        c
                    })
                })
                .collect();
        }
        let upper = name.to_uppercase();
        writeln!(
            families,
            "/// `{name}`.\npub const {upper}: Family = Family {{ base: {number}, operands: &[{}] }};",
            operands
                .iter()
                .map(|o| format!("&[{}]", o.iter().map(|k| format!("K::{}", k.name())).collect::<Vec<_>>().join(", ")))
                .collect::<Vec<_>>()
                .join(", ")
        )
        .unwrap();
        for combo in combos {
            let (at, size) = layout(&combo);
            let suffix: String = combo.iter().map(|k| k.letter()).collect();
            let shown = if suffix.is_empty() { name.to_string() } else { format!("{name}_{suffix}") };
            writeln!(
                variants,
                "Variant {{ name: {shown:?}, kinds: &[{}], lanes: &{at:?}, size: {size}, trailing: {trailing} }},",
                combo.iter().map(|k| format!("K::{}", k.name())).collect::<Vec<_>>().join(", ")
            )
            .unwrap();
            let mut args = String::new();
            for (k, lane) in combo.iter().zip(&at) {
                let (word, part) = (lane / 4, lane % 4);
                let w = if word == 0 { "w".to_string() } else { format!("m.word({word})") };
                let half = format!("(({w} >> {}) & 0xFFFF)", part * 16);
                let text = match k {
                    Kind::SrcX => format!("m.x_at({half})"),
                    Kind::SrcY => format!("m.y_at({half})"),
                    Kind::DstX => format!("machine::DX({half})"),
                    Kind::DstY => format!("machine::DY({half})"),
                    Kind::SrcConst => format!("RawTerm({w})"),
                    Kind::Half => format!("{half} as usize"),
                    Kind::Label => format!("({w} >> {}) as i32", part * 16),
                    Kind::Word32 => format!("({w} >> {}) as u32", part * 16),
                    Kind::Word64 => w.clone(),
                };
                write!(args, ", {text}").unwrap();
            }
            if trailing {
                write!(args, ", m.words({size})").unwrap();
            }
            // Only a fast twin answers `Flow::Slow`.
            let never = "unreachable!(\"a handler leaves work to a slow twin that it has not: no ~ in instrs.tab\")";
            writeln!(arms, "{number} => step!(m, {size}, ops::{handler}(m{args}), {never}),").unwrap();
            let mut function = |attributes: &str, name: &str, fast: bool, slow: &str| {
                writeln!(
                    functions,
                    "{attributes} unsafe fn {name}_{number}(pc: *const u64, e: *mut RawTerm, h: *mut RawTerm, \
                     fcalls: i64, x: *mut RawTerm, w: u64) -> SliceEnd {{ \
                     counted!({number}); let m = &mut Machine::new(pc, e, h, fcalls, x); m.fast = {fast}; let _ = w; \
                     step!(m, {size}, ops::{handler}(m{args}), {slow}); \
                     // SAFETY: pc is the start of an instruction of published code, whose opcode is one of the table.\n\
                     unsafe {{ let w = *m.pc; handler(w)(m.pc, m.e, m.h, m.fcalls, m.x, w) }} }}"
                )
                .unwrap();
            };
            if twins {
                let again = format!(
                    "// SAFETY: the same instruction with the registers that this function was given.\n\
                     return unsafe {{ slow_{number}(pc, e, h, fcalls, x, w) }}"
                );
                function("", "op", true, &again);
                function("#[cold] #[inline(never)]", "slow", false, never);
            } else {
                function("", "op", false, never);
            }
            number += 1;
        }
    }
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let table = format!(
        "{families}\n/// Every opcode: its name and layout.\npub static VARIANTS: [Variant; {number}] = [\n{variants}];\n"
    );
    std::fs::write(Path::new(&out).join("instr_table.rs"), table).expect("OUT_DIR is writable");
    let dispatch = format!(
        "macro_rules! dispatch {{ ($m:ident, $w:ident) => {{{{ let m = &mut $m; let w = $w; match w & 0xFFFF {{\n{arms}\
         // SAFETY: published code holds only opcodes of the table.\n_ => unsafe {{ std::hint::unreachable_unchecked() }},\n}} }}}} }}\n"
    );
    let entries: String = (0..number).map(|i| format!("op_{i},")).collect();
    let functions = format!("static TABLE: [OpFn; {number}] = [{entries}];\n{functions}");
    std::fs::write(Path::new(&out).join("op_functions.rs"), functions).expect("OUT_DIR is writable");
    println!("cargo:rustc-check-cfg=cfg(girder_tail_calls)");
    let optimised = std::env::var("OPT_LEVEL").is_ok_and(|l| l == "2" || l == "3");
    let sanitized = std::env::var("CARGO_CFG_SANITIZE").is_ok_and(|s| !s.is_empty());
    println!("cargo:rustc-check-cfg=cfg(girder_sanitizer)");
    if sanitized {
        println!("cargo:rustc-cfg=girder_sanitizer");
    }
    // A sanitizer's calls at a function's exit would come behind the tail calls.
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    if optimised && (!sanitized || flags.contains("-tsan-instrument-func-entry-exit=0")) {
        println!("cargo:rustc-cfg=girder_tail_calls");
    }
    std::fs::write(Path::new(&out).join("dispatch.rs"), dispatch).expect("OUT_DIR is writable");
}
