//! `girder install-shim DIR`: launchers that look like OTP's, for programs that start `erl`, `erlc` and `escript`.
//!
//! Invariant: the launchers name this binary and the tree by their full paths, so they work from anywhere; nothing
//! outside of the directory is changed.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::otp::Tree;

/// Where to write them, and for which tree.
#[derive(clap::Args)]
pub struct Options {
    /// The directory; made if it is not there.
    dir: PathBuf,
    /// The OTP tree that the launchers use; else GIRDER_OTP_ROOT, the erl on the PATH, the usual places.
    #[arg(long, value_name = "DIR")]
    otp: Option<PathBuf>,
}

const LAUNCHERS: [&str; 3] = ["erl", "erlc", "escript"];

/// A text as a word of the shell's language.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

/// The launcher of `command`. The variables that OTP's own launchers set for their children would lead back to them.
fn launcher(command: &str, dir: &Path, girder: &Path, tree: &Tree) -> String {
    let (dir, girder, root) = (quoted(dir), quoted(girder), quoted(&tree.root));
    format!(
        "#!/bin/sh\n# Runs the OTP tree below on Girder; written by girder install-shim.\nGIRDER_OTP_ROOT={root}\nGIRDER_SHIM={dir}\nexport GIRDER_OTP_ROOT GIRDER_SHIM\nunset BINDIR ROOTDIR EMU PROGNAME{unset}\nexec {girder} {command} \"$@\"\n",
        // A script's name is what `erl` is to be called, but only for the one that the script itself starts.
        unset = if command == "erl" { "" } else { " ESCRIPT_NAME" },
    )
}

/// Writes the launchers for a tree into a directory; the tree with its full path.
pub fn launchers(into: &Path, tree: Tree) -> Result<Tree, String> {
    let root = fs::canonicalize(&tree.root).map_err(|e| format!("{}: {e}", tree.root.display()))?;
    let tree = Tree { root, ..tree };
    let girder = std::env::current_exe().map_err(|e| format!("the girder binary: {e}"))?;
    let failed = |path: &Path, e: io::Error| format!("{}: {e}", path.display());
    fs::create_dir_all(into).map_err(|e| failed(into, e))?;
    let dir = fs::canonicalize(into).map_err(|e| failed(into, e))?;
    for command in LAUNCHERS {
        let file = into.join(command);
        fs::write(&file, launcher(command, &dir, &girder, &tree)).map_err(|e| failed(&file, e))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).map_err(|e| failed(&file, e))?;
    }
    Ok(tree)
}

fn write(options: &Options) -> Result<(), String> {
    let tree = Tree::find(options.otp.as_deref()).map_err(|e| e.to_string())?;
    let tree = launchers(&options.dir, tree)?;
    println!("{}: {} for OTP {} ({})", options.dir.display(), LAUNCHERS.join(", "), tree.release, tree.root.display());
    Ok(())
}

/// Writes the launchers.
pub fn install(options: &Options) -> ExitCode {
    match write(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("girder: {why}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_names_binary_and_tree() {
        let tree = Tree { root: PathBuf::from("/o'tp"), release: 25, erts_version: "13".to_owned() };
        let text = launcher("erlc", Path::new("/shim"), Path::new("/bin/girder"), &tree);
        assert!(text.starts_with("#!/bin/sh\n") && text.ends_with("exec '/bin/girder' erlc \"$@\"\n"), "{text}");
        assert!(text.contains(r"GIRDER_OTP_ROOT='/o'\''tp'"), "{text}");
    }
}
