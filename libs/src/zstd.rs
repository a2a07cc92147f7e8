//! Zstandard: streams that compress and decompress, dictionaries, headers of frames.
//!
//! Invariants: a stream that refers to a dictionary keeps it alive, and a dictionary the bytes that it refers to. After an
//! error in a step the stream is reset, since zstd leaves it in no defined state.

use std::ffi::{CStr, c_int, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

use zstd_sys as sys;

use sys::{ZSTD_ResetDirective::ZSTD_reset_session_only, ZSTD_cParameter, ZSTD_dParameter};

/// What zstd has to say against it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error(usize);

impl Error {
    /// zstd's words.
    pub fn text(self) -> &'static str {
        // SAFETY: zstd gives a constant string for any number.
        let words = unsafe { CStr::from_ptr(sys::ZSTD_getErrorName(self.0)) };
        words.to_str().unwrap_or("Unspecified error code")
    }
}

/// A result of zstd that is a number or an error.
fn checked(n: usize) -> Result<usize, Error> {
    // SAFETY: any number may be asked about.
    if unsafe { sys::ZSTD_isError(n) } == 0 { Ok(n) } else { Err(Error(n)) }
}

/// What a stream is to do with what it holds back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Directive {
    /// Nothing: more is to come.
    Continue,
    /// Give out everything.
    Flush,
    /// Give out everything and end the frame.
    End,
}

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Bytes of the input taken.
    pub consumed: usize,
    /// Bytes of the output made.
    pub produced: usize,
    /// Whether zstd holds back bytes that it was told to give out.
    pub pending: bool,
}

/// Steps until the input is taken or the output full, at least once.
fn steps(
    input: &[u8],
    output: &mut [u8],
    mut step: impl FnMut(*mut sys::ZSTD_outBuffer, *mut sys::ZSTD_inBuffer) -> usize,
) -> Result<Step, Error> {
    let mut from = sys::ZSTD_inBuffer { src: input.as_ptr().cast(), size: input.len(), pos: 0 };
    let mut to = sys::ZSTD_outBuffer { dst: output.as_mut_ptr().cast(), size: output.len(), pos: 0 };
    loop {
        let rest = checked(step(&raw mut to, &raw mut from))?;
        if from.pos == from.size || to.pos == to.size {
            return Ok(Step { consumed: from.pos, produced: to.pos, pending: rest > 0 });
        }
    }
}

/// A parameter of a stream that compresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompressParameter(ZSTD_cParameter);

impl CompressParameter {
    /// The parameter of this name, as zstd spells it.
    pub fn named(name: &str) -> Option<CompressParameter> {
        use ZSTD_cParameter as P;
        Some(CompressParameter(match name {
            "compressionLevel" => P::ZSTD_c_compressionLevel,
            "windowLog" => P::ZSTD_c_windowLog,
            "hashLog" => P::ZSTD_c_hashLog,
            "chainLog" => P::ZSTD_c_chainLog,
            "searchLog" => P::ZSTD_c_searchLog,
            "minMatch" => P::ZSTD_c_minMatch,
            "targetLength" => P::ZSTD_c_targetLength,
            "strategy" => P::ZSTD_c_strategy,
            "targetCBlockSize" => P::ZSTD_c_targetCBlockSize,
            "enableLongDistanceMatching" => P::ZSTD_c_enableLongDistanceMatching,
            "ldmHashLog" => P::ZSTD_c_ldmHashLog,
            "ldmMinMatch" => P::ZSTD_c_ldmMinMatch,
            "ldmBucketSizeLog" => P::ZSTD_c_ldmBucketSizeLog,
            "ldmHashRateLog" => P::ZSTD_c_ldmHashRateLog,
            "contentSizeFlag" => P::ZSTD_c_contentSizeFlag,
            "checksumFlag" => P::ZSTD_c_checksumFlag,
            "dictIDFlag" => P::ZSTD_c_dictIDFlag,
            _ => return None,
        }))
    }
    /// Whether its values are yes and no.
    pub fn is_flag(self) -> bool {
        use ZSTD_cParameter as P;
        matches!(
            self.0,
            P::ZSTD_c_enableLongDistanceMatching
                | P::ZSTD_c_contentSizeFlag
                | P::ZSTD_c_checksumFlag
                | P::ZSTD_c_dictIDFlag
        )
    }
    /// Whether its values are [`STRATEGIES`].
    pub fn is_strategy(self) -> bool {
        self.0 == ZSTD_cParameter::ZSTD_c_strategy
    }
}

/// Names of strategies; the place of one is zstd's number.
pub const STRATEGIES: [&str; 10] =
    ["default", "fast", "dfast", "greedy", "lazy", "lazy2", "btlazy2", "btopt", "btultra", "btultra2"];

/// Has zstd take memory from the C library.
const C_ALLOCATOR: sys::ZSTD_customMem =
    sys::ZSTD_customMem { customAlloc: None, customFree: None, opaque: std::ptr::null_mut() };

/// A dictionary made ready to compress with.
pub struct CompressDictionary {
    d: NonNull<sys::ZSTD_CDict>,
    _bytes: Box<[u8]>,
}

// SAFETY: zstd does not change a dictionary once it is made.
unsafe impl Send for CompressDictionary {}
// SAFETY: as above.
unsafe impl Sync for CompressDictionary {}

impl CompressDictionary {
    /// `None` if zstd does not take the bytes for one.
    pub fn new(bytes: Box<[u8]>, level: i32) -> Option<CompressDictionary> {
        // SAFETY: the bytes live, unmoved, as long as the dictionary.
        let d = unsafe {
            sys::ZSTD_createCDict_advanced(
                bytes.as_ptr().cast(),
                bytes.len(),
                sys::ZSTD_dictLoadMethod_e::ZSTD_dlm_byRef,
                sys::ZSTD_dictContentType_e::ZSTD_dct_auto,
                sys::ZSTD_getCParams(level, 0, bytes.len()),
                C_ALLOCATOR,
            )
        };
        Some(CompressDictionary { d: NonNull::new(d)?, _bytes: bytes })
    }
    /// Its number; 0 if it has none.
    pub fn id(&self) -> u32 {
        // SAFETY: the dictionary is valid.
        unsafe { sys::ZSTD_getDictID_fromCDict(self.d.as_ptr()) }
    }
}

impl Drop for CompressDictionary {
    fn drop(&mut self) {
        // SAFETY: the dictionary is valid and nobody refers to it.
        unsafe { sys::ZSTD_freeCDict(self.d.as_ptr()) };
    }
}

/// A dictionary made ready to decompress with.
pub struct DecompressDictionary {
    d: NonNull<sys::ZSTD_DDict>,
    _bytes: Box<[u8]>,
}

// SAFETY: zstd does not change a dictionary once it is made.
unsafe impl Send for DecompressDictionary {}
// SAFETY: as above.
unsafe impl Sync for DecompressDictionary {}

impl DecompressDictionary {
    /// `None` if zstd does not take the bytes for one.
    pub fn new(bytes: Box<[u8]>) -> Option<DecompressDictionary> {
        // SAFETY: the bytes live, unmoved, as long as the dictionary.
        let d = unsafe {
            sys::ZSTD_createDDict_advanced(
                bytes.as_ptr().cast(),
                bytes.len(),
                sys::ZSTD_dictLoadMethod_e::ZSTD_dlm_byRef,
                sys::ZSTD_dictContentType_e::ZSTD_dct_auto,
                C_ALLOCATOR,
            )
        };
        Some(DecompressDictionary { d: NonNull::new(d)?, _bytes: bytes })
    }
    /// Its number; 0 if it has none.
    pub fn id(&self) -> u32 {
        // SAFETY: the dictionary is valid.
        unsafe { sys::ZSTD_getDictID_fromDDict(self.d.as_ptr()) }
    }
}

impl Drop for DecompressDictionary {
    fn drop(&mut self) {
        // SAFETY: the dictionary is valid and nobody refers to it.
        unsafe { sys::ZSTD_freeDDict(self.d.as_ptr()) };
    }
}

/// A stream that compresses.
pub struct Compressor {
    c: NonNull<sys::ZSTD_CCtx>,
    dictionary: Option<Arc<CompressDictionary>>,
}

// SAFETY: the state belongs to the stream alone; its dictionary may be shared.
unsafe impl Send for Compressor {}

impl Compressor {
    /// `None` without memory.
    pub fn new() -> Option<Compressor> {
        // SAFETY: no preconditions.
        let c = NonNull::new(unsafe { sys::ZSTD_createCCtx() })?;
        Some(Compressor { c, dictionary: None })
    }
    /// How large a piece of output is at best.
    pub fn output_size() -> usize {
        // SAFETY: a constant.
        unsafe { sys::ZSTD_CStreamOutSize() }
    }
    /// Takes these bytes for its dictionary; none ends the use of one.
    pub fn load_dictionary(&mut self, bytes: &[u8]) -> Result<(), Error> {
        // SAFETY: zstd copies the bytes.
        checked(unsafe { sys::ZSTD_CCtx_loadDictionary(self.c.as_ptr(), bytes.as_ptr().cast(), bytes.len()) })?;
        self.dictionary = None;
        Ok(())
    }
    /// Uses this dictionary.
    pub fn set_dictionary(&mut self, d: &Arc<CompressDictionary>) -> Result<(), Error> {
        // SAFETY: the stream keeps the dictionary alive until it refers to another one, or ends.
        checked(unsafe { sys::ZSTD_CCtx_refCDict(self.c.as_ptr(), d.d.as_ptr()) })?;
        self.dictionary = Some(Arc::clone(d));
        Ok(())
    }
    /// Sets a parameter.
    pub fn set(&mut self, p: CompressParameter, value: i32) -> Result<(), Error> {
        // SAFETY: the stream is valid; zstd checks the value.
        checked(unsafe { sys::ZSTD_CCtx_setParameter(self.c.as_ptr(), p.0, value) }).map(drop)
    }
    /// Value of a parameter.
    pub fn get(&self, p: CompressParameter) -> Result<i32, Error> {
        let mut value: c_int = 0;
        // SAFETY: the stream is valid.
        checked(unsafe { sys::ZSTD_CCtx_getParameter(self.c.as_ptr(), p.0, &raw mut value) })?;
        Ok(value)
    }
    /// Says how many bytes the next frame is going to have.
    pub fn pledge(&mut self, size: u64) -> Result<(), Error> {
        // SAFETY: the stream is valid.
        checked(unsafe { sys::ZSTD_CCtx_setPledgedSrcSize(self.c.as_ptr(), size) }).map(drop)
    }
    /// Goes on with these bytes.
    pub fn step(&mut self, input: &[u8], output: &mut [u8], directive: Directive) -> Result<Step, Error> {
        let directive = match directive {
            Directive::Continue => sys::ZSTD_EndDirective::ZSTD_e_continue,
            Directive::Flush => sys::ZSTD_EndDirective::ZSTD_e_flush,
            Directive::End => sys::ZSTD_EndDirective::ZSTD_e_end,
        };
        // SAFETY: the stream is valid, and so are the buffers, for the lengths given.
        let r =
            steps(input, output, |to, from| unsafe { sys::ZSTD_compressStream2(self.c.as_ptr(), to, from, directive) });
        r.inspect_err(|_| self.reset())
    }
    /// Ends what is under way; parameters stay.
    pub fn reset(&mut self) {
        // SAFETY: the stream is valid. This never fails.
        unsafe { sys::ZSTD_CCtx_reset(self.c.as_ptr(), ZSTD_reset_session_only) };
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        // SAFETY: the stream is valid.
        unsafe { sys::ZSTD_freeCCtx(self.c.as_ptr()) };
    }
}

/// A parameter of a stream that decompresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DecompressParameter(ZSTD_dParameter);

impl DecompressParameter {
    /// The parameter of this name, as zstd spells it.
    pub fn named(name: &str) -> Option<DecompressParameter> {
        (name == "windowLogMax").then_some(DecompressParameter(ZSTD_dParameter::ZSTD_d_windowLogMax))
    }
}

/// A stream that decompresses.
pub struct Decompressor {
    d: NonNull<sys::ZSTD_DCtx>,
    dictionary: Option<Arc<DecompressDictionary>>,
}

// SAFETY: the state belongs to the stream alone; its dictionary may be shared.
unsafe impl Send for Decompressor {}

impl Decompressor {
    /// `None` without memory.
    pub fn new() -> Option<Decompressor> {
        // SAFETY: no preconditions.
        let d = NonNull::new(unsafe { sys::ZSTD_createDCtx() })?;
        Some(Decompressor { d, dictionary: None })
    }
    /// How large a piece of output is at best.
    pub fn output_size() -> usize {
        // SAFETY: a constant.
        unsafe { sys::ZSTD_DStreamOutSize() }
    }
    /// Takes these bytes for its dictionary; none ends the use of one.
    pub fn load_dictionary(&mut self, bytes: &[u8]) -> Result<(), Error> {
        // SAFETY: zstd copies the bytes.
        checked(unsafe { sys::ZSTD_DCtx_loadDictionary(self.d.as_ptr(), bytes.as_ptr().cast(), bytes.len()) })?;
        self.dictionary = None;
        Ok(())
    }
    /// Uses this dictionary.
    pub fn set_dictionary(&mut self, d: &Arc<DecompressDictionary>) -> Result<(), Error> {
        // SAFETY: the stream keeps the dictionary alive until it refers to another one, or ends.
        checked(unsafe { sys::ZSTD_DCtx_refDDict(self.d.as_ptr(), d.d.as_ptr()) })?;
        self.dictionary = Some(Arc::clone(d));
        Ok(())
    }
    /// Sets a parameter.
    pub fn set(&mut self, p: DecompressParameter, value: i32) -> Result<(), Error> {
        // SAFETY: the stream is valid; zstd checks the value.
        checked(unsafe { sys::ZSTD_DCtx_setParameter(self.d.as_ptr(), p.0, value) }).map(drop)
    }
    /// Value of a parameter.
    pub fn get(&mut self, p: DecompressParameter) -> Result<i32, Error> {
        let mut value: c_int = 0;
        // SAFETY: the stream is valid.
        checked(unsafe { sys::ZSTD_DCtx_getParameter(self.d.as_ptr(), p.0, &raw mut value) })?;
        Ok(value)
    }
    /// Goes on with these bytes.
    pub fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Error> {
        // SAFETY: the stream is valid, and so are the buffers, for the lengths given.
        let r = steps(input, output, |to, from| unsafe { sys::ZSTD_decompressStream(self.d.as_ptr(), to, from) });
        r.inspect_err(|_| self.reset())
    }
    /// Ends what is under way; parameters stay.
    pub fn reset(&mut self) {
        // SAFETY: the stream is valid. This never fails.
        unsafe { sys::ZSTD_DCtx_reset(self.d.as_ptr(), ZSTD_reset_session_only) };
    }
}

impl Drop for Decompressor {
    fn drop(&mut self) {
        // SAFETY: the stream is valid.
        unsafe { sys::ZSTD_freeDCtx(self.d.as_ptr()) };
    }
}

/// Header of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameHeader {
    /// Bytes that the frame decompresses to, if it says so.
    pub content_size: Option<u64>,
    /// Bytes that decompressing looks back to.
    pub window_size: u64,
    /// Most bytes that a block decompresses to.
    pub block_size_max: u32,
    /// Whether the frame is to be skipped.
    pub skippable: bool,
    /// Bytes of the header itself.
    pub header_size: u32,
    /// Number of the dictionary; 0 for none.
    pub dictionary: u32,
    /// Whether a checksum follows.
    pub has_checksum: bool,
}

/// Sizes that are none: unknown, error.
const UNKNOWN_SIZE: u64 = sys::ZSTD_CONTENTSIZE_UNKNOWN as i64 as u64;
const NO_SIZE: u64 = sys::ZSTD_CONTENTSIZE_ERROR as i64 as u64;

fn pointer(bytes: &[u8]) -> *const c_void {
    bytes.as_ptr().cast()
}

/// The header of the frame that begins here; all zero if there is too little of it to tell.
pub fn frame_header(bytes: &[u8]) -> Result<FrameHeader, Error> {
    let mut h = sys::ZSTD_FrameHeader {
        frameContentSize: 0,
        windowSize: 0,
        blockSizeMax: 0,
        frameType: sys::ZSTD_FrameType_e::ZSTD_frame,
        headerSize: 0,
        dictID: 0,
        checksumFlag: 0,
        _reserved1: 0,
        _reserved2: 0,
    };
    // SAFETY: the bytes are readable for their length.
    checked(unsafe { sys::ZSTD_getFrameHeader(&raw mut h, pointer(bytes), bytes.len()) })?;
    Ok(FrameHeader {
        content_size: (h.frameContentSize != UNKNOWN_SIZE).then_some(h.frameContentSize),
        window_size: h.windowSize,
        block_size_max: h.blockSizeMax,
        skippable: h.frameType == sys::ZSTD_FrameType_e::ZSTD_skippableFrame,
        header_size: h.headerSize,
        dictionary: h.dictID,
        has_checksum: h.checksumFlag != 0,
    })
}

/// What all these frames decompress to, if they are whole and say so.
pub fn decompressed_size(frames: &[u8]) -> Option<u64> {
    // SAFETY: the bytes are readable for their length.
    let n = unsafe { sys::ZSTD_findDecompressedSize(pointer(frames), frames.len()) };
    (n != UNKNOWN_SIZE && n != NO_SIZE).then_some(n)
}

/// Number of the dictionary that these bytes are; 0 if they are none with a number.
pub fn dictionary_id(bytes: &[u8]) -> u32 {
    // SAFETY: the bytes are readable for their length.
    unsafe { sys::ZSTD_getDictID_fromDict(pointer(bytes), bytes.len()) }
}

/// Number of the dictionary that the frame needs; 0 if it does not say.
pub fn frame_dictionary_id(bytes: &[u8]) -> u32 {
    // SAFETY: the bytes are readable for their length.
    unsafe { sys::ZSTD_getDictID_fromFrame(pointer(bytes), bytes.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(c: &mut Compressor, text: &[u8]) -> Vec<u8> {
        let mut out = vec![0; Compressor::output_size()];
        let s = c.step(text, &mut out, Directive::End).expect("compresses");
        assert_eq!((s.consumed, s.pending), (text.len(), false));
        out.truncate(s.produced);
        out
    }

    #[test]
    fn there_and_back() {
        let text = b"hello hello hello hello".repeat(50);
        let packed = pack(&mut Compressor::new().expect("memory"), &text);
        let mut d = Decompressor::new().expect("memory");
        let mut out = vec![0; 4096];
        let s = d.step(&packed, &mut out).expect("decompresses");
        assert_eq!(&out[..s.produced], &text[..]);
        assert_eq!(decompressed_size(&packed), Some(text.len() as u64));
        assert_eq!(frame_header(&packed).map(|h| h.content_size), Ok(Some(text.len() as u64)));
    }

    #[test]
    fn a_stream_keeps_its_dictionary() {
        let words: Box<[u8]> = b"the quick brown fox jumps over the lazy dog".repeat(4).into();
        let mut c = Compressor::new().expect("memory");
        let d = Arc::new(CompressDictionary::new(words.clone(), 3).expect("a dictionary"));
        c.set_dictionary(&d).expect("set");
        drop(d);
        let packed = pack(&mut c, b"the lazy brown dog jumps over the quick fox");
        let mut s = Decompressor::new().expect("memory");
        let d = Arc::new(DecompressDictionary::new(words).expect("a dictionary"));
        s.set_dictionary(&d).expect("set");
        drop(d);
        let mut out = [0; 100];
        let n = s.step(&packed, &mut out).expect("decompresses").produced;
        assert_eq!(&out[..n], b"the lazy brown dog jumps over the quick fox");
    }

    #[test]
    fn bad_input() {
        let mut d = Decompressor::new().expect("memory");
        let e = d.step(b"not a frame", &mut [0; 10]).expect_err("no frame");
        assert_eq!(e.text(), "Unknown frame descriptor");
        let mut c = Compressor::new().expect("memory");
        let window = CompressParameter::named("windowLog").expect("exists");
        assert_eq!(c.set(window, 1000).map_err(Error::text), Err("Parameter is out of bound"));
        c.pledge(10).expect("pledged");
        c.step(b"abc", &mut [0; 100], Directive::Continue).expect("taken");
        assert_eq!(c.step(b"d", &mut [0; 100], Directive::End).map_err(Error::text), Err("Src size is incorrect"));
        assert_eq!(frame_header(b"abc").map_err(Error::text), Err("Unknown frame descriptor"));
    }
}
