//! The OTP tree in use: where it is and of which release.
//!
//! Invariant: a tree that is found has `lib/stdlib-*/ebin`, or it is no tree.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// An installed OTP tree.
#[derive(Debug)]
pub struct Tree {
    /// Its root, the directory that holds `lib` and `releases`.
    pub root: PathBuf,
    /// Its release number.
    pub release: u32,
    /// Version of its run-time system.
    pub erts_version: String,
}

/// Why there is no tree.
#[derive(Debug)]
pub enum Missing {
    /// The directory that was named (and by what) is none.
    NoTree(PathBuf, &'static str),
    /// It is a tree, but which release it is cannot be told.
    NoRelease(PathBuf),
    /// Nothing named, nothing in these places.
    Nowhere(Vec<PathBuf>),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::NoTree(root, by) => {
                write!(f, "{} ({by}) is no OTP tree: it has no lib/stdlib-*/ebin", root.display())
            }
            Missing::NoRelease(root) => {
                write!(
                    f,
                    "{}: neither releases/start_erl.data nor releases/*/OTP_VERSION tells the release",
                    root.display()
                )
            }
            Missing::Nowhere(places) => {
                let places: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
                write!(
                    f,
                    "no OTP tree found: looked in {} and for erl on the PATH; install one (Debian: apt install erlang-base) or name one with --otp DIR or GIRDER_OTP_ROOT",
                    places.join(", ")
                )
            }
        }
    }
}

const USUAL: [&str; 4] = ["/usr/lib/erlang", "/usr/local/lib/erlang", "/opt/erlang", "/opt/homebrew/lib/erlang"];

impl Tree {
    /// Whether it holds this library.
    pub fn has_library(&self, name: &str) -> bool {
        has_library(&self.root, name)
    }
    /// The tree that `--otp` names, else `GIRDER_OTP_ROOT`, else the one of the `erl` on the PATH, else a usual place.
    pub fn find(named: Option<&Path>) -> Result<Tree, Missing> {
        if let Some(root) = named {
            return Tree::at(root, "--otp");
        }
        if let Some(root) = env::var_os("GIRDER_OTP_ROOT").filter(|r| !r.is_empty()) {
            return Tree::at(Path::new(&root), "GIRDER_OTP_ROOT");
        }
        let places: Vec<PathBuf> = erl_on_path().into_iter().chain(USUAL.map(PathBuf::from)).collect();
        match places.iter().find(|p| is_tree(p)) {
            Some(root) => Tree::of(root),
            None => Err(Missing::Nowhere(USUAL.map(PathBuf::from).into())),
        }
    }

    /// The tree at `root`, which may also be the prefix it was installed under.
    fn at(root: &Path, by: &'static str) -> Result<Tree, Missing> {
        let candidates = [root.to_owned(), root.join("lib/erlang"), root.join("usr/lib/erlang")];
        match candidates.iter().find(|p| is_tree(p)) {
            Some(root) => Tree::of(root),
            None => Err(Missing::NoTree(root.to_owned(), by)),
        }
    }

    fn of(root: &Path) -> Result<Tree, Missing> {
        let release = release(root).ok_or_else(|| Missing::NoRelease(root.to_owned()))?;
        Ok(Tree { root: root.to_owned(), release, erts_version: erts_version(root).unwrap_or_default() })
    }
}

/// Directories in `dir` whose name starts with `prefix`.
fn starting_with(dir: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(|e| e.file_name().to_string_lossy().starts_with(prefix)).map(|e| e.path()).collect()
}

fn is_tree(root: &Path) -> bool {
    has_library(root, "stdlib")
}

fn has_library(root: &Path, name: &str) -> bool {
    starting_with(&root.join("lib"), &format!("{name}-")).iter().any(|d| d.join("ebin").is_dir())
}

/// `erl` is a script or link in the tree's `bin`, or in a `bin` beside which `lib/erlang` is.
fn erl_on_path() -> Option<PathBuf> {
    let erl = env::split_paths(&env::var_os("PATH")?).map(|d| d.join("erl")).find(|p| p.is_file())?;
    let erl = fs::canonicalize(erl).ok()?;
    let above = erl.parent()?.parent()?;
    [above.to_owned(), above.join("lib/erlang")].into_iter().find(|p| is_tree(p))
}

/// The release number, from `start_erl.data` (`ERTS-VERSION RELEASE`), else the newest directory with an `OTP_VERSION`.
fn release(root: &Path) -> Option<u32> {
    let releases = root.join("releases");
    let data = fs::read_to_string(releases.join("start_erl.data")).ok();
    if let Some(n) = data.and_then(|d| d.split_whitespace().nth(1).and_then(number)) {
        return Some(n);
    }
    let entries = fs::read_dir(releases).ok()?.flatten();
    entries.filter(|e| e.path().join("OTP_VERSION").is_file()).filter_map(|e| number(e.file_name().to_str()?)).max()
}

/// The version of the run-time system, from `start_erl.data`, else from the name of its library directory.
fn erts_version(root: &Path) -> Option<String> {
    let data = fs::read_to_string(root.join("releases/start_erl.data")).ok();
    if let Some(word) = data.as_deref().and_then(|d| d.split_whitespace().next()) {
        return Some(word.to_owned());
    }
    let dir = starting_with(&root.join("lib"), "erts-").pop()?;
    dir.file_name()?.to_str()?.strip_prefix("erts-").map(str::to_owned)
}

/// The leading number of `27` or `27.3.4`.
fn number(word: &str) -> Option<u32> {
    word.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_words() {
        for (word, n) in [("25", Some(25)), ("27.3.4", Some(27)), ("R16B", None), ("", None)] {
            assert_eq!(number(word), n, "{word}");
        }
    }

    #[test]
    fn a_place_that_is_no_tree_is_named() {
        let e = Tree::find(Some(Path::new("/nonexistent"))).expect_err("no such tree");
        assert!(e.to_string().contains("/nonexistent (--otp)"), "{e}");
    }

    #[test]
    fn a_made_tree_is_found_with_its_release() {
        let root = env::temp_dir().join(format!("girder-otp-{}", std::process::id()));
        fs::create_dir_all(root.join("lib/stdlib-6.0/ebin")).expect("temporary directory");
        fs::create_dir_all(root.join("releases/27")).expect("temporary directory");
        let untold = Tree::find(Some(&root)).expect_err("nothing tells the release");
        assert!(matches!(untold, Missing::NoRelease(_)));
        fs::write(root.join("releases/27/OTP_VERSION"), "27.3\n").expect("temporary file");
        assert_eq!(Tree::find(Some(&root)).map(|t| t.release).ok(), Some(27));
        fs::remove_dir_all(&root).expect("temporary directory");
    }
}
