//! The file that a recording is written to, and the layout of events.
//!
//! The file is [`MAGIC`] and then blocks: a [`Header`] and as many bytes as it says, all numbers little-endian. What
//! refers to an atom, a place or a process may come before the block that names it. Invariant: a block is written whole
//! or, where the VM died or the disk was full, is the last one and short: everything before it counts.

/// The first bytes of a file; the last one is the version.
pub const MAGIC: [u8; 8] = *b"GIRDREC\x03";

/// Kinds of blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Block {
    /// Facts about the VM: lines `key=value`. The number: ticks at the begin.
    Facts = 1,
    /// What time it is. The number: ticks; the bytes: nanoseconds of monotonic time since the VM's start, and of system
    /// time.
    Clock,
    /// Events of one ring: words of 8 bytes. The number: the ring's. An event has [`WORDS`] of them, or fewer
    /// (`short.rs`).
    Events,
    /// Names of atoms: for each its number of bytes, in 16 bits, and those. The number: the first atom's.
    Atoms,
    /// A label of a process, as text. The number: the pid.
    Label,
    /// The stack of a process. The number: the pid. The bytes: ticks, reductions that it stands for (nanoseconds, if `time`
    /// is recorded), then for each frame, newest first, four numbers of 32 bits: module, function, arity, line (0: unknown).
    Stack,
    /// Events lost by a ring so far, 8 bytes. The number: the ring's.
    Lost,
    /// A place in the VM's source where a lock is taken, as text. The number: how events call it.
    Place,
    /// The recording has ended in good order. The number: ticks.
    End,
}

impl Block {
    const ALL: [Block; 9] = [
        Block::Facts,
        Block::Clock,
        Block::Events,
        Block::Atoms,
        Block::Label,
        Block::Stack,
        Block::Lost,
        Block::Place,
        Block::End,
    ];
    /// The kind of this number.
    pub fn of(n: u32) -> Option<Block> {
        Block::ALL.into_iter().find(|b| *b as u32 == n)
    }
}

/// What is in front of a block's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Its kind; readers pass over those that they do not know.
    pub kind: u32,
    /// How many bytes follow.
    pub bytes: u32,
    /// What the kind says.
    pub number: u64,
}

impl Header {
    /// Bytes of a header.
    pub const BYTES: usize = 16;
    /// As it is in the file.
    pub fn encode(self) -> [u8; Self::BYTES] {
        let mut b = [0; Self::BYTES];
        b[..4].copy_from_slice(&self.kind.to_le_bytes());
        b[4..8].copy_from_slice(&self.bytes.to_le_bytes());
        b[8..].copy_from_slice(&self.number.to_le_bytes());
        b
    }
    /// Reads it; the bytes behind it. `None` if there are too few.
    pub fn decode(bytes: &[u8]) -> Option<(Header, &[u8])> {
        let (kind, rest) = bytes.split_first_chunk::<4>()?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (kind, bytes) = (u32::from_le_bytes(*kind), u32::from_le_bytes(*len));
        Some((Header { kind, bytes, number: u64::from_le_bytes(*number) }, rest))
    }
}

/// Words of an event that is not in a short form.
pub const WORDS: usize = 4;

/// Kinds of events, with what their words 1 to 3 say; `span` is a duration and what [`Span`] has beside it. Pids are as
/// terms. Those that have short forms (`short.rs`) say what is where in them.
///
/// A turn begins when the one before it on its ring ended, or at the last [`Kind::Begin`], [`Kind::Queue`],
/// [`Kind::Row`] since. An event whose time is that of its ring's last reading of the clock happened then or soon after; a
/// turn ends between that reading and the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A turn of a process has ended: pid, span with reductions and [`Reason`], the process that it woke at its begin (0:
    /// none). Short: the reductions and, in the lowest two bits, the reason; the pid; the woken one (in a single word, none:
    /// the pid once more).
    Turn = 1,
    /// A process was woken: pid, by whom (0: nobody in particular). Short: 0; by whom; the pid; or only the pid.
    Woken,
    /// The ring's thread has the seat of this scheduler from here on, 0 for none: number, kind of dirty scheduler.
    Row,
    /// A process was made: pid, parent, function.
    Spawned,
    /// What a process that was there before the recording was made with, or what `proc_lib` says of it: pid, parent (0:
    /// unknown), function.
    Known,
    /// A process or port has this name: pid, number of the atom plus one (0: no more).
    Named,
    /// A collection has ended: pid, span (small number: 1 for a full sweep), words in use before and after.
    Collected,
    /// A scheduler took work of another: whose, entries in its queues afterwards.
    Stolen,
    /// Length of the scheduler's queues: entries. A turn may begin here.
    Queue,
    /// The scheduler has slept: 0, span.
    Slept,
    /// A message was sent: to, from, words. Short: words; from; to.
    Sent,
    /// A process took messages into its queue: pid, how many, how many wait now. Short: how many wait, and, in the lowest
    /// seven bits, how many were taken; the pid.
    Fetched,
    /// A port's turn has ended: port, span with reductions.
    Port,
    /// Long work as a dirty scheduler has ended: pid, span (small number: kind).
    Dirty,
    /// Timers fired: how many, span.
    Timers,
    /// Descriptors were ready: how many.
    Poll,
    /// Code was loaded: number of the module's atom, span.
    Loaded,
    /// A thread waited for a lock: number of the place, span.
    Lock,
    /// Only a reading of the clock: the last turn has ended then, and what comes next begins then.
    Begin,
    /// Only a reading of the clock, somewhere in a turn.
    Read,
}

impl Kind {
    const ALL: [Kind; 20] = [
        Kind::Turn,
        Kind::Woken,
        Kind::Row,
        Kind::Spawned,
        Kind::Known,
        Kind::Named,
        Kind::Collected,
        Kind::Stolen,
        Kind::Queue,
        Kind::Slept,
        Kind::Sent,
        Kind::Fetched,
        Kind::Port,
        Kind::Dirty,
        Kind::Timers,
        Kind::Poll,
        Kind::Loaded,
        Kind::Lock,
        Kind::Begin,
        Kind::Read,
    ];
    /// The kind of this number.
    pub fn of(n: u8) -> Option<Kind> {
        Kind::ALL.get(usize::from(n).wrapping_sub(1)).copied()
    }
    /// The first word of an event.
    #[inline(always)]
    pub fn at(self, ticks: u64) -> u64 {
        ticks << 8 | self as u64
    }
    /// Kind and ticks of an event's first word, if it is not older than `begin`. Of the ticks the word has the lower bits.
    pub fn split(word: u64, begin: u64) -> Option<(Kind, u64)> {
        let since = (word >> 8).wrapping_sub(begin) & (u64::MAX >> 8);
        let old = since > u64::MAX >> 9;
        if old { None } else { Some((Kind::of(word as u8)?, begin + since)) }
    }
}

/// Why a turn ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Reason {
    /// It is still runnable: reductions used up, or given up.
    Yield,
    /// It waits.
    Wait,
    /// It is gone.
    Exit,
    /// It goes on with long work, as a dirty scheduler.
    Dirty,
}

impl Reason {
    /// The reason of this number.
    pub fn of(n: u8) -> Option<Reason> {
        [Reason::Yield, Reason::Wait, Reason::Exit, Reason::Dirty].get(usize::from(n)).copied()
    }
}

/// A duration that ends with the event, and two small numbers, in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// Ticks.
    pub ticks: u64,
    /// Reductions, or another number.
    pub number: u64,
    /// What the kind of event says.
    pub small: u8,
}

impl Span {
    const TICK_BITS: u32 = 40;
    const NUMBER_BITS: u32 = 20;
    /// As one word; what is too large is the largest there is.
    #[inline(always)]
    pub fn word(self) -> u64 {
        let ticks = self.ticks.min((1 << Self::TICK_BITS) - 1);
        let number = self.number.min((1 << Self::NUMBER_BITS) - 1);
        ticks | number << Self::TICK_BITS | u64::from(self.small) << (Self::TICK_BITS + Self::NUMBER_BITS)
    }
    /// What a word means.
    pub fn of(word: u64) -> Span {
        Span {
            ticks: word & ((1 << Self::TICK_BITS) - 1),
            number: word >> Self::TICK_BITS & ((1 << Self::NUMBER_BITS) - 1),
            small: (word >> (Self::TICK_BITS + Self::NUMBER_BITS)) as u8,
        }
    }
}

/// A function, in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Function {
    /// Number of the module's atom.
    pub module: u32,
    /// Number of the function's atom.
    pub function: u32,
    /// Number of arguments.
    pub arity: u8,
}

impl Function {
    const ATOM_BITS: u32 = 28;
    const ATOM_MASK: u64 = (1 << Self::ATOM_BITS) - 1;
    /// As one word.
    pub fn word(self) -> u64 {
        // There are far fewer atoms.
        let atom = |n: u32| u64::from(n) & Self::ATOM_MASK;
        atom(self.module) << (8 + Self::ATOM_BITS) | atom(self.function) << 8 | u64::from(self.arity)
    }
    /// What a word means.
    pub fn of(word: u64) -> Function {
        let atom = |shift: u32| (word >> shift & Self::ATOM_MASK) as u32;
        Function { module: atom(8 + Self::ATOM_BITS), function: atom(8), arity: word as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_go_together() {
        assert!(Block::ALL.into_iter().all(|b| Block::of(b as u32) == Some(b)));
        assert!(Kind::ALL.into_iter().all(|k| Kind::of(k as u8) == Some(k)));
        assert_eq!((Kind::of(0), Kind::of(99), Block::of(0)), (None, None, None));
        let begin = (3 << 56) - 2;
        assert_eq!(Kind::split(Kind::Stolen.at(begin + 77), begin), Some((Kind::Stolen, begin + 77)));
        assert_eq!(Kind::split(Kind::Stolen.at(begin - 1), begin), None);
    }

    #[test]
    fn words_keep_what_was_put_in() {
        let s = Span { ticks: 12_345_678_901, number: 4001, small: 3 };
        assert_eq!(Span::of(s.word()), s);
        let huge = Span::of(Span { ticks: u64::MAX, number: u64::MAX, small: 1 }.word());
        assert_eq!((huge.ticks, huge.number, huge.small), ((1 << 40) - 1, (1 << 20) - 1, 1));
        let f = Function { module: 1 << 27, function: 3, arity: 255 };
        assert_eq!(Function::of(f.word()), f);
        let h = Header { kind: 3, bytes: 64, number: u64::MAX - 1 };
        assert_eq!(Header::decode(&h.encode()), Some((h, &[][..])));
        assert_eq!(Header::decode(&h.encode()[1..]), None);
    }
}
