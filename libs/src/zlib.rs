//! Streams of zlib's `deflate` and `inflate`.
//!
//! Invariants: a [`Stream`] is in the mode it was made for until it is dropped; its state, which zlib links back to,
//! never moves. zlib's results are its own numbers.

use std::mem::MaybeUninit;

use libz_sys as sys;

/// zlib's `Z_OK`.
pub const OK: i32 = sys::Z_OK;
/// zlib's `Z_STREAM_END`.
pub const STREAM_END: i32 = sys::Z_STREAM_END;
/// zlib's `Z_NEED_DICT`.
pub const NEED_DICT: i32 = sys::Z_NEED_DICT;
/// zlib's `Z_STREAM_ERROR`.
pub const STREAM_ERROR: i32 = sys::Z_STREAM_ERROR;
/// zlib's `Z_DATA_ERROR`.
pub const DATA_ERROR: i32 = sys::Z_DATA_ERROR;
/// zlib's `Z_MEM_ERROR`.
pub const MEM_ERROR: i32 = sys::Z_MEM_ERROR;
/// zlib's `Z_BUF_ERROR`.
pub const BUF_ERROR: i32 = sys::Z_BUF_ERROR;
/// zlib's `Z_VERSION_ERROR`.
pub const VERSION_ERROR: i32 = sys::Z_VERSION_ERROR;
/// zlib's `Z_NO_FLUSH`.
pub const NO_FLUSH: i32 = sys::Z_NO_FLUSH;

/// Most bytes of a dictionary.
const DICTIONARY: usize = 32 * 1024;

unsafe extern "C" {
    // zlib has it; its bindings do not.
    fn inflateGetDictionary(z: *mut sys::z_stream, dictionary: *mut u8, length: *mut u32) -> i32;
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    Deflate,
    Inflate,
}

/// See the module's head.
pub struct Stream {
    z: Box<sys::z_stream>,
    mode: Mode,
}

// SAFETY: the state belongs to the stream alone; zlib has no thread-local or global state.
unsafe impl Send for Stream {}

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// zlib's number.
    pub code: i32,
    /// Bytes of the input taken.
    pub consumed: usize,
    /// Bytes of the output made.
    pub produced: usize,
}

fn start(mode: Mode, init: impl FnOnce(*mut sys::z_stream) -> i32) -> Result<Stream, i32> {
    let mut z: Box<MaybeUninit<sys::z_stream>> = Box::new(MaybeUninit::zeroed());
    // The allocators, which are no pointers that may be null in Rust, are set before the value counts as made.
    // SAFETY: the fields are within the allocation; writing through raw pointers needs no initialised value.
    unsafe {
        let p = z.as_mut_ptr();
        (&raw mut (*p).zalloc).write(allocate);
        (&raw mut (*p).zfree).write(release);
    }
    // SAFETY: all other fields are numbers and pointers, for which zero is a value.
    let mut z = unsafe { z.assume_init() };
    match init(&raw mut *z) {
        sys::Z_OK => Ok(Stream { z, mode }),
        code => Err(code),
    }
}

extern "C" fn allocate(_: sys::voidpf, items: sys::uInt, size: sys::uInt) -> sys::voidpf {
    // SAFETY: calloc has no preconditions.
    unsafe { libc::calloc(items as usize, size as usize) }
}

extern "C" fn release(_: sys::voidpf, p: sys::voidpf) {
    // SAFETY: zlib gives back what `allocate` gave it.
    unsafe { libc::free(p) }
}

/// A length as zlib counts; what is longer comes in parts.
fn short(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Stream {
    /// A stream that compresses; the error is zlib's number.
    pub fn deflate(level: i32, method: i32, window: i32, memory: i32, strategy: i32) -> Result<Stream, i32> {
        let size = size_of::<sys::z_stream>() as i32;
        // SAFETY: `start` gives a state that is complete; zlib checks the numbers.
        start(Mode::Deflate, |z| unsafe {
            sys::deflateInit2_(z, level, method, window, memory, strategy, sys::zlibVersion(), size)
        })
    }
    /// A stream that decompresses; the error is zlib's number.
    pub fn inflate(window: i32) -> Result<Stream, i32> {
        let size = size_of::<sys::z_stream>() as i32;
        // SAFETY: as in `deflate`.
        start(Mode::Inflate, |z| unsafe { sys::inflateInit2_(z, window, sys::zlibVersion(), size) })
    }
    /// Goes on with these bytes.
    pub fn step(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> Step {
        let (given, room) = (short(input.len()), short(output.len()));
        self.z.next_in = input.as_ptr().cast_mut();
        self.z.avail_in = given;
        self.z.next_out = output.as_mut_ptr();
        self.z.avail_out = room;
        // SAFETY: both buffers are valid for the lengths given and outlive the call; zlib does not write to the input.
        let code = unsafe {
            match self.mode {
                Mode::Deflate => sys::deflate(&raw mut *self.z, flush),
                Mode::Inflate => sys::inflate(&raw mut *self.z, flush),
            }
        };
        let step =
            Step { code, consumed: (given - self.z.avail_in) as usize, produced: (room - self.z.avail_out) as usize };
        self.forget_buffers();
        step
    }
    fn forget_buffers(&mut self) {
        self.z.next_in = std::ptr::null_mut();
        self.z.avail_in = 0;
        self.z.next_out = std::ptr::null_mut();
        self.z.avail_out = 0;
    }
    /// Sets the dictionary.
    pub fn set_dictionary(&mut self, bytes: &[u8]) -> i32 {
        // SAFETY: the bytes are readable for the length given.
        unsafe {
            match self.mode {
                Mode::Deflate => sys::deflateSetDictionary(&raw mut *self.z, bytes.as_ptr(), short(bytes.len())),
                Mode::Inflate => sys::inflateSetDictionary(&raw mut *self.z, bytes.as_ptr(), short(bytes.len())),
            }
        }
    }
    /// The dictionary of a stream that decompresses; the error is zlib's number.
    pub fn dictionary(&mut self) -> Result<Vec<u8>, i32> {
        if self.mode != Mode::Inflate {
            return Err(STREAM_ERROR);
        }
        let mut bytes = vec![0; DICTIONARY];
        let mut n = 0;
        // SAFETY: a dictionary has at most 32 KiB, for which there is room.
        let code = unsafe { inflateGetDictionary(&raw mut *self.z, bytes.as_mut_ptr(), &mut n) };
        bytes.truncate(n as usize);
        if code < 0 { Err(code) } else { Ok(bytes) }
    }
    /// Starts anew with the same parameters.
    pub fn reset(&mut self) -> i32 {
        // SAFETY: the state is valid.
        unsafe {
            match self.mode {
                Mode::Deflate => sys::deflateReset(&raw mut *self.z),
                Mode::Inflate => sys::inflateReset(&raw mut *self.z),
            }
        }
    }
    /// Changes level and strategy of a stream that compresses and has nothing pending.
    pub fn set_parameters(&mut self, level: i32, strategy: i32) -> i32 {
        if self.mode != Mode::Deflate {
            return STREAM_ERROR;
        }
        let mut byte = [0];
        self.z.next_out = byte.as_mut_ptr();
        self.z.avail_out = 1;
        // SAFETY: there is room for one byte, and no input.
        let code = unsafe { sys::deflateParams(&raw mut *self.z, level, strategy) };
        let pending = self.z.avail_out == 0;
        self.forget_buffers();
        if pending { STREAM_ERROR } else { code }
    }
    /// The running checksum, as zlib has it.
    pub fn checksum(&self) -> u32 {
        self.z.adler as u32
    }
    fn end(&mut self) -> i32 {
        // SAFETY: the state is valid, or has been ended before, which zlib notices.
        unsafe {
            match self.mode {
                Mode::Deflate => sys::deflateEnd(&raw mut *self.z),
                Mode::Inflate => sys::inflateEnd(&raw mut *self.z),
            }
        }
    }
    /// Ends the stream; zlib's number tells whether it was complete.
    pub fn finish(mut self) -> i32 {
        self.end()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINISH: i32 = sys::Z_FINISH;

    #[test]
    fn there_and_back() {
        let text = b"hello hello hello hello".repeat(50);
        let mut packed = vec![0; 4096];
        let mut d = Stream::deflate(6, 8, 15, 8, 0).expect("starts");
        let s = d.step(&text, &mut packed, FINISH);
        assert_eq!((s.code, s.consumed, d.finish()), (STREAM_END, text.len(), OK));
        let mut out = vec![0; 4096];
        let mut i = Stream::inflate(15).expect("starts");
        let t = i.step(&packed[..s.produced], &mut out, NO_FLUSH);
        assert_eq!((t.code, &out[..t.produced]), (STREAM_END, &text[..]));
    }

    #[test]
    fn bad_input() {
        assert_eq!(Stream::deflate(99, 8, 15, 8, 0).err(), Some(STREAM_ERROR));
        let mut i = Stream::inflate(15).expect("starts");
        assert_eq!(i.step(b"garbage", &mut [0; 10], NO_FLUSH).code, DATA_ERROR);
        assert_eq!(i.set_parameters(1, 0), STREAM_ERROR);
        assert_eq!(i.dictionary(), Ok(Vec::new()));
    }
}
