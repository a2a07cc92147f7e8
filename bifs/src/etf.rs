//! The external term format as natives: `term_to_binary`, `binary_to_term` and their kin.

use girder_vm::etf::{self, DecodeError, Options, Piece};
use girder_vm::{Ctx, Profile, Raise, Term, am};

use crate::large::{large, weight};

girder_vm::natives! { pub TABLE:
    "erlang" {
        "binary_to_term"/1 => binary_to_term_1, Bif;
        "binary_to_term"/2 => binary_to_term_2, Bif;
        "external_size"/1 => external_size_1, Bif;
        "external_size"/2 => external_size_2, Bif;
        "term_to_binary"/1 => term_to_binary_1, Bif;
        "term_to_binary"/2 => term_to_binary_2, Bif;
        "term_to_iovec"/1 => term_to_iovec_1, Bif;
        "term_to_iovec"/2 => term_to_iovec_2, Bif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// Bytes of external format that cost a reduction.
const BYTES_PER_REDUCTION: usize = 64;

fn minor_version(options: Options, version: Term<'_>) -> Result<Options, Raise> {
    version.as_small().and_then(|v| options.minor_version(v)).ok_or(Raise::Badarg)
}

fn options(list: Term<'_>) -> Result<Options, Raise> {
    let mut o = Options::default();
    for item in list.to_vec().ok_or(Raise::Badarg)? {
        match (item.as_atom(), item.as_tuple_of()) {
            (Some(am::COMPRESSED), _) => o.compression = Options::DEFAULT_COMPRESSION,
            (Some(am::DETERMINISTIC), _) => o.deterministic = true,
            (Some(am::LOCAL), _) if Profile::get().local_encoding() => o.local = true,
            (_, Some([tag, level])) if tag.is(am::COMPRESSED) => {
                let level = level.as_small().filter(|l| (0..10).contains(l)).ok_or(Raise::Badarg)?;
                o.compression = level as u32;
            }
            (_, Some([tag, version])) if tag.is(am::MINOR_VERSION) => o = minor_version(o, version)?,
            _ => return Err(Raise::Badarg),
        }
    }
    // The node's own encoding goes with no option that changes how terms look.
    if o.local && o.deterministic { Err(Raise::Badarg) } else { Ok(o) }
}

fn encode<'s>(ctx: &Ctx<'s>, t: Term<'s>, o: &Options) -> Answer<'s> {
    // Compressing takes a multiple of the time.
    let work = if o.compression > 0 { 8 * etf::external_size(t, o) } else { weight(t) };
    let bytes = large(ctx, work, || etf::encode(t, o));
    ctx.charge(bytes.len() / BYTES_PER_REDUCTION);
    Ok(ctx.binary(&bytes))
}

fn term_to_binary_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    encode(ctx, args[0], &Options::default())
}

fn term_to_binary_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    encode(ctx, args[0], &options(args[1])?)
}

fn iovec<'s>(ctx: &Ctx<'s>, t: Term<'s>, o: &Options) -> Answer<'s> {
    let mut size = 0;
    let binaries: Vec<_> = etf::encode_pieces(t, o)
        .into_iter()
        .map(|piece| match piece {
            Piece::Bytes(bytes) => {
                size += bytes.len();
                ctx.binary(&bytes)
            }
            // A bitstring's whole bytes; its last bits are in the piece that follows.
            Piece::Binary(t) => t.as_bits().and_then(|v| ctx.sub_bits(t, 0, v.bits / 8 * 8)).unwrap_or(t),
        })
        .collect();
    ctx.charge(size / BYTES_PER_REDUCTION);
    Ok(ctx.list(&binaries))
}

fn term_to_iovec_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    iovec(ctx, args[0], &Options::default())
}

fn term_to_iovec_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    iovec(ctx, args[0], &options(args[1])?)
}

fn size<'s>(ctx: &Ctx<'s>, t: Term<'s>, o: &Options) -> Answer<'s> {
    let size = large(ctx, weight(t), || etf::external_size(t, o));
    ctx.charge(size / BYTES_PER_REDUCTION / 4);
    Ok(ctx.uint(size as u64))
}

fn external_size_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    size(ctx, args[0], &Options::default())
}

fn external_size_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let mut o = Options::default();
    for item in args[1].to_vec().ok_or(Raise::Badarg)? {
        match item.as_tuple_of() {
            // Version 2 cannot be asked for where it is not the default.
            Some([tag, version]) if tag.is(am::MINOR_VERSION) && (o.utf8_atoms || version.as_small() != Some(2)) => {
                o = minor_version(o, version)?;
            }
            _ => return Err(Raise::Badarg),
        }
    }
    size(ctx, args[0], &o)
}

fn decode<'s>(ctx: &Ctx<'s>, binary: Term<'s>, safe: bool) -> Result<etf::Decoded<'s>, Raise> {
    let bytes = binary.as_binary().and_then(|v| v.to_bytes()).ok_or(Raise::Badarg)?;
    let decoded = large(ctx, 4 * bytes.len(), || etf::decode(ctx, &bytes, safe)).map_err(|e| match e {
        DecodeError::Malformed(_) | DecodeError::Refused => Raise::Badarg,
        DecodeError::AtomTableFull => Raise::SystemLimit,
    })?;
    ctx.charge(decoded.used / BYTES_PER_REDUCTION);
    Ok(decoded)
}

fn binary_to_term_1<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    decode(ctx, args[0], false).map(|d| d.term)
}

fn binary_to_term_2<'s>(ctx: &Ctx<'s>, args: &[Term<'s>]) -> Answer<'s> {
    let (mut safe, mut used) = (false, false);
    let badopt = || ctx.badarg_because(Term::atom(am::BADOPT));
    for item in args[1].to_vec().ok_or_else(badopt)? {
        match item.as_atom() {
            Some(am::SAFE) => safe = true,
            Some(am::USED) => used = true,
            _ => return Err(badopt()),
        }
    }
    let d = decode(ctx, args[0], safe)?;
    Ok(if used { ctx.tuple(&[d.term, ctx.uint(d.used as u64)]) } else { d.term })
}
