//! Facts about OTP's natives: which there are, of what kind, in which releases. `data/natives.tsv` is the source.
//!
//! Invariant: the table covers what the emulators of OTP 25, 27 and 29 link in, whether Girder has it or not, so that
//! the natives that are missing can be told from the table itself.

use std::collections::HashMap;
use std::sync::LazyLock;

use girder_vm::Profile;
use girder_vm::native::{NativeKind, Releases};

/// One native of OTP.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// Module.
    pub module: &'static str,
    /// Function.
    pub name: &'static str,
    /// Arity.
    pub arity: u8,
    /// Sort.
    pub kind: NativeKind,
    /// Releases whose emulator has it.
    pub releases: Releases,
}

static FACTS: LazyLock<Vec<Fact>> = LazyLock::new(|| {
    include_str!("../data/natives.tsv").lines().skip(1).map(|l| parse(l).expect("natives.tsv is well-formed")).collect()
});

static BY_NAME: LazyLock<HashMap<(&'static str, &'static str, u8), usize>> =
    LazyLock::new(|| FACTS.iter().enumerate().map(|(i, f)| ((f.module, f.name, f.arity), i)).collect());

fn parse(line: &'static str) -> Option<Fact> {
    let mut cols = line.split('\t');
    let (module, name, arity, kind) = (cols.next()?, cols.next()?, cols.next()?.parse().ok()?, cols.next()?);
    let kind = match kind {
        "bif" => NativeKind::Bif,
        "guard-bif" => NativeKind::Guard,
        "ubif" => NativeKind::Ubif,
        "special" => NativeKind::Special,
        k if k.starts_with("nif:") => NativeKind::Nif,
        _ => return None,
    };
    let mut releases = Releases(0);
    for r in cols.next()?.split(',') {
        releases.0 |= match r {
            "25" => Releases::R25.0,
            "27" => Releases::R27.0,
            "29" => Releases::R29.0,
            _ => return None,
        };
    }
    Some(Fact { module, name, arity, kind, releases })
}

/// All facts, sorted by module, name and arity.
pub fn all() -> &'static [Fact] {
    &FACTS
}

/// The fact about this native, if any release has it.
pub fn find(module: &str, name: &str, arity: u8) -> Option<&'static Fact> {
    BY_NAME.get(&(module, name, arity)).map(|&i| &FACTS[i])
}

/// Whether it is part of the emulator of the release shown, unlike what modules load as their own.
pub fn is_built_in(module: &str, name: &str, arity: u8) -> bool {
    find(module, name, arity).is_some_and(|f| {
        f.releases.has(Profile::get().releases()) && !matches!(f.kind, NativeKind::Nif | NativeKind::Special)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_parses_and_counts_as_the_releases_do() {
        let count = |r, nif| {
            let wanted = |f: &&Fact| (f.kind == NativeKind::Nif) == nif && f.kind != NativeKind::Special;
            all().iter().filter(wanted).filter(|f| f.releases.has(r)).count()
        };
        // In 29 one more than OTP counts: `erlang:hibernate/0` is an instruction there.
        for (release, bifs, nifs) in [(Releases::R25, 505, 112), (Releases::R27, 522, 134), (Releases::R29, 554, 162)] {
            assert_eq!((count(release, false), count(release, true)), (bifs, nifs), "{release:?}");
        }
    }
}
