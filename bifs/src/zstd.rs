//! Natives of module `zstd` (OTP 28 and later): streams, dictionaries and headers of frames.
//!
//! A stream is a reference to a [`Stream`] that only the process that made it may use. Invariant: a call makes one piece
//! of output at most; what may take long is done as a dirty scheduler.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use girder_libs::zstd::{
    self, CompressDictionary, CompressParameter, Compressor, DecompressDictionary, DecompressParameter, Decompressor,
    Directive, STRATEGIES, Step,
};
use girder_vm::sched::Dirty;
use girder_vm::term::{BitsView, bits::copy_view, map};
use girder_vm::{Ctx, Raise, Term, am};

use crate::iolist::flatten;

girder_vm::natives! { pub TABLE:
    "zstd" {
        "init_compress_nif"/0 => init_compress_0, Nif, R29;
        "load_compress_dictionary_nif"/2 => load_compress_dictionary_2, Nif, R29;
        "ref_compress_dictionary_nif"/2 => ref_compress_dictionary_2, Nif, R29;
        "set_compress_parameter_nif"/3 => set_compress_parameter_3, Nif, R29;
        "get_compress_parameter_nif"/2 => get_compress_parameter_2, Nif, R29;
        "set_pledged_src_size_nif"/2 => set_pledged_src_size_2, Nif, R29;
        "compress_stream_nif"/3 => compress_stream_3, Nif, R29;
        "compress_reset_nif"/1 => compress_reset_1, Nif, R29;
        "compress_close_nif"/1 => close_1::<Compressor>, Nif, R29;
        "init_decompress_nif"/0 => init_decompress_0, Nif, R29;
        "load_decompress_dictionary_nif"/2 => load_decompress_dictionary_2, Nif, R29;
        "ref_decompress_dictionary_nif"/2 => ref_decompress_dictionary_2, Nif, R29;
        "set_decompress_parameter_nif"/3 => set_decompress_parameter_3, Nif, R29;
        "get_decompress_parameter_nif"/2 => get_decompress_parameter_2, Nif, R29;
        "decompress_stream_nif"/3 => decompress_stream_3, Nif, R29;
        "decompress_reset_nif"/1 => decompress_reset_1, Nif, R29;
        "decompress_close_nif"/1 => close_1::<Decompressor>, Nif, R29;
        "create_cdict_nif"/2 => create_cdict_2, Nif, R29;
        "create_ddict_nif"/1 => create_ddict_1, Nif, R29;
        "getDictId_fromCDict_nif"/1 => id_of_cdict_1, Nif, R29;
        "getDictId_fromDDict_nif"/1 => id_of_ddict_1, Nif, R29;
        "getDictId_fromDict_nif"/1 => id_of_dictionary_1, Nif, R29;
        "getDictId_fromFrame_nif"/1 => id_of_frame_1, Nif, R29;
        "get_frame_header_nif"/1 => get_frame_header_1, Nif, R29;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// A stream of `zstd:context/1`.
struct Stream<C> {
    /// Pid of the only process that may use it.
    owner: u64,
    state: Mutex<State<C>>,
}

struct State<C> {
    /// `None` when closed.
    codec: Option<C>,
    /// Whether a frame is under way.
    in_use: bool,
    /// Whether parameters ask for more work than usual.
    thorough: bool,
}

/// The state of a stream that is open and the running process's.
struct Held<'s, C>(MutexGuard<'s, State<C>>);

impl<C> Held<'_, C> {
    /// The stream; [`held`] saw that it is open.
    fn codec(&mut self) -> Result<&mut C, Raise> {
        self.0.codec.as_mut().ok_or(Raise::Badarg)
    }
}

fn held<'s, C: Send + 'static>(ctx: &Ctx<'s>, t: Term<'s>) -> Result<Held<'s, C>, Raise> {
    let magic = t.as_ref().and_then(|r| r.magic());
    let stream: &Stream<C> = magic.and_then(|m| m.get()).ok_or(Raise::Badarg)?;
    let state = stream.state.lock().unwrap_or_else(PoisonError::into_inner);
    if state.codec.is_none() {
        return Err(Raise::Badarg);
    }
    if stream.owner != ctx.process().pid().bits() {
        return Err(ctx.error(am::NOT_ON_CONTROLLING_PROCESS.into()));
    }
    Ok(Held(state))
}

fn open<'s, C: Send + 'static>(ctx: &Ctx<'s>, codec: Option<C>) -> Answer<'s> {
    let codec = Some(codec.ok_or(Raise::SystemLimit)?);
    let state = Mutex::new(State { codec, in_use: false, thorough: false });
    let stream = Stream { owner: ctx.process().pid().bits(), state };
    Ok(ctx.fresh_magic_reference(Box::new(stream)))
}

fn close_1<'s, C: Send + 'static>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    held::<C>(ctx, a[0])?.0.codec = None;
    Ok(am::OK.into())
}

fn name<'s>(ctx: &Ctx<'s>, text: &str) -> Answer<'s> {
    ctx.atom(text).map_err(|_| Raise::SystemLimit)
}

/// `error:{zstd_error, Words}`.
fn refused(ctx: &Ctx<'_>, e: zstd::Error) -> Raise {
    ctx.error_tuple(am::ZSTD_ERROR, ctx.binary(e.text().as_bytes()))
}

/// `ok`, or zstd's error.
fn done<'s>(ctx: &Ctx<'s>, r: Result<(), zstd::Error>) -> Answer<'s> {
    r.map(|()| am::OK.into()).map_err(|e| refused(ctx, e))
}

/// `error:{badarg, {What, Value}}`.
fn invalid<'s>(ctx: &Ctx<'s>, what: girder_vm::Atom, value: Term<'s>) -> Raise {
    ctx.error_tuple(am::BADARG, ctx.tuple(&[what.into(), value]))
}

fn int(t: Term<'_>) -> Option<i32> {
    t.as_small().and_then(|n| i32::try_from(n).ok())
}

/// Input from which on work is a dirty scheduler's.
const DIRTY_INPUT: usize = 16 * 1024;
/// Values of parameters, such as the level, from which on any work is.
const DIRTY_PARAMETER: i32 = 7;
/// Bytes in or out for a reduction.
const BYTES_PER_REDUCTION: usize = 64;

/// Does `f`, which takes `bytes` of input.
fn work<R>(ctx: &Ctx<'_>, bytes: usize, thorough: bool, f: impl FnOnce() -> R) -> R {
    ctx.charge(bytes / BYTES_PER_REDUCTION);
    if thorough || bytes >= DIRTY_INPUT { ctx.dirty(Dirty::Cpu, f) } else { f() }
}

fn init_compress_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    open(ctx, Compressor::new())
}

fn init_decompress_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    open(ctx, Decompressor::new())
}

fn load_compress_dictionary_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held(ctx, a[0])?;
    let bytes = flatten(ctx, a[1])?;
    let c: &mut Compressor = s.codec()?;
    done(ctx, work(ctx, bytes.len(), false, || c.load_dictionary(&bytes)))
}

fn load_decompress_dictionary_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held(ctx, a[0])?;
    let bytes = flatten(ctx, a[1])?;
    let d: &mut Decompressor = s.codec()?;
    done(ctx, work(ctx, bytes.len(), false, || d.load_dictionary(&bytes)))
}

fn dictionary<'s, D: Send + Sync + 'static>(t: Term<'s>) -> Result<&'s Arc<D>, Raise> {
    t.as_ref().and_then(|r| r.magic()).and_then(|m| m.get()).ok_or(Raise::Badarg)
}

fn ref_compress_dictionary_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held::<Compressor>(ctx, a[0])?;
    let d = dictionary(a[1])?;
    done(ctx, s.codec()?.set_dictionary(d))
}

fn ref_decompress_dictionary_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held::<Decompressor>(ctx, a[0])?;
    let d = dictionary(a[1])?;
    done(ctx, s.codec()?.set_dictionary(d))
}

fn compress_parameter<'s>(ctx: &Ctx<'s>, key: Term<'s>) -> Result<CompressParameter, Raise> {
    let known = key.as_atom().and_then(|k| CompressParameter::named(k.name()));
    known.ok_or_else(|| invalid(ctx, am::INVALID_KEY, key))
}

fn set_compress_parameter_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held::<Compressor>(ctx, a[0])?;
    let p = compress_parameter(ctx, a[1])?;
    let value = if p.is_strategy() {
        let strategy = a[2].as_atom().and_then(|v| STRATEGIES.iter().position(|name| *name == v.name()));
        strategy.and_then(|n| i32::try_from(n).ok())
    } else if p.is_flag() {
        a[2].as_bool().map(i32::from)
    } else {
        int(a[2])
    };
    let value = value.ok_or_else(|| invalid(ctx, am::INVALID_VALUE, a[2]))?;
    s.0.thorough |= value >= DIRTY_PARAMETER;
    done(ctx, s.codec()?.set(p, value))
}

/// Flags are told as OTP 29.1 tells them: `false`, whatever they are.
fn get_compress_parameter_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held::<Compressor>(ctx, a[0])?;
    let p = compress_parameter(ctx, a[1])?;
    let value = s.codec()?.get(p).map_err(|e| refused(ctx, e))?;
    if p.is_flag() {
        return Ok(Term::FALSE);
    }
    if p.is_strategy() {
        let known = usize::try_from(value).ok().and_then(|n| STRATEGIES.get(n));
        return name(ctx, known.ok_or(Raise::Badarg)?);
    }
    Ok(Term::small(value))
}

fn decompress_parameter<'s>(ctx: &Ctx<'s>, key: Term<'s>) -> Result<DecompressParameter, Raise> {
    let known = key.as_atom().and_then(|k| DecompressParameter::named(k.name()));
    known.ok_or_else(|| invalid(ctx, am::INVALID_KEY, key))
}

fn set_decompress_parameter_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held::<Decompressor>(ctx, a[0])?;
    let value = int(a[2]).ok_or(Raise::Badarg)?;
    let p = decompress_parameter(ctx, a[1])?;
    done(ctx, s.codec()?.set(p, value))
}

fn get_decompress_parameter_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held::<Decompressor>(ctx, a[0])?;
    let p = decompress_parameter(ctx, a[1])?;
    s.codec()?.get(p).map(Term::small).map_err(|e| refused(ctx, e))
}

fn set_pledged_src_size_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held::<Compressor>(ctx, a[0])?;
    let size = a[1].as_u64().ok_or(Raise::Badarg)?;
    done(ctx, s.codec()?.pledge(size))
}

/// `zstd.erl`'s numbers.
fn directive(t: Term<'_>) -> Result<Directive, Raise> {
    Ok(match t.as_small() {
        Some(0) => Directive::Continue,
        Some(1) => Directive::Flush,
        Some(2) => Directive::End,
        _ => return Err(Raise::Badarg),
    })
}

/// Bytes of a binary, copied if they do not begin at a byte.
fn bytes<'s>(v: BitsView<'s>) -> std::borrow::Cow<'s, [u8]> {
    v.as_bytes().map_or_else(|| copy_view(v).into(), Into::into)
}

/// `{done, Output}`, `{flush, Output}`, `{continue, Output}` or `{continue, Rest, Output}`.
fn answer<'s>(ctx: &Ctx<'s>, input: Term<'s>, step: Step, output: &[u8], directive: Directive) -> Answer<'s> {
    ctx.charge(step.produced / BYTES_PER_REDUCTION);
    let made = ctx.binary(&output[..step.produced]);
    let size = input.as_binary().map_or(0, |v| v.byte_len());
    if step.consumed < size {
        let rest = ctx.sub_bits(input, 8 * step.consumed, 8 * (size - step.consumed)).ok_or(Raise::Badarg)?;
        return Ok(ctx.tuple(&[am::CONTINUE.into(), rest, made]));
    }
    let tag = match directive {
        Directive::Continue => am::CONTINUE,
        _ if step.pending && step.produced == output.len() => am::FLUSH,
        _ => am::DONE,
    };
    Ok(ctx.tuple(&[tag.into(), made]))
}

fn compress_stream_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held::<Compressor>(ctx, a[0])?;
    let input = bytes(a[1].as_binary().ok_or(Raise::Badarg)?);
    let directive = directive(a[2])?;
    let thorough = s.0.thorough;
    let c = s.codec()?;
    let mut output = vec![0; Compressor::output_size()];
    let step = work(ctx, input.len(), thorough, || c.step(&input, &mut output, directive));
    answer(ctx, a[1], step.map_err(|e| refused(ctx, e))?, &output, directive)
}

fn decompress_stream_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held::<Decompressor>(ctx, a[0])?;
    let input = bytes(a[1].as_binary().ok_or(Raise::Badarg)?);
    let directive = directive(a[2])?;
    let mut size = Decompressor::output_size();
    if !s.0.in_use {
        if input.is_empty() && directive == Directive::End {
            // A frame must not begin with this: parameters could not be set any more.
            return Ok(ctx.tuple(&[am::DONE.into(), a[1]]));
        }
        let known = work(ctx, input.len(), false, || zstd::decompressed_size(&input));
        size = known.and_then(|n| usize::try_from(n).ok()).map_or(size, |n| n.min(size));
        s.0.in_use = true;
    }
    let d = s.codec()?;
    let mut output = vec![0; size];
    match work(ctx, input.len(), false, || d.step(&input, &mut output)) {
        Ok(step) => answer(ctx, a[1], step, &output, directive),
        Err(e) => {
            s.0.in_use = false;
            Err(refused(ctx, e))
        }
    }
}

fn compress_reset_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    held::<Compressor>(ctx, a[0])?.codec()?.reset();
    Ok(am::OK.into())
}

fn decompress_reset_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = held::<Decompressor>(ctx, a[0])?;
    s.codec()?.reset();
    s.0.in_use = false;
    Ok(am::OK.into())
}

fn create_cdict_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let bytes = bytes(a[0].as_binary().ok_or(Raise::Badarg)?);
    let level = int(a[1]).ok_or(Raise::Badarg)?;
    let thorough = level >= DIRTY_PARAMETER;
    match work(ctx, bytes.len(), thorough, || CompressDictionary::new(bytes.into(), level)) {
        Some(d) => Ok(ctx.fresh_magic_reference(Box::new(Arc::new(d)))),
        None => Ok(ctx.tuple(&[am::ERROR.into(), name(ctx, "invalid_compress_dict")?])),
    }
}

fn create_ddict_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let bytes = bytes(a[0].as_binary().ok_or(Raise::Badarg)?);
    match work(ctx, bytes.len(), false, || DecompressDictionary::new(bytes.into())) {
        Some(d) => Ok(ctx.fresh_magic_reference(Box::new(Arc::new(d)))),
        None => Ok(ctx.tuple(&[am::ERROR.into(), name(ctx, "invalid_decompress_dict")?])),
    }
}

fn id_of_cdict_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.uint(dictionary::<CompressDictionary>(a[0])?.id().into()))
}

fn id_of_ddict_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.uint(dictionary::<DecompressDictionary>(a[0])?.id().into()))
}

fn id_of_dictionary_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.uint(zstd::dictionary_id(&flatten(ctx, a[0])?).into()))
}

fn id_of_frame_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(ctx.uint(zstd::frame_dictionary_id(&flatten(ctx, a[0])?).into()))
}

fn get_frame_header_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let h = zstd::frame_header(&flatten(ctx, a[0])?).map_err(|e| refused(ctx, e))?;
    let kind = if h.skippable { "ZSTD_skippableFrame" } else { "ZSTD_frame" };
    let items = [
        ("frameContentSize", h.content_size.map_or(am::UNDEFINED.into(), |n| ctx.uint(n))),
        ("windowSize", ctx.uint(h.window_size)),
        ("blockSizeMax", ctx.uint(h.block_size_max.into())),
        ("frameType", name(ctx, kind)?),
        ("headerSize", ctx.uint(h.header_size.into())),
        ("dictID", ctx.uint(h.dictionary.into())),
        ("checksumFlag", h.has_checksum.into()),
    ];
    let pairs: Vec<_> =
        items.into_iter().map(|(key, value)| Ok((name(ctx, key)?, value))).collect::<Result<_, Raise>>()?;
    Ok(ctx.tuple(&[am::OK.into(), map::from_pairs(ctx, &pairs)]))
}
