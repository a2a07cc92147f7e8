//! From a recording of the VM (`girder_vm::recording`) to what people look at: a page, traces for other viewers, flame
//! graphs, a summary.
//!
//! [`read`] reads the file, [`analyse`] makes figures of it, the other modules write one output each. Invariant: a
//! recording that breaks off, or that lost events, gives outputs that say so.
#![forbid(unsafe_code)]

pub mod analyse;
mod events;
pub mod flame;
pub mod read;
pub mod report;
pub mod summary;
pub mod trace;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use analyse::Profile;
use read::{ReadError, Recording};

/// Name of the recording in a profile's folder.
pub const RECORDING: &str = "events.girder";

/// Why there are no outputs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no recording.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An output cannot be written.
    #[error("{0}: {1}")]
    Write(String, io::Error),
}

fn write(dir: &Path, name: &str, f: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), Error> {
    let path = dir.join(name);
    let all = || {
        let mut out = BufWriter::new(File::create(&path)?);
        f(&mut out)?;
        out.flush()
    };
    all().map_err(|e| Error::Write(path.display().to_string(), e))
}

/// Makes all outputs from the recording in a folder; gives the summary.
pub fn outputs(dir: &Path, title: &str) -> Result<String, Error> {
    let r = Recording::open(&dir.join(RECORDING))?;
    let p = Profile::of(&r);
    let mut summary = summary::text(&r, &p);
    let mut left_out = 0;
    write(dir, "trace.json", |out| {
        left_out = trace::write(&r, &p, out)?;
        Ok(())
    })?;
    if left_out > 0 {
        summary += &format!(
            "  trace.json has the first {} turns only; report.html has all\n",
            summary::count(trace::MOST as u64)
        );
    }
    write(dir, "report.html", |out| report::write(&r, &p, title, out))?;
    let stacks = flame::collapsed(&r, &p);
    write(dir, "collapsed.txt", |out| flame::write_collapsed(&stacks, out))?;
    write(dir, "flame.svg", |out| flame::write_svg(&stacks, r.is_by_time(), out))?;
    write(dir, "profile.pb.gz", |out| flame::write_pprof(&r, &p, out))?;
    Ok(summary)
}
