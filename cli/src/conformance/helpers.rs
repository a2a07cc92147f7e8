//! C code that suites bring along: programs that they open ports to, drivers and NIFs.
//!
//! A suite's `Makefile.src` becomes a makefile as OTP's own test server would make it on this kind of machine. Invariant: what
//! does not build is said in one line and left out; the cases that need it then fail on the reference, too.

use std::fs;
use std::path::Path;

use super::runner::Vm;

/// What the names in a `Makefile.src` stand for, but for the headers' folder.
const VARIABLES: &[(&str, &str)] = &[
    ("SHLIB_RULES", SHARED),
    ("CC", "cc"),
    ("LD", "cc"),
    ("CFLAGS", "-g -O2 -fPIC -pthread -I@erl_include@"),
    ("SHLIB_CFLAGS", "-fPIC"),
    ("ERTS_CFLAGS", "-g -O2 -fPIC -pthread"),
    ("CROSSLDFLAGS", ""),
    ("DEFS", "-D_REENTRANT -D_GNU_SOURCE -DHAVE_STRERROR"),
    ("LIBS", "-ldl -lm -lpthread"),
    ("ERTS_LIBS", "-ldl -lm -lpthread"),
    ("dll", ".so"),
    ("exe", ""),
    ("obj", ".o"),
    ("EMULATOR", "beam"),
    ("erl_name", "erl"),
    ("WSL", ""),
];

/// Rules for shared libraries.
const SHARED: &str = ".SUFFIXES:
.SUFFIXES: @dll@ @obj@ .c

.c@dll@:
\t@CC@ -c @CFLAGS@ $(SHLIB_EXTRA_CFLAGS) @DEFS@ $<
\t@LD@ -shared $(SHLIB_EXTRA_LDFLAGS) -o $@ $*@obj@ $(SHLIB_EXTRA_LDLIBS)
";

/// Builds what the suites of a folder bring along and has not been built yet.
pub fn build(folder: &Path, suites: &[&str], vm: &Vm) {
    for suite in suites {
        let data = folder.join(format!("{suite}_data"));
        let (Ok(text), None) =
            (fs::read_to_string(data.join("Makefile.src")), fs::metadata(data.join("Makefile")).ok())
        else {
            continue;
        };
        let headers = vm.headers.as_deref().map(|h| h.display().to_string()).unwrap_or_default();
        let built = fs::write(data.join("Makefile"), makefile(&text, &headers)).and_then(|()| vm.make(&data));
        match built {
            Ok(true) => {}
            Ok(false) => eprintln!("{suite}: not all of its C code builds, see {}", data.join("make.log").display()),
            Err(e) => eprintln!("{suite}: its C code is not built, make: {e}"),
        }
    }
}

/// A `Makefile.src` with its variables replaced. That a part does not build keeps no other from it.
fn makefile(text: &str, headers: &str) -> String {
    let variables = VARIABLES.iter().copied().chain([("erl_include", headers)]);
    let text = variables.fold(text.to_owned(), |t, (name, value)| t.replace(&format!("@{name}@"), value));
    format!("MAKEFLAGS += --keep-going\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_makefile_has_its_variables_replaced() {
        let text = makefile("all: a@dll@ b@exe@\n@SHLIB_RULES@\n", "/headers");
        assert!(
            text.contains("all: a.so b\n.SUFFIXES:") && text.contains("cc -c -g -O2 -fPIC -pthread -I/headers"),
            "{text}"
        );
        assert!(!text.contains("@dll@") && text.contains("-o $@ $*.o "), "{text}");
    }
}
