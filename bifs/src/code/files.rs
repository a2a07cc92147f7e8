//! Looking into .beam files: single chunks, the checksum.

use girder_vm::code::Mfa;
use girder_vm::{Ctx, Raise, Term, am};

girder_vm::natives! { pub TABLE:
    "erts_internal" {
        "beamfile_chunk"/2 => beamfile_chunk_2, Bif;
        "beamfile_module_md5"/1 => beamfile_module_md5_1, Bif;
    }
}

const MD5: Mfa = Mfa { module: am::ERTS_INTERNAL, function: am::BEAMFILE_MODULE_MD5, arity: 1 };

/// Four bytes given as a list.
fn chunk_id(t: Term<'_>) -> Option<[u8; 4]> {
    let bytes: Option<Vec<u8>> = t.to_vec()?.into_iter().map(|c| u8::try_from(c.as_small()?).ok()).collect();
    bytes?.try_into().ok()
}

/// A chunk's contents; `undefined` if there is none, it is empty, or this is no .beam file.
fn beamfile_chunk_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let id = chunk_id(a[1]).ok_or(Raise::Badarg)?;
    let bytes = a[0].as_binary().and_then(|b| b.to_bytes()).ok_or(Raise::Badarg)?;
    ctx.charge(bytes.len() / 256);
    let found = girder_loader::chunk(&bytes, &id).filter(|c| !c.is_empty());
    Ok(found.map_or(am::UNDEFINED.into(), |c| ctx.binary(c)))
}

fn beamfile_module_md5_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Result<Term<'s>, Raise> {
    let bytes = a[0].as_binary().and_then(|b| b.to_bytes()).ok_or(Raise::Badarg)?;
    let md5 = super::loading::at_length(ctx, MD5, bytes.len(), || girder_loader::checksum(&bytes))?;
    Ok(md5.map_or(am::UNDEFINED.into(), |sum| ctx.binary(&sum)))
}
