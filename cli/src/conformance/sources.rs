//! OTP's source tree, out of Debian's source package.
//!
//! Invariant: apt works on a state folder of its own, the machine's lists stay as they are; a tree is complete when its
//! file `.complete` is there, and is fetched anew otherwise.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::suites::AREAS;

/// Folders of the source tree that suites need.
const WANTED: [&str; 13] = [
    "*/erts/emulator/test",
    "*/lib/stdlib/test",
    "*/lib/kernel/test",
    "*/lib/compiler/test",
    "*/lib/runtime_tools/test",
    "*/lib/tools/test",
    "*/lib/kernel/src",
    "*/lib/kernel/include",
    "*/lib/stdlib/include",
    "*/lib/compiler/src",
    "*/lib/syntax_tools/include",
    "*/lib/sasl/test",
    "*/otp_versions.table",
];

/// Debian's release that holds this one of OTP.
fn suite_of(release: u32) -> Result<&'static str, String> {
    match release {
        25 => Ok("bookworm"),
        27 => Ok("trixie"),
        _ => Err(format!("Debian has no sources of OTP {release}")),
    }
}

/// The source tree of a release in `cache`, fetched if it is not there.
pub fn fetch(release: u32, cache: &Path) -> Result<PathBuf, String> {
    let tree = cache.join(format!("suites-{release}"));
    // One that was fetched when fewer areas were known is not complete.
    if tree.join(".complete").is_file() && AREAS.iter().all(|a| tree.join(a.folder).is_dir()) {
        return Ok(tree);
    }
    let suite = suite_of(release)?;
    let mirror = mirror()?;
    eprintln!("fetching the sources of OTP {release} from Debian {suite}");
    let text = |e: std::io::Error| format!("{}: {e}", tree.display());
    let work = cache.join(format!("suites-{release}.work"));
    for dir in [&tree, &work] {
        if dir.exists() {
            fs::remove_dir_all(dir).map_err(text)?;
        }
    }
    for dir in ["lists/partial", "cache/archives/partial", "parts", "package"] {
        fs::create_dir_all(work.join(dir)).map_err(text)?;
    }
    let work = fs::canonicalize(&work).map_err(text)?;
    let keyring = Path::new("/usr/share/keyrings/debian-archive-keyring.gpg");
    let signed = if keyring.is_file() { format!("[signed-by={}] ", keyring.display()) } else { String::new() };
    fs::write(work.join("sources.list"), format!("deb-src {signed}{mirror} {suite} main\n")).map_err(text)?;
    fs::write(work.join("status"), "").map_err(text)?;
    apt(&work, &["update"])?;
    apt(&work, &["source", "--download-only", "erlang"])?;
    unpack(&work.join("package"), &tree, release)?;
    fs::remove_dir_all(&work).map_err(text)?;
    Ok(tree)
}

/// The Debian mirror that this machine is set up with.
fn mirror() -> Result<String, String> {
    let targets = Command::new("apt-get")
        .args(["indextargets", "--format", "$(SITE)", "Created-By: Packages"])
        .output()
        .map_err(|e| format!("apt-get: {e}; name OTP's source tree with --sources"))?;
    let sites = String::from_utf8_lossy(&targets.stdout).into_owned();
    let site = sites.lines().find(|s| s.trim_end_matches('/').ends_with("/debian"));
    site.map(str::to_owned).ok_or_else(|| {
        "no Debian mirror among the apt sources of this machine; name OTP's source tree with --sources".into()
    })
}

fn apt(work: &Path, words: &[&str]) -> Result<(), String> {
    let at = |name: &str| work.join(name).display().to_string();
    let options = [
        format!("Dir::Etc::sourcelist={}", at("sources.list")),
        format!("Dir::Etc::sourceparts={}", at("parts")),
        format!("Dir::State={}", work.display()),
        format!("Dir::State::lists={}", at("lists")),
        format!("Dir::State::status={}", at("status")),
        format!("Dir::Cache={}", at("cache")),
        "APT::Sandbox::User=".to_owned(),
        "Acquire::Languages=none".to_owned(),
    ];
    let mut command = Command::new("apt-get");
    command.arg("-qq");
    for option in &options {
        command.args(["-o", option]);
    }
    run(command.args(words).current_dir(work.join("package")), "apt-get")
}

/// Unpacks the wanted folders of the one archive in `package`.
fn unpack(package: &Path, tree: &Path, release: u32) -> Result<(), String> {
    let entries = fs::read_dir(package).map_err(|e| format!("{}: {e}", package.display()))?;
    let mut files = entries.flatten().map(|e| e.path());
    let archive =
        files.find(|p| p.to_string_lossy().contains(".orig.tar.")).ok_or("the source package has no archive")?;
    let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !name.contains(&format!("_{release}.")) {
        return Err(format!("Debian holds {name}, not OTP {release}"));
    }
    fs::create_dir_all(tree).map_err(|e| format!("{}: {e}", tree.display()))?;
    let mut command = Command::new("tar");
    command.arg("-xf").arg(&archive).arg("-C").arg(tree).args(["--strip-components=1", "--wildcards"]);
    run(command.args(WANTED), "tar")?;
    fs::write(tree.join(".complete"), name).map_err(|e| format!("{}: {e}", tree.display()))
}

fn run(command: &mut Command, name: &str) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}")),
        Err(e) => Err(format!("{name}: {e}")),
    }
}
