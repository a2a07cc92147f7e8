//! Natives of module `zlib`: streams of zlib, fed and drained in pieces by OTP's own code.
//!
//! A stream is a reference to a [`Zlib`]; only its controlling process may use it. Invariant: input lies in the queue
//! until zlib has taken it; a call takes and makes no more than it is told to, and stops early when the slice is over.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use girder_libs::zlib::{self, Stream};
use girder_vm::heap::Detached;
use girder_vm::term::copy::detach;
use girder_vm::{Ctx, Profile, Raise, RawTerm, Term, am};

use crate::iolist::flatten;

girder_vm::natives! { pub TABLE:
    "zlib" {
        "clearStash_nif"/1 => clear_stash_1, Nif;
        "close_nif"/1 => close_1, Nif;
        "crc32_nif"/1 => crc32_1, Nif, R25;
        "deflateEnd_nif"/1 => deflate_end_1, Nif;
        "deflateInit_nif"/6 => deflate_init_6, Nif;
        "deflateParams_nif"/3 => deflate_params_3, Nif;
        "deflateReset_nif"/1 => deflate_reset_1, Nif;
        "deflateSetDictionary_nif"/2 => deflate_set_dictionary_2, Nif;
        "deflate_nif"/4 => deflate_4, Nif;
        "enqueue_nif"/2 => enqueue_2, Nif;
        "getBufSize_nif"/1 => get_buf_size_1, Nif, R25;
        "getStash_nif"/1 => get_stash_1, Nif;
        "inflateEnd_nif"/1 => inflate_end_1, Nif;
        "inflateGetDictionary_nif"/1 => inflate_get_dictionary_1, Nif;
        "inflateInit_nif"/3 => inflate_init_3, Nif;
        "inflateReset_nif"/1 => inflate_reset_1, Nif;
        "inflateSetDictionary_nif"/2 => inflate_set_dictionary_2, Nif;
        "inflate_nif"/4 => inflate_4, Nif;
        "open_nif"/0 => open_0, Nif;
        "setBufSize_nif"/2 => set_buf_size_2, Nif, R25;
        "setStash_nif"/2 => set_stash_2, Nif;
        "set_controller_nif"/2 => set_controller_2, Nif;
    }
}

type Answer<'s> = Result<Term<'s>, Raise>;

/// What a stream does.
enum Codec {
    /// Nothing yet, or no longer.
    None,
    Deflate(Stream),
    Inflate(Stream),
    Closed,
}

/// What becomes of input behind the end of the compressed data: `zlib.erl`'s numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AfterEnd {
    Error = 0,
    Reset = 1,
    Cut = 2,
}

struct State {
    codec: Codec,
    /// Input, of whose first piece so many bytes have been taken.
    queue: VecDeque<Vec<u8>>,
    taken: usize,
    after_end: AfterEnd,
    ended: bool,
    raw: bool,
    input_crc: crc32fast::Hasher,
    output_crc: crc32fast::Hasher,
    stash: Option<Detached>,
    /// Reported, and nothing else.
    buffer_size: i32,
}

/// A stream of `zlib:open/0`.
struct Zlib {
    controller: AtomicU64,
    state: Mutex<State>,
}

fn zlib<'s>(t: Term<'s>) -> Result<&'s Zlib, Raise> {
    t.as_ref().and_then(|r| r.magic()).and_then(|m| m.get()).ok_or(Raise::Badarg)
}

/// The state of the stream `z`, if the running process controls it.
fn state<'s>(ctx: &Ctx<'s>, z: &'s Zlib) -> Result<MutexGuard<'s, State>, Raise> {
    if z.controller.load(Ordering::Acquire) != ctx.process().pid().bits() {
        return Err(ctx.error(am::NOT_ON_CONTROLLING_PROCESS.into()));
    }
    Ok(z.state.lock().unwrap_or_else(PoisonError::into_inner))
}

fn int(t: Term<'_>) -> Result<i32, Raise> {
    t.as_small().and_then(|n| i32::try_from(n).ok()).ok_or(Raise::Badarg)
}

/// zlib's number as a value or an exception.
fn answer<'s>(ctx: &Ctx<'s>, code: i32) -> Answer<'s> {
    Ok(match code {
        zlib::OK => am::OK,
        zlib::STREAM_END => am::STREAM_END,
        zlib::STREAM_ERROR => return Err(ctx.error(am::STREAM_ERROR.into())),
        zlib::DATA_ERROR => return Err(ctx.error(am::DATA_ERROR.into())),
        zlib::MEM_ERROR => am::MEM_ERROR,
        zlib::BUF_ERROR => am::BUF_ERROR,
        zlib::VERSION_ERROR => am::VERSION_ERROR,
        _ => am::UNKNOWN_ERROR,
    }
    .into())
}

fn not_initialized(ctx: &Ctx<'_>) -> Raise {
    ctx.error(am::NOT_INITIALIZED.into())
}

impl State {
    fn deflate(&mut self, ctx: &Ctx<'_>) -> Result<&mut Stream, Raise> {
        if let Codec::Deflate(s) = &mut self.codec { Ok(s) } else { Err(not_initialized(ctx)) }
    }
    fn inflate(&mut self, ctx: &Ctx<'_>) -> Result<&mut Stream, Raise> {
        if let Codec::Inflate(s) = &mut self.codec { Ok(s) } else { Err(not_initialized(ctx)) }
    }
    fn start(&mut self, codec: Codec, raw: bool) {
        self.codec = codec;
        (self.ended, self.raw) = (false, raw);
        (self.input_crc, self.output_crc) = Default::default();
    }
    fn reset_input(&mut self) {
        self.queue.clear();
        self.taken = 0;
        self.stash = None;
    }
    fn queued(&self) -> usize {
        self.queue.iter().map(Vec::len).sum::<usize>() - self.taken
    }
    /// Takes input from the queue and makes output, up to these sizes; `flush` counts when all input is taken.
    fn run<'s>(&mut self, ctx: &Ctx<'s>, input: usize, output: usize, flush: i32) -> Answer<'s> {
        let (stream, deflates) = match &mut self.codec {
            Codec::Deflate(stream) => (stream, true),
            Codec::Inflate(stream) => (stream, false),
            Codec::None | Codec::Closed => return Err(not_initialized(ctx)),
        };
        let mut buffer = vec![0; output];
        let (mut code, mut consumed, mut produced) = (zlib::OK, 0, 0);
        while code == zlib::OK
            && consumed < input
            && let Some(piece) = self.queue.front()
        {
            let rest = &piece[self.taken..];
            let block = &rest[..rest.len().min(input)];
            let step = stream.step(block, &mut buffer[produced..], zlib::NO_FLUSH);
            code = step.code;
            consumed += step.consumed;
            produced += step.produced;
            if self.raw && deflates {
                self.input_crc.update(&block[..step.consumed]);
            }
            self.taken += step.consumed;
            if self.taken == piece.len() {
                self.queue.pop_front();
                self.taken = 0;
            }
            ctx.charge(1 + step.consumed / BYTES_PER_REDUCTION + step.produced / BYTES_PER_REDUCTION);
            if step.consumed == 0 || ctx.reductions_left() <= 0 {
                break;
            }
        }
        let left = !self.queue.is_empty();
        if code == zlib::OK && !left && produced < output {
            let step = stream.step(&[], &mut buffer[produced..], flush);
            code = step.code;
            produced += step.produced;
        }
        if code < 0 && code != zlib::BUF_ERROR {
            return answer(ctx, code);
        }
        self.ended |= code == zlib::STREAM_END;
        buffer.truncate(produced);
        if self.raw && !deflates {
            self.output_crc.update(&buffer);
        }
        if consumed == 0 && produced == 0 && left {
            return answer(ctx, zlib::DATA_ERROR);
        }
        let checksum = stream.checksum();
        let made = if produced == 0 { Term::NIL } else { ctx.list(&[ctx.binary(&buffer)]) };
        Ok(if !left && produced < output {
            ctx.tuple(&[am::FINISHED.into(), made])
        } else if code != zlib::NEED_DICT {
            ctx.tuple(&[am::CONTINUE.into(), made])
        } else {
            ctx.tuple(&[am::NEED_DICTIONARY.into(), dictionary_checksum(ctx, checksum), made])
        })
    }
}

/// Bytes in or out for a reduction.
const BYTES_PER_REDUCTION: usize = 32;

/// A dictionary's checksum.
fn dictionary_checksum<'s>(ctx: &Ctx<'s>, checksum: u32) -> Term<'s> {
    match Profile::get().dictionary_checksums_are_signed() {
        true => Term::small(checksum.cast_signed()),
        false => ctx.uint(checksum.into()),
    }
}

fn open_0<'s>(ctx: &Ctx<'s>, _: &[Term<'s>]) -> Answer<'s> {
    let state = State {
        codec: Codec::None,
        queue: VecDeque::new(),
        taken: 0,
        after_end: AfterEnd::Cut,
        ended: false,
        raw: false,
        input_crc: crc32fast::Hasher::new(),
        output_crc: crc32fast::Hasher::new(),
        stash: None,
        buffer_size: 4000,
    };
    let z = Zlib { controller: AtomicU64::new(ctx.process().pid().bits()), state: Mutex::new(state) };
    Ok(ctx.fresh_magic_reference(Box::new(z)))
}

fn close_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = state(ctx, zlib(a[0])?)?;
    if matches!(s.codec, Codec::Closed) {
        return Err(not_initialized(ctx));
    }
    s.codec = Codec::Closed;
    s.stash = None;
    Ok(am::OK.into())
}

fn set_controller_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let z = zlib(a[0])?;
    let pid: RawTerm = a[1].raw();
    if !pid.is_local_pid() {
        return Err(Raise::Badarg);
    }
    let _held = state(ctx, z)?;
    z.controller.store(pid.bits(), Ordering::Release);
    Ok(am::OK.into())
}

fn deflate_init_6<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let z = zlib(a[0])?;
    let [level, method, window, memory, strategy] = [int(a[1])?, int(a[2])?, int(a[3])?, int(a[4])?, int(a[5])?];
    let mut s = state(ctx, z)?;
    if !matches!(s.codec, Codec::None) {
        return Err(ctx.error(am::ALREADY_INITIALIZED.into()));
    }
    match Stream::deflate(level, method, window, memory, strategy) {
        Ok(stream) => {
            s.start(Codec::Deflate(stream), window < 0);
            Ok(am::OK.into())
        }
        Err(code) => answer(ctx, code),
    }
}

fn deflate_set_dictionary_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let z = zlib(a[0])?;
    let bytes = flatten(ctx, a[1])?;
    let mut s = state(ctx, z)?;
    let raw = s.raw;
    let stream = s.deflate(ctx)?;
    match stream.set_dictionary(&bytes) {
        // A raw stream has no checksum; this is the one that OTP computes then, which starts from zero.
        zlib::OK if raw => Ok(dictionary_checksum(ctx, adler_from_zero(&bytes))),
        zlib::OK => Ok(dictionary_checksum(ctx, stream.checksum())),
        code => answer(ctx, code),
    }
}

fn adler_from_zero(bytes: &[u8]) -> u32 {
    let mut adler = adler2::Adler32::from_checksum(0);
    adler.write_slice(bytes);
    adler.checksum()
}

fn deflate_reset_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = state(ctx, zlib(a[0])?)?;
    let code = s.deflate(ctx)?.reset();
    (s.input_crc, s.ended) = (crc32fast::Hasher::new(), false);
    s.reset_input();
    answer(ctx, code)
}

fn deflate_end_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = state(ctx, zlib(a[0])?)?;
    s.deflate(ctx)?;
    let mut code = match std::mem::replace(&mut s.codec, Codec::None) {
        Codec::Deflate(stream) => stream.finish(),
        _ => zlib::OK,
    };
    if code == zlib::OK && s.queued() > 0 {
        code = zlib::DATA_ERROR;
    }
    s.reset_input();
    answer(ctx, code)
}

fn deflate_params_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let z = zlib(a[0])?;
    let (level, strategy) = (int(a[1])?, int(a[2])?);
    let code = state(ctx, z)?.deflate(ctx)?.set_parameters(level, strategy);
    answer(ctx, code)
}

/// Sizes and flush mode of `deflate_nif/4` and `inflate_nif/4`.
fn sizes(a: &[Term<'_>]) -> Result<(usize, usize, i32), Raise> {
    let size = |t| usize::try_from(int(t)?).map_err(|_| Raise::Badarg);
    Ok((size(a[1])?, size(a[2])?, int(a[3])?))
}

fn deflate_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let z = zlib(a[0])?;
    let (input, output, flush) = sizes(a)?;
    let mut s = state(ctx, z)?;
    s.deflate(ctx)?;
    s.run(ctx, input, output, flush)
}

fn inflate_init_3<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let z = zlib(a[0])?;
    let (window, after_end) = (int(a[1])?, int(a[2])?);
    let mut s = state(ctx, z)?;
    if !matches!(s.codec, Codec::None) {
        return Err(ctx.error(am::ALREADY_INITIALIZED.into()));
    }
    match Stream::inflate(window) {
        Ok(stream) => {
            s.start(Codec::Inflate(stream), window < 0);
            s.after_end = match after_end {
                0 => AfterEnd::Error,
                1 => AfterEnd::Reset,
                _ => AfterEnd::Cut,
            };
            Ok(am::OK.into())
        }
        Err(code) => answer(ctx, code),
    }
}

fn inflate_set_dictionary_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let z = zlib(a[0])?;
    let bytes = flatten(ctx, a[1])?;
    let code = state(ctx, z)?.inflate(ctx)?.set_dictionary(&bytes);
    answer(ctx, code)
}

fn inflate_get_dictionary_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = state(ctx, zlib(a[0])?)?;
    match s.inflate(ctx)?.dictionary() {
        Ok(bytes) => Ok(ctx.binary(&bytes)),
        Err(code) => answer(ctx, code),
    }
}

fn inflate_reset_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = state(ctx, zlib(a[0])?)?;
    let code = s.inflate(ctx)?.reset();
    (s.output_crc, s.ended) = (crc32fast::Hasher::new(), false);
    s.reset_input();
    answer(ctx, code)
}

fn inflate_end_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = state(ctx, zlib(a[0])?)?;
    s.inflate(ctx)?;
    let mut code = match std::mem::replace(&mut s.codec, Codec::None) {
        Codec::Inflate(stream) => stream.finish(),
        _ => zlib::OK,
    };
    if code == zlib::OK && (!s.ended || s.queued() > 0) {
        code = zlib::DATA_ERROR;
    }
    s.reset_input();
    answer(ctx, code)
}

fn inflate_4<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let z = zlib(a[0])?;
    let (input, output, flush) = sizes(a)?;
    let mut s = state(ctx, z)?;
    s.inflate(ctx)?;
    if s.ended && s.queued() > 0 {
        match s.after_end {
            AfterEnd::Error => return answer(ctx, zlib::DATA_ERROR),
            AfterEnd::Reset => {
                let code = s.inflate(ctx)?.reset();
                if code != zlib::OK {
                    return answer(ctx, code);
                }
                s.ended = false;
            }
            AfterEnd::Cut => s.reset_input(),
        }
    }
    s.run(ctx, input, output, flush)
}

fn crc32_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let s = state(ctx, zlib(a[0])?)?;
    let crc = match s.codec {
        Codec::Deflate(_) => s.input_crc.clone(),
        Codec::Inflate(_) => s.output_crc.clone(),
        _ => return Err(not_initialized(ctx)),
    };
    Ok(ctx.uint(crc.finalize().into()))
}

fn get_buf_size_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    Ok(Term::small(state(ctx, zlib(a[0])?)?.buffer_size))
}

fn set_buf_size_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    state(ctx, zlib(a[0])?)?.buffer_size = int(a[1])?;
    Ok(am::OK.into())
}

fn get_stash_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let s = state(ctx, zlib(a[0])?)?;
    Ok(match &s.stash {
        Some(t) => ctx.tuple(&[am::OK.into(), t.with(|t| ctx.copy(t))]),
        None => am::EMPTY_STASH.into(),
    })
}

fn clear_stash_1<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let stashed = state(ctx, zlib(a[0])?)?.stash.take();
    if stashed.is_some() { Ok(am::OK.into()) } else { Err(ctx.error(am::ERROR.into())) }
}

fn set_stash_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = state(ctx, zlib(a[0])?)?;
    if s.stash.is_some() {
        return Err(ctx.error(am::ERROR.into()));
    }
    s.stash = Some(detach(a[1]));
    Ok(am::OK.into())
}

/// Pieces of input that a call takes.
const PIECES: usize = 256;

/// Puts a list of binaries at the end of the input: `ok`, or `{continue, Rest}`.
fn enqueue_2<'s>(ctx: &Ctx<'s>, a: &[Term<'s>]) -> Answer<'s> {
    let mut s = state(ctx, zlib(a[0])?)?;
    if !matches!(s.codec, Codec::Deflate(_) | Codec::Inflate(_)) {
        return Err(not_initialized(ctx));
    }
    let mut list = a[1];
    let mut pieces = Vec::new();
    while pieces.len() < PIECES
        && let Some((head, tail)) = list.as_cons()
    {
        let piece = girder_vm::term::bits::copy_view(head.as_binary().ok_or(Raise::Badarg)?);
        ctx.charge(1 + piece.len() / (32 * BYTES_PER_REDUCTION));
        pieces.push(piece);
        list = tail;
    }
    if !list.is_list() {
        return Err(Raise::Badarg);
    }
    s.queue.extend(pieces.into_iter().filter(|p| !p.is_empty()));
    Ok(if list.is_nil() { am::OK.into() } else { ctx.tuple(&[am::CONTINUE.into(), list]) })
}
